"""Block Kit as far as a bridge needs it: the rules that Slack enforces, and the words a person reads."""

from collections.abc import Iterator, Mapping

from sandbox.slack import elements
from sandbox.slack.errors import ApiError
from sandbox.slack.rules import check_length, check_text, invalid, items, object_of, text_of
from sandbox.slack.types import Json, JsonObject

MAX_BLOCKS = 50
MAX_MARKDOWN = 12_000  # characters over all markdown blocks of a message
MAX_ALL = 13_200  # characters over all blocks, from slackapi/bolt-js#2509
MAX_SECTION = 3_000
MAX_FIELD = 2_000
MAX_HEADER = 150

KNOWN = frozenset(
    (
        *("actions", "alert", "card", "carousel", "container", "context", "context_actions", "data_table"),
        *(
            "data_visualization",
            "divider",
            "file",
            "header",
            "image",
            "input",
            "markdown",
            "plan",
            "rich_text",
        ),
        *("section", "table", "task_card", "video"),
    )
)


def check(blocks: tuple[JsonObject, ...]) -> None:
    """Raise what Slack answers when `blocks` break its rules."""
    if len(blocks) > MAX_BLOCKS:
        raise invalid(f"no more than {MAX_BLOCKS} items allowed", "/blocks")
    for index, block in enumerate(blocks):
        check_block(block, f"/blocks/{index}")
    elements.check_ids(blocks)
    markdown = sum(len(text_of(block)) for block in blocks if block["type"] == "markdown")
    if markdown > MAX_MARKDOWN:
        raise invalid(f"markdown blocks hold {markdown} characters, more than {MAX_MARKDOWN}", "/blocks")
    if sum(len(words) for block in blocks for words in _words(block)) > MAX_ALL:
        raise ApiError("msg_blocks_too_long")


def check_block(block: JsonObject, at: str) -> None:
    kind = block.get("type")
    if kind not in KNOWN:
        raise invalid(f"unsupported type: {kind}", f"{at}/type")
    match kind:
        case "markdown":
            check_length(block.get("text"), MAX_MARKDOWN, f"{at}/text")
        case "section":
            _check_section(block, at)
        case "header":
            check_text(block.get("text"), MAX_HEADER, f"{at}/text")
        case "actions" | "context_actions" | "context":
            _check_elements(block, at)


def visible(blocks: tuple[JsonObject, ...]) -> str:
    """The words of `blocks`, one block a line. Labels of buttons are not among them."""
    lines = (_line(block) for block in blocks)
    return "\n".join(line for line in lines if line)


def _check_section(block: JsonObject, at: str) -> None:
    fields = items(block.get("fields"))
    if block.get("text") is None and not fields:
        raise invalid("missing required field: text", at)
    if block.get("text") is not None:
        check_text(block["text"], MAX_SECTION, f"{at}/text")
    if len(fields) > 10:
        raise invalid("no more than 10 items allowed", f"{at}/fields")
    for index, field in enumerate(fields):
        check_text(field, MAX_FIELD, f"{at}/fields/{index}")


def _check_elements(block: JsonObject, at: str) -> None:
    most = {"actions": 25, "context_actions": 5, "context": 10}[str(block["type"])]
    found = items(block.get("elements"))
    if not 1 <= len(found) <= most:
        raise invalid(f"between 1 and {most} items allowed", f"{at}/elements")
    for index, element in enumerate(found):
        elements.check(element, str(block["type"]), f"{at}/elements/{index}")


def _line(block: JsonObject) -> str:
    joint = {"rich_text": "", "table": " | ", "context": " "}.get(str(block.get("type")), "\n")
    return joint.join(_words(block))


def _words(block: JsonObject) -> Iterator[str]:
    match block.get("type"):
        case "markdown":
            yield text_of(block)
        case "section" | "header" | "alert":
            parts = (object_of(block.get("text")), *items(block.get("fields")))
            yield from (text_of(part) for part in parts)
        case "context":
            yield from (text_of(element) for element in items(block.get("elements")))
        case "rich_text" | "table":
            yield from _deep(block)


def _deep(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            yield text_of(value)
        for key in ("elements", "rows"):
            yield from _deep(value.get(key))
    elif isinstance(value, list):
        for item in value:
            yield from _deep(item)
