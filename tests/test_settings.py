"""Settings are read once, and every mistake is told at once."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.errors import SettingsError
from bridge.settings import Settings, secret_named

ROOT = Path(__file__).resolve().parents[1]
VARIABLES = [name.upper() for name in Settings.model_fields]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings()
    return caught.value.problems


def test_every_mistake_is_told_at_once_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFY_API_URL", "api.dify.ai")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "very-secret")
    monkeypatch.setenv("DRAIN_SECONDS", "soon")
    told = problems()
    for name in ("DIFY_API_URL", "SLACK_BOT_TOKEN", "DRAIN_SECONDS", "DIFY_API_KEY", "SLACK_APP_TOKEN"):
        assert any(problem.startswith(name) for problem in told), name
    assert "very-secret" not in str(told)


def test_what_cannot_be_together_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFY_API_KEY", "app-key")
    monkeypatch.setenv("DISCORD_BOT_TOKEN", "token")
    monkeypatch.setenv("DISCORD_SHARD_IDS", "0, 4")
    monkeypatch.setenv("DISCORD_SHARD_COUNT", "4")
    monkeypatch.setenv("DATABASE_LISTEN_URL", "postgresql://host/name")
    shards, listening = problems()
    assert shards.startswith("DISCORD_SHARD_IDS")
    assert listening.startswith("DATABASE_LISTEN_URL")
    monkeypatch.setenv("DISCORD_SHARD_IDS", "0, 3")
    monkeypatch.setenv("DATABASE_URL", "postgresql://host/name")
    assert Settings().shards == (0, 3)


def test_no_platform_at_all_names_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFY_API_KEY", "app-key")
    (problem,) = problems()
    assert {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_BOT_TOKEN"} <= set(
        re.findall(r"[A-Z_]{5,}", problem)
    )


KEY = "A" * 43 + "="
ONE_WORKSPACE = {"SLACK_BOT_TOKEN": "xoxb-1"}
EVERYWHERE = {
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "s",
    "BRIDGE_PUBLIC_URL": "https://bot.example.com/",
    "BRIDGE_SECRET_KEY": f"{KEY}, {KEY}",
}


@pytest.mark.parametrize("speaks", [ONE_WORKSPACE, EVERYWHERE], ids=["one workspace", "many"])
@pytest.mark.parametrize(
    "hears", [{"SLACK_APP_TOKEN": "xapp-1"}, {"SLACK_SIGNING_SECRET": "s"}], ids=["socket", "http"]
)
def test_slack_is_heard_in_one_of_two_ways_and_spoken_to_in_one_of_two(
    monkeypatch: pytest.MonkeyPatch, speaks: dict[str, str], hears: dict[str, str]
) -> None:
    monkeypatch.setenv("DIFY_API_KEY", "app-key")
    for name, value in {**speaks, **hears}.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.slack
    assert settings.slack_everywhere == (speaks is EVERYWHERE)
    assert settings.bridge_public_url in ("", "https://bot.example.com")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, ["SLACK_APP_TOKEN"]),
        ({"SLACK_SIGNING_SECRET": "s"}, ["SLACK_BOT_TOKEN"]),
        ({"SLACK_APP_TOKEN": "xapp-1"}, ["SLACK_BOT_TOKEN"]),
        ({**ONE_WORKSPACE, "SLACK_APP_TOKEN": "xapp-1", "SLACK_SIGNING_SECRET": "s"}, ["SLACK_APP_TOKEN,"]),
        ({**ONE_WORKSPACE, **EVERYWHERE, "SLACK_SIGNING_SECRET": "s"}, ["SLACK_BOT_TOKEN:"]),
        (
            {"SLACK_CLIENT_ID": "1.2"},
            ["SLACK_APP_TOKEN", "SLACK_CLIENT_SECRET", "BRIDGE_PUBLIC_URL", "BRIDGE_SECRET_KEY"],
        ),
        (
            {"SLACK_CLIENT_SECRET": "s", "SLACK_SIGNING_SECRET": "s"},
            ["SLACK_CLIENT_ID", "BRIDGE_PUBLIC_URL", "BRIDGE_SECRET_KEY"],
        ),
        (
            {**EVERYWHERE, "SLACK_SIGNING_SECRET": "s", "BRIDGE_SECRET_KEY": "too short"},
            ["BRIDGE_SECRET_KEY:"],
        ),
        (
            {**EVERYWHERE, "SLACK_SIGNING_SECRET": "s", "BRIDGE_PUBLIC_URL": "bot.example.com"},
            ["BRIDGE_PUBLIC_URL:"],
        ),
    ],
)
def test_what_slack_lacks_or_has_twice_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: list[str]
) -> None:
    monkeypatch.setenv("DIFY_API_KEY", "app-key")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert [problem.split()[0] for problem in problems()] == named


def test_a_platform_without_its_token_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFY_API_KEY", "app-key")
    monkeypatch.setenv("DISCORD_BOT_TOKEN", "token")
    settings = Settings()
    assert (settings.slack, settings.discord) == (False, True)


def test_secrets_can_come_from_files_and_print_as_stars(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "key"
    secret.write_text("app-from-a-file\n", encoding="utf-8")
    monkeypatch.setenv("DIFY_API_KEY_FILE", str(secret))
    monkeypatch.setenv("DISCORD_BOT_TOKEN", "token")
    settings = Settings()
    assert settings.dify_api_key.get_secret_value() == "app-from-a-file"
    assert "app-from-a-file" not in repr(settings)


def test_without_a_file_of_apps_the_key_is_needed_and_with_one_that_is_up_to_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISCORD_BOT_TOKEN", "token")
    assert [problem.split()[0] for problem in problems()] == ["DIFY_API_KEY"]
    (tmp_path / "apps.toml").touch()
    monkeypatch.setenv("BRIDGE_CONFIG", str(tmp_path / "apps.toml"))
    assert Settings().bridge_config.endswith("apps.toml")


def test_any_other_secret_is_found_where_the_settings_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = ("ENV_DIFY_KEY", "FILE_DIFY_KEY", "DOT_DIFY_KEY")
    (tmp_path / ".env").write_text("".join(f"{name}='in .env'\n" for name in names), encoding="utf-8")
    (tmp_path / "secret").write_text("in a file\n", encoding="utf-8")
    monkeypatch.setenv("ENV_DIFY_KEY", "in the environment")
    for name in names[:2]:
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    found = [secret_named(name).get_secret_value() for name in (*names, "NO_DIFY_KEY")]
    assert found == ["in the environment", "in a file", "in .env", ""]
    monkeypatch.setenv("NO_DIFY_KEY_FILE", "/nowhere/at/all")
    with pytest.raises(SettingsError, match="NO_DIFY_KEY_FILE"):
        secret_named("NO_DIFY_KEY")


def test_a_secret_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFY_API_KEY_FILE", "/nowhere/at/all")
    assert "DIFY_API_KEY_FILE" in problems()[0]


def test_the_example_file_and_the_readme_name_exactly_the_settings_there_are() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert re.findall(r"^([A-Z_]+)=", example, re.MULTILINE) == VARIABLES
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([A-Z_]+)`", readme, re.MULTILINE) == VARIABLES


def test_the_example_file_gives_the_defaults() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name, value in re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE):
        default = Settings.model_fields[name.lower()].default
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        written = f"{shown:g}" if isinstance(shown, float) else str(shown)
        assert value == (written.lower() if isinstance(shown, bool) else written), name
