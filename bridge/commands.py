"""What people can tell the bot to do, instead of asking its app: `!new`, `!history`, or just `stop`. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bridge.words import english, say

# No command is longer than a value that somebody sets with one.
MOST_CHARACTERS = 4_000

_WRITTEN = re.compile(r"!([a-z]+)(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)
# Alone in a message, these cannot mean anything else.
_STOP = re.compile(
    r"(?:(?:please|bitte)\s+)?(?:stopp?|halt)(?:\s+(?:please|bitte))?[.!]?"
    r"|(?:停止|停|やめて|ストップ)[.!。！]?",
    re.IGNORECASE,
)


class Word(StrEnum):
    """The commands, by the words they begin with."""

    NEW = "new"
    FORGET = "forget"
    RENAME = "rename"
    HISTORY = "history"
    VARIABLES = "variables"
    SET = "set"
    GENERATE = "generate"
    SPEAK = "speak"
    STOP = "stop"
    HELP = "help"


HELP: dict[Word, str] = {
    Word.NEW: english.HELP_NEW,
    Word.FORGET: english.HELP_FORGET,
    Word.RENAME: english.HELP_RENAME,
    Word.HISTORY: english.HELP_HISTORY,
    Word.VARIABLES: english.HELP_VARIABLES,
    Word.SET: english.HELP_SET,
    Word.GENERATE: english.HELP_GENERATE,
    Word.SPEAK: english.HELP_SPEAK,
    Word.STOP: english.HELP_STOP,
    Word.HELP: english.HELP_HELP,
}


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what was written behind it."""

    word: Word
    rest: str = ""


def command_of(text: str) -> Command | None:
    """The command that a message consists of; None for what is meant for the app."""
    if len(text) > MOST_CHARACTERS:
        return None
    if _STOP.fullmatch(text.strip()):
        return Command(Word.STOP)
    written = _WRITTEN.fullmatch(text.strip())
    if written is None or written[1].lower() not in set(Word):
        return None
    return Command(Word(written[1].lower()), (written[2] or "").strip())


def help_text(locale: str = "") -> str:
    """All commands, as Markdown."""
    return "\n".join(f"- `!{word}`: {say(what, locale)}" for word, what in HELP.items())
