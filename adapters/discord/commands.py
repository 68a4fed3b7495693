"""The bot's own commands: what Discord is told of them, and what somebody says who uses one. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from adapters.discord.buttons import Component
from adapters.discord.labels import shortened
from bridge.types import Order
from bridge.words import english, say

# discord.com/developers, "Application Commands".
SLASH: Final = 1
ON_MESSAGE: Final = 3
STRING: Final = 3
NAME_LIMIT = 32
DESCRIPTION_LIMIT = 100
LONGEST_QUESTION = 6000
# Where it can be used: in servers, with the bot, and among people; and who brings the bot along: a server or
# a person. Nothing is gone on with where the bot is not.
EVERYWHERE, WHERE_THE_BOT_IS = (0, 1, 2), (0, 1)
BOTH_INSTALLS = (0, 1)
# What Discord calls the languages of the catalogue.
LOCALES = ("de", "ja", "zh-CN", "zh-TW")
# Of the message that it is about, far more than people write.
LONGEST_TEXT = 8_000
MOST_MENTIONS = 100

_Object: TypeAlias = Mapping[object, object]
_NAME = re.compile(r"[-_'\w]{1,32}")
_USER_MENTION = re.compile(r"<@!?(\d{1,20})>")


@dataclass(frozen=True, slots=True)
class Used:
    """Which command it was, and what `bridge.types.Invocation` says of the rest."""

    order: Order
    text: str = ""
    about: str = ""


def declared() -> list[Component]:
    """All commands, as Discord takes them."""
    return [
        _slash(english.DISCORD_ASK, english.DISCORD_ASK_SAYS, EVERYWHERE, _question()),
        _slash(english.DISCORD_NEW, english.DISCORD_NEW_SAYS, WHERE_THE_BOT_IS),
        _slash(english.DISCORD_STOP, english.DISCORD_STOP_SAYS, EVERYWHERE),
        _slash(english.DISCORD_GENERATE, english.DISCORD_GENERATE_SAYS, EVERYWHERE),
        _slash(english.DISCORD_HELP, english.DISCORD_HELP_SAYS, EVERYWHERE),
        _where(EVERYWHERE) | {"type": ON_MESSAGE} | _named(english.ABOUT_TITLE, words=True),
    ]


def read_command(data: _Object) -> Used | None:
    """What was used, by the data of an interaction; None where it is none of ours (any more)."""
    match data:
        case {"type": 1, "name": str(name)} if name in _SLASHES:
            return Used(_SLASHES[name], _question_in(data))
        case {"type": 3, "name": english.ABOUT_TITLE, "target_id": str(target)} if target.isdecimal():
            return Used(Order.ABOUT, _text_of(data, target), target)
    return None


def _slash(name: str, says: str, contexts: Sequence[int], *options: Component) -> dict[str, object]:
    told = _where(contexts) | {"type": SLASH} | _named(name) | _described(says)
    return told | {"options": list(options)} if options else told


def _question() -> Component:
    return {
        "type": STRING,
        "required": True,
        "max_length": LONGEST_QUESTION,
        **_named(english.DISCORD_QUESTION),
        **_described(english.DISCORD_QUESTION_SAYS),
    }


def _where(contexts: Sequence[int]) -> dict[str, object]:
    return {"contexts": list(contexts), "integration_types": list(BOTH_INSTALLS)}


def _named(name: str, *, words: bool = False) -> dict[str, object]:
    """Slash commands and their options have names of one small word; a name that is none is left English."""
    told = {
        locale: text
        for locale, text in _translated(name)
        if (len(text) <= NAME_LIMIT if words else _NAME.fullmatch(text) and text == text.lower())
    }
    return {"name": name, **({"name_localizations": told} if told else {})}


def _described(says: str) -> dict[str, object]:
    told = {locale: shortened(text, DESCRIPTION_LIMIT) for locale, text in _translated(says)}
    return {
        "description": shortened(says, DESCRIPTION_LIMIT),
        **({"description_localizations": told} if told else {}),
    }


def _translated(sentence: str) -> Iterator[tuple[str, str]]:
    for locale in LOCALES:
        text = say(sentence, locale)
        if text != sentence:
            yield locale, text


def _question_in(data: _Object) -> str:
    options = data.get("options")
    for option in options if isinstance(options, list) else ():
        match option:
            case {"name": english.DISCORD_QUESTION, "value": str(text)}:
                return text
    return ""


def _text_of(data: _Object, target: str) -> str:
    """What is written in the message that it was used on, also where that one passes another on."""
    match data:
        case {"resolved": {"messages": dict(messages)}}:
            message = messages.get(target)
        case _:
            return ""
    if not isinstance(message, dict):
        return ""
    texts = [message.get("content")]
    match message.get("message_snapshots"):
        case [{"message": {"content": str(passed_on)}}]:
            texts.append(passed_on)
    said = "\n".join(text for text in texts if isinstance(text, str) and text)
    return shortened(_with_names(said, message), LONGEST_TEXT).strip()


def _with_names(text: str, message: _Object) -> str:
    """The text with names instead of ids."""
    names: dict[str, str] = {}
    mentions = message.get("mentions")
    for one in mentions[:MOST_MENTIONS] if isinstance(mentions, list) else ():
        match one:
            case {"id": str(id_), "global_name": str(name)} | {"id": str(id_), "username": str(name)}:
                names[id_] = name
    return _USER_MENTION.sub(lambda found: f"@{names.get(found.group(1), english.DISCORD_SOMEONE)}", text)


_SLASHES: Mapping[str, Order] = {
    english.DISCORD_ASK: Order.ASK,
    english.DISCORD_NEW: Order.NEW,
    english.DISCORD_STOP: Order.STOP,
    english.DISCORD_GENERATE: Order.GENERATE,
    english.DISCORD_HELP: Order.HELP,
}
