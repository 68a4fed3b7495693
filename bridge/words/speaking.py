"""Finds a sentence in somebody's language."""

from collections.abc import Mapping

from bridge.words.chinese import CHINESE
from bridge.words.german import GERMAN
from bridge.words.japanese import JAPANESE

# By what a locale begins with.
TRANSLATIONS: Mapping[str, Mapping[str, str]] = {"de": GERMAN, "ja": JAPANESE, "zh": CHINESE}


def say(sentence: str, locale: str = "", **values: object) -> str:
    """`sentence`, which is one of `english.py`, in the language of this locale (`de`, `de-DE`, `zh_TW`), with
    `values` in the places that have their names."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return TRANSLATIONS.get(language, {}).get(sentence, sentence).format(**values)
