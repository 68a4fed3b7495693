"""What people can tell the bot to do, instead of asking its app: `!new`, `!history`, or just `stop`. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

# No command is longer than a value that somebody sets with one.
MOST_CHARACTERS = 4_000

_WRITTEN = re.compile(r"!([a-z]+)(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)
_STOP = re.compile(r"(?:please\s+)?stop(?:\s+please)?[.!]?", re.IGNORECASE)


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
    Word.NEW: "begin a new conversation in this thread",
    Word.FORGET: "the same, and delete the old one in Dify",
    Word.RENAME: "give the conversation a name, or let Dify find one",
    Word.HISTORY: "show what was said in this conversation",
    Word.VARIABLES: "show the conversation's variables",
    Word.SET: "set one of them: `!set name value`",
    Word.GENERATE: "fill in the app's form and get one result",
    Word.SPEAK: "read the last answer aloud",
    Word.STOP: "stop the answer that is being written; `stop` alone does, too",
    Word.HELP: "show this list",
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
    if written is None or written[1].lower() not in HELP:
        return None
    return Command(Word(written[1].lower()), (written[2] or "").strip())


def help_text() -> str:
    """All commands, as Markdown."""
    return "\n".join(f"- `!{word}`: {what}" for word, what in HELP.items())
