"""What a method is: its name, its arguments, its answer; and the arguments that several share."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.arguments import Arg, Arguments, Kind
from sandbox.slack.types import JsonObject
from sandbox.slack.world import World


@dataclass(frozen=True, slots=True)
class Method:
    """`answer` returns the fields beside `ok`, or raises ApiError. `app_level` asks for the xapp token."""

    name: str
    args: tuple[Arg, ...]
    answer: Callable[[World, Arguments], JsonObject]
    app_level: bool = False


CHANNEL = Arg("channel", missing="channel_not_found")
TS = Arg("ts", missing="message_not_found")
MARKDOWN = Arg("markdown_text")
BLOCKS = Arg("blocks", Kind.OBJECTS, malformed="invalid_blocks_format")
ATTACHMENTS = Arg("attachments", Kind.OBJECTS, malformed="invalid_attachments")
METADATA = Arg("metadata", Kind.OBJECT, malformed="invalid_metadata_format")
LOOKS = (Arg("icon_emoji"), Arg("icon_url"), Arg("username"))
