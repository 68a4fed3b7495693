"""Finds a sentence in somebody's language."""

from collections.abc import Mapping

from bridge.words.chinese import CHINESE
from bridge.words.german import GERMAN
from bridge.words.japanese import JAPANESE

# By what a locale begins with.
TRANSLATIONS: Mapping[str, Mapping[str, str]] = {"de": GERMAN, "ja": JAPANESE, "zh": CHINESE}
# Numbers below are read as easily without a sign between their digits, and may be those of a page or a year.
GROUPED_FROM = 10_000


def say(sentence: str, locale: str = "", **values: object) -> str:
    """`sentence`, which is one of `english.py`, in the language of this locale (`de`, `de-DE`, `zh_TW`), with
    `values` in the places that have their names."""
    language = language_of(locale)
    shown = {name: _shown(value, language) for name, value in values.items()}
    return TRANSLATIONS.get(language, {}).get(sentence, sentence).format(**shown)


def language_of(locale: str) -> str:
    """The part of a locale that names the language."""
    return locale.replace("_", "-").partition("-")[0].lower()


def _shown(value: object, language: str) -> object:
    if not isinstance(value, int) or value < GROUPED_FROM:
        return value
    return f"{value:,}".replace(",", "." if language == "de" else ",")
