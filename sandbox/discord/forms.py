"""What may stand in the body of a request about messages. Pure: a body goes in, a checked form comes out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.discord import components as below
from sandbox.discord import mentions
from sandbox.discord.errors import empty_message, invalid_form, invalid_json, too_long
from sandbox.discord.flags import MessageFlag, MessageType
from sandbox.discord.lengths import utf16_length
from sandbox.discord.state import Draft, Message, Revision
from sandbox.discord.types import DiscordFile, Json

LONGEST_CONTENT = 2000
LONGEST_NONCE = 25
LONGEST_NAME = 100
LONGEST_DESCRIPTION = 4096
LONGEST_EMBEDS = 6000
MOST_EMBEDS = 10
MOST_FILES = 10
SHORTEST_SNOWFLAKE = 15  # digits; less is the number of a file in the request
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)

# What a bot may set; of these an edit can take back only that embeds are suppressed.
_ON_CREATE = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_COMPONENTS_V2
_ON_EDIT = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.IS_COMPONENTS_V2


@dataclass(frozen=True, slots=True)
class Form:
    """The body of a request: a JSON value, and the files that came beside it."""

    value: Any = None
    files: tuple[DiscordFile, ...] = ()

    @property
    def object(self) -> Json:
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise invalid_json()
        return self.value

    @property
    def list(self) -> list[Json]:
        if not isinstance(self.value, list):
            raise invalid_json()
        return self.value

    @property
    def mapping(self) -> Mapping[str, Any]:
        """For the record: an array stands under the empty key."""
        if isinstance(self.value, dict):
            return self.value
        return {} if self.value is None else {"": self.value}


def decode(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise invalid_json() from None


def draft(form: Form, reply_to: Message | None) -> Draft:
    body = form.object
    text = content(body)
    sent_embeds, components = embeds(body) or (), _array(body, "components") or ()
    wanted = flags(body) or 0
    layout = bool(wanted & MessageFlag.IS_COMPONENTS_V2)
    below.check(components, layout=layout)
    if layout and (text or sent_embeds):
        sentence = "The 'content' and 'embeds' fields cannot be used with the V2 components flag"
        raise invalid_form("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", sentence)
    _check_files(form)
    if not (text or sent_embeds or components or form.files or body.get("sticker_ids") or body.get("poll")):
        raise empty_message()
    return Draft(
        content=text,
        type=MessageType.DEFAULT if reply_to is None else MessageType.REPLY,
        embeds=sent_embeds,
        components=components,
        files=form.files,
        flags=wanted & _ON_CREATE,
        tts=bool(body.get("tts")),
        nonce=nonce(body),
        enforce_nonce=bool(body.get("enforce_nonce")),
        allowed_mentions=allowed_mentions(body),
        reply_to=reply_to,
    )


def revision(form: Form, message: Message) -> Revision:
    body = form.object
    text = content(body) if "content" in body else None
    new_embeds, components = embeds(body), _array(body, "components")
    kept = _array(body, "attachments")
    left = (
        message.content if text is None else text,
        message.embeds if new_embeds is None else new_embeds,
        message.components if components is None else components,
        message.attachments if kept is None else kept,
    )
    if not any(left):
        raise empty_message()
    wanted = flags(body)
    layout = ((wanted or 0) | message.own_flags) & MessageFlag.IS_COMPONENTS_V2
    below.check(components or (), layout=bool(layout))
    _check_files(form)
    if wanted is not None:
        wanted = message.own_flags & ~MessageFlag.SUPPRESS_EMBEDS | wanted & _ON_EDIT
    return Revision(
        content=text,
        embeds=new_embeds,
        components=components,
        keep_attachments=None if kept is None else [str(item.get("id")) for item in kept],
        files=form.files,
        flags=wanted,
        allowed_mentions=allowed_mentions(body),
    )


def _check_files(form: Form) -> None:
    """What is said of a file beside the request has to mean one that is there, by its number."""
    if len(form.files) > MOST_FILES:
        raise invalid_form("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {MOST_FILES} or fewer in length.")
    for index, item in enumerate(_array(form.object, "attachments") or ()):
        number = str(item.get("id"))
        if form.files and len(number) < SHORTEST_SNOWFLAKE and int(number) >= len(form.files):
            raise invalid_form(f"attachments.{index}", "ATTACHMENT_NOT_FOUND", "There is no such file")


def content(body: Json) -> str:
    """White space around it does not survive."""
    text = body.get("content")
    if text is None:
        return ""
    if not isinstance(text, str):
        raise invalid_form("content", "STRING_TYPE_CONVERT", f'Could not interpret "{text}" as string.')
    if utf16_length(text) > LONGEST_CONTENT:
        raise too_long("content", LONGEST_CONTENT)
    return text.strip()


def embeds(body: Json) -> Sequence[Json] | None:
    given = _array(body, "embeds")
    if given is None:
        return None
    if len(given) > MOST_EMBEDS:
        raise too_long("embeds", MOST_EMBEDS)
    for index, embed in enumerate(given):
        if utf16_length(embed.get("description") or "") > LONGEST_DESCRIPTION:
            raise too_long(f"embeds.{index}.description", LONGEST_DESCRIPTION)
    if sum(_embed_length(embed) for embed in given) > LONGEST_EMBEDS:
        message = f"Embed size exceeds maximum size of {LONGEST_EMBEDS}"
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", message)
    return given


def allowed_mentions(body: Json) -> Json | None:
    allowed = _object(body, "allowed_mentions")
    if allowed is not None:
        mentions.check(allowed)
    return allowed


def reference(body: Json) -> Json | None:
    return _object(body, "message_reference")


def flags(body: Json) -> int | None:
    value = body.get("flags")
    if value is not None and not isinstance(value, int):
        raise invalid_form("flags", "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
    return value


def nonce(body: Json) -> str | int | None:
    value: str | int | None = body.get("nonce")
    if isinstance(value, str) and len(value) > LONGEST_NONCE:
        raise too_long("nonce", LONGEST_NONCE)
    return value


def thread_name(body: Json) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise invalid_form("name", "BASE_TYPE_REQUIRED", "This field is required")
    if utf16_length(name) > LONGEST_NAME:
        message = f"Must be between 1 and {LONGEST_NAME} in length."
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", message)
    return name


def archive_minutes(body: Json) -> int:
    minutes = body.get("auto_archive_duration")
    if minutes is None:
        return 1440
    if minutes not in ARCHIVE_MINUTES:
        message = f"Value must be one of {ARCHIVE_MINUTES}."
        raise invalid_form("auto_archive_duration", "BASE_TYPE_CHOICES", message)
    return int(minutes)


def page(query: Mapping[str, str]) -> int:
    """How many messages a request for history asks for."""
    text = query.get("limit", "50")
    if not text.isdecimal():
        raise invalid_form("limit", "NUMBER_TYPE_COERCE", f'Value "{text}" is not int.')
    if int(text) < 1:
        raise invalid_form("limit", "NUMBER_TYPE_MIN", "int value should be greater than or equal to 1.")
    if int(text) > 100:
        raise invalid_form("limit", "NUMBER_TYPE_MAX", "int value should be less than or equal to 100.")
    return int(text)


def snowflake(field: str, value: Any) -> str:
    text = str(value)
    if not text.isdecimal():
        raise invalid_form(field, "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
    return text


def _array(body: Json, field: str) -> Sequence[Json] | None:
    """None where the field is not there; an explicit null empties it."""
    if field not in body:
        return None
    value = body[field]
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid_form(field, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
    return value


def _object(body: Json, field: str) -> Json | None:
    value = body.get(field)
    if value is not None and not isinstance(value, dict):
        raise invalid_form(field, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    return value


def _embed_length(embed: Json) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for field in embed.get("fields") or ():
        texts += [field.get("name"), field.get("value")]
    return sum(utf16_length(text) for text in texts if text)
