"""The file of apps: what is read from it, and what is said about its mistakes."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.appfile import Surroundings, read_config
from bridge.errors import SettingsError
from bridge.routes import AppConfig, Config, Follow, Route

ROOT = Path(__file__).resolve().parents[1]
URL = "https://api.dify.ai/v1"
SECRETS = {"HR_DIFY_KEY": "app-hr", "WRITER_DIFY_KEY": "app-writer", "WRONG_DIFY_KEY": "dataset-very-secret"}


def secret(name: str) -> SecretStr:
    if name == "BROKEN_DIFY_KEY":
        raise SettingsError(("BROKEN_DIFY_KEY_FILE names a file that cannot be read",))
    return SecretStr(SECRETS.get(name, ""))


def read(
    folder: Path, text: str, key: str = "app-default", platforms: tuple[str, ...] = ("slack",)
) -> Config:
    path = folder / "bridge.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(Surroundings(str(path), SecretStr(key), URL, platforms, secret))


def problems(folder: Path, text: str, key: str = "app-default") -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(folder, text, key)
    return list(caught.value.problems)


def test_the_example_of_the_documentation_says_what_it_says_it_does(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "routing.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    config = read(tmp_path, example)
    assert config.apps["hr"] == AppConfig(
        "hr",
        SecretStr("app-hr"),
        "https://dify.example.com/v1",
        {"department": "Human Resources", "year": "2026", "formal": "true"},
        frozenset({"slack:U012AB3CD", "discord:80351110224678912"}),
        frozenset({"slack:*", "discord:80351110224678912"}),
        frozenset({"slack:U099BAD00"}),
        Follow.MENTION,
        frozenset({"slack:U045LEAD1"}),
    )
    assert config.apps["writer"] == AppConfig("writer", SecretStr("app-writer"), URL)
    assert config.apps["default"].key.get_secret_value() == "app-default"
    assert config.routes == (
        Route("hr", "slack", "T012AB3CD", "C024BE91L"),
        Route("hr", "discord", "197038439483310086"),
        Route("writer", "slack", direct=True),
        Route("writer", command="generate"),
    )


def test_the_documentation_explains_every_setting_there_is(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "routing.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    for name in ("key", "url", "inputs", "curators", "allow", "deny", "follow", "moderators"):
        assert re.search(rf"^{name} = ", example, re.MULTILINE), name
    for name in ("platform", "workspace", "server", "channel", "direct", "command"):
        assert re.search(rf"^#   {name} ", example, re.MULTILINE), name
        assert re.search(rf"^{name} = ", example, re.MULTILINE), name


def test_without_a_file_the_app_of_the_settings_answers_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("bridge.toml", ""):
        around = Surroundings(path, SecretStr("app-default"), URL, ("slack", "discord"), secret)
        assert read_config(around) == Config({"default": AppConfig("default", SecretStr("app-default"), URL)})


def test_a_file_that_was_asked_for_has_to_be_there(tmp_path: Path) -> None:
    around = Surroundings(str(tmp_path / "apps.toml"), SecretStr("app-default"), URL, ("slack",), secret)
    with pytest.raises(SettingsError, match="BRIDGE_CONFIG names a file that is not there"):
        read_config(around)
    (tmp_path / "apps.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"apps\.toml is not a text"):
        read_config(around)
    (tmp_path / "apps.toml").unlink()
    (tmp_path / "apps.toml").mkdir()
    with pytest.raises(SettingsError, match=r"apps\.toml cannot be read"):
        read_config(around)


def test_every_mistake_is_told_at_once_by_its_place_and_none_is_repeated(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        """
        color = 1
        [apps.HR]
        key = "app-very-secret"
        [apps.it]
        key = "very secret"
        url = "very-secret.example"
        inputs = { a = 1, b = ["very-secret"] }
        curators = ["slack:U1", "very-secret", 3]
        allow = "slack:U1"
        follow = "sometimes"
        [apps.writer]
        [apps.sales]
        key = "SALES_DIFY_KEY"
        [apps.wrong]
        key = "WRONG_DIFY_KEY"
        [apps.broken]
        key = "BROKEN_DIFY_KEY"
        [[routes]]
        app = "it"
        platform = "teams"
        [[routes]]
        channel = 1234
        direct = "yes"
        command = "Generate!"
        [[routes]]
        app = "it"
        workspace = "T1"
        server = 2
        [[routes]]
        app = "nobody"
        """,
    )
    places = [one.split(": ")[1] for one in told if one.startswith("bridge.toml: ")]
    assert sorted(places) == sorted(
        [
            "color",
            "apps.HR",
            "apps.HR.key",
            "apps.it.key",
            "apps.it.url",
            "apps.it.inputs.b",
            "apps.it.curators[2]",
            "apps.it.curators[3]",
            "apps.it.allow",
            "apps.it.follow",
            "apps.writer.key",
            "apps.sales.key",
            "apps.wrong.key",
            "routes[1].platform",
            "routes[2].app",
            "routes[2].direct",
            "routes[2].command",
            "routes[3]",
            "routes[4].app",
        ]
    )
    (other,) = [one for one in told if not one.startswith("bridge.toml: ")]
    assert other.startswith("BROKEN_DIFY_KEY_FILE")
    assert not [one for one in told if "very" in one]


def test_a_key_in_the_file_itself_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, '[apps.hr]\nkey = "app-abcdef"')
    place, _, sentence = told.rpartition("key: ")
    assert place == "bridge.toml: apps.hr."
    assert sentence == "must not be a key itself: put the key into .env, and the name of its variable here"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a = = b", "bridge.toml is not TOML: "),
        ("apps = 1", "bridge.toml: apps: must be tables"),
        ("apps.hr = 1", "bridge.toml: apps.hr: must be a table"),
        ("routes = 1", "bridge.toml: routes: must be tables"),
        ("routes = [1]", "bridge.toml: routes[1]: must be a table"),
        ("[apps.hr]\nkey = 1", "bridge.toml: apps.hr.key: must be a text"),
        ("[apps.hr]\ncolor = 1", "bridge.toml: apps.hr.color: is not known here"),
        ('[[routes]]\napp = "default"\nserver = 1\nplatform = "slack"', "bridge.toml: routes[1]: can never"),
        ('[[routes]]\napp = "default"\nserver = 1\ndirect = true', "bridge.toml: routes[1]: can never"),
    ],
)
def test_a_mistake_is_told_in_words(tmp_path: Path, text: str, start: str) -> None:
    (told,) = problems(tmp_path, text)
    assert told.startswith(start)


def test_somebody_has_to_answer_everywhere(tmp_path: Path) -> None:
    hr = '[apps.hr]\nkey = "HR_DIFY_KEY"\n'
    (told,) = problems(tmp_path, hr, key="")
    assert "on Slack has no app" in told
    assert "DIFY_API_KEY" in told
    everywhere = hr + '[[routes]]\napp = "hr"\nplatform = "slack"\n'
    assert list(read(tmp_path, everywhere, key="").apps) == ["hr"]
    with pytest.raises(SettingsError, match="on Discord has no app"):
        read(tmp_path, everywhere, key="", platforms=("slack", "discord"))
    named = '[apps.default]\nkey = "HR_DIFY_KEY"\n'
    assert read(tmp_path, named, key="").apps["default"].key.get_secret_value() == "app-hr"
    (told,) = problems(tmp_path, "[apps.default]", key="")
    assert told.startswith("bridge.toml: apps.default.key: DIFY_API_KEY is set neither")
