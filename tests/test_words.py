"""Everything that people read stands in one catalogue, whole in every language."""

import ast
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import errors
from bridge.settings import Language
from bridge.types import Filled
from bridge.words import english, say
from bridge.words.speaking import TRANSLATIONS

ROOT = Path(__file__).resolve().parents[1]
SENTENCES = {name: text for name, text in vars(english).items() if name.isupper()}
LOCALES = tuple(TRANSLATIONS)
# Commands are the same whoever writes them, and so is a name.
SAME_EVERYWHERE = frozenset({"ask", "new", "stop", "generate", "help", "Dify"})
PLACE = re.compile(r"\{(\w*)\}")
EXCLAIMED = re.compile("[!！¡](?!set )")
# Slack's limit for the title of a form, in characters.
TITLE_LIMIT = 24
TITLES = (
    english.ABOUT_TITLE,
    english.ASK_TITLE,
    english.DETAILS,
    english.SAVE_AS_THE_RIGHT_ANSWER,
    english.SLACK_YOUR_FORM,
    english.THANK_YOU_FOR_TELLING,
)


def versions() -> Iterator[tuple[str, str, str]]:
    """Every sentence in every language: its name, the locale, and the text."""
    for name, text in SENTENCES.items():
        yield name, "en", text
        for locale in LOCALES:
            yield name, locale, TRANSLATIONS[locale].get(text, "")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_is_translated_and_no_other(locale: str) -> None:
    assert set(TRANSLATIONS[locale]) == set(SENTENCES.values())
    unchanged = {text for text, told in TRANSLATIONS[locale].items() if told == text}
    assert unchanged <= SAME_EVERYWHERE


@pytest.mark.parametrize("locale", LOCALES)
def test_a_translation_has_the_places_of_its_sentence(locale: str) -> None:
    for text, told in TRANSLATIONS[locale].items():
        assert sorted(PLACE.findall(told)) == sorted(PLACE.findall(text)), told


def test_nothing_is_exclaimed_or_decorated() -> None:
    for name, locale, text in versions():
        assert not EXCLAIMED.search(text), (name, locale)
        decorated = [sign for sign in text if unicodedata.category(sign) in ("So", "Sk", "Cs", "Co")]
        assert not [sign for sign in decorated if sign != "`"], (name, locale)
        assert text == text.strip() or text.startswith((" ", ",")), (name, locale)


def test_what_ends_as_a_sentence_does_so_in_every_language() -> None:
    for name, locale, text in versions():
        asks = SENTENCES[name].endswith("?")
        assert asks or text.endswith((".", "。")) == SENTENCES[name].endswith("."), (name, locale)
        assert text.endswith((":", "：")) == SENTENCES[name].endswith(":"), (name, locale)


def test_the_titles_of_forms_are_shown_whole() -> None:
    for title in TITLES:
        for locale in ("en", *LOCALES):
            assert len(say(title, locale)) <= TITLE_LIMIT, (title, locale)


def test_every_language_that_can_be_set_is_spoken() -> None:
    assert {"en", *LOCALES} == {language.value for language in Language} - {"auto"}


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("", "Send"),
        ("en-GB", "Send"),
        ("fr", "Send"),
        ("de", "Senden"),
        ("de-AT", "Senden"),
        ("ja-JP", "送信"),
        ("zh_TW", "发送"),
        ("ZH-CN", "发送"),
        ("deu", "Send"),
    ],
)
def test_a_locale_is_known_by_its_language(locale: str, said: str) -> None:
    assert say(english.SEND, locale) == said


def test_what_is_not_translated_is_said_in_english() -> None:
    assert say("{name} is new here.", "ja", name="Ada") == "Ada is new here."


def test_values_are_put_in_as_they_are() -> None:
    assert say(english.IS_MISSING, "de", name="{name} {0}") == "{name} {0} fehlt."


@pytest.mark.parametrize(("locale", "number"), [("en", "32,000"), ("de", "32.000"), ("ja", "32,000")])
def test_large_numbers_are_grouped_as_people_write_them(locale: str, number: str) -> None:
    assert number in say(english.QUESTION_TOO_LONG, locale, most=32_000)
    assert "2026" in say(english.PAGE, locale, page=2026)


def test_every_error_has_its_sentence_in_every_language() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    found = [kind for kind in kinds if issubclass(kind, errors.BridgeError)]
    assert len(found) > 30
    for kind in found:
        assert kind.notice in SENTENCES.values(), kind


def test_an_error_says_its_values_in_the_language() -> None:
    unfilled = errors.Unfilled("Datum", in_form=True)
    assert unfilled.sentence("de-DE") == "Diese App braucht zuerst einige Angaben: Datum."
    assert errors.DifyBusy("429").sentence("zh-CN") == "AI 服务正忙于其他问题，请一分钟后重试。"


# What stands in the code and looks like something that people read, but is not: by the file, with the reason.
NOT_SAID: Filled = (
    ("bridge/settings.py", "operators read what is wrong with their settings"),
    ("bridge/appfile.py", "operators read what is wrong with their file of apps"),
    ("bridge/cli.py", "operators read the command line"),
    ("bridge/demo.py", "whoever runs the demo reads it on the command line"),
    ("bridge/dify/failures.py", "Dify says it, and is known by it"),
    ("bridge/words/", "the catalogue"),
)
# The beginning of a sentence: at least two words, the first with a capital. Or one word, as buttons have it.
PHRASE = re.compile(r"[A-Z][a-z]*(?:[ ,:]+[\w'{}]+)+[.?:…]?(?:\s|$)|[A-Z][a-z]+[.?:…]?$")
# What is in no word: codes, headers, SQL, patterns.
NO_PHRASE = re.compile(r"[\\^$|<>=()]|[a-z][A-Z]|\w[/_]\w")
# What they are told is read by operators, by tools, or by nobody.
UNSEEN_CALLS = frozenset({"debug", "info", "warning", "error", "exception", "compile", "get", "TypeVar"})


def unsaid(tree: ast.AST) -> set[int]:
    """The nodes that nobody reads: documentation, logs, exceptions, names, what is only compared."""
    ids: set[int] = set()
    for node in ast.walk(tree):
        hidden: list[ast.AST | None] = []
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Raise() | ast.MatchValue() | ast.Compare():
                hidden = [node]
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                hidden = [node]
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if (
                name in UNSEEN_CALLS or name.endswith("Error")
            ):
                hidden = [node]
            case ast.arg(annotation=named) | ast.AnnAssign(annotation=named):
                hidden = [named]
            case ast.FunctionDef(returns=named) | ast.AsyncFunctionDef(returns=named):
                hidden = [named]
            case ast.Dict(keys=keys):
                hidden = [*keys]
        ids.update(id(inner) for one in hidden if one is not None for inner in ast.walk(one))
    return ids


def phrases(source: str) -> list[str]:
    """What stands in the code like something that people would read."""
    tree = ast.parse(source)
    hidden = unsaid(tree)
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden
        if PHRASE.match(node.value) and not NO_PHRASE.search(node.value)
    ]


def test_nothing_that_people_read_stands_elsewhere() -> None:
    found = {}
    for path in sorted([*(ROOT / "bridge").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]):
        name = path.relative_to(ROOT).as_posix()
        if not any(name.startswith(part) for part, _ in NOT_SAID):
            stray = phrases(path.read_text(encoding="utf-8"))
            if stray:
                found[name] = stray
    assert found == {}


def test_a_stray_sentence_is_found() -> None:
    code = '''
"""A file about nothing."""
def f(log, name):
    """Says nothing at all."""
    log.info("Nothing is told here: %s", name)
    if name == "Nothing is compared":
        raise ValueError("Nothing is raised here.")
    return f"Nothing is kept of {name}.", "Good answer", "Stop", {"Retry": name}, "SELECT id"
'''
    assert sorted(phrases(code)) == ["Good answer", "Nothing is kept of ", "Stop"]
