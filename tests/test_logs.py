"""Nothing that looks like a credential reaches the log, whoever logged it."""

import json
import logging
from collections.abc import Iterator

import pytest

from bridge import logs
from bridge.settings import LogFormat, LogLevel

SECRETS = [
    "xoxb-123456-abcdef",
    "xapp-1-A0-1-abcdef",
    "app-AbCdEf123456",
    "wss://wss-primary.example/link/?ticket=12345678-abcd&app_id=1",
]


@pytest.fixture(autouse=True)
def quiet_afterwards() -> Iterator[None]:
    before = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:], level = before
    logging.root.setLevel(level)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("style", LogFormat)
def test_credentials_become_stars(secret: str, style: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(LogLevel.INFO, style)
    try:
        float(secret)
    except ValueError:
        logging.getLogger("slack_bolt").exception("It failed with %s", secret)
    written = capsys.readouterr().err
    assert "It failed with" in written
    assert secret not in written
    assert "***" in written


def test_the_password_of_a_database_becomes_stars() -> None:
    assert (
        logs.redact("at postgresql://bridge:pass:w@rd@host/name now")
        == "at postgresql://bridge:***@host/name now"
    )


def test_machines_get_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(LogLevel.INFO, LogFormat.JSON)
    logging.getLogger("bridge").info("two\nlines")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "two\nlines"


def test_the_libraries_stay_quiet_even_at_debug() -> None:
    logs.set_up(LogLevel.DEBUG, LogFormat.TEXT)
    for name in logs.TALKATIVE:
        assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)
