"""What a message asks for. Pure."""

from bridge.commands import Command, Word, command_of
from bridge.types import Message

# Longer than any message a person types, shorter than what makes a model fail without a word.
QUESTION_LIMIT_CHARACTERS = 32_000


def is_too_long(message: Message) -> bool:
    """Whether a message is not worth a call to Dify."""
    return len(message.text) > QUESTION_LIMIT_CHARACTERS


def command_in(message: Message) -> Command | None:
    """The command that a message is; none where it answers a form."""
    return None if message.filled or message.decision is not None else command_of(message.text)


def word_of(message: Message) -> str:
    """The word by which routes know what a message asks. A form that was filled in before its thread was
    there is the one that this word asks for."""
    if message.filled:
        return Word.GENERATE
    command = command_of(message.text)
    return command.word if command is not None else ""


def lead_of(message: Message, heard: str = "") -> str:
    """What stands above the answer: what nobody can read elsewhere of the question."""
    # What a thread grows from is what was asked about, not what was asked.
    unseen = message.pressed and message.replies_to in ("", message.thread.id)
    said = "\n\n".join(part for part in (message.text if unseen else "", heard) if part)
    quoted = "\n".join(f"> {line}" for line in said.splitlines())
    return f"{quoted}\n\n" if quoted else ""
