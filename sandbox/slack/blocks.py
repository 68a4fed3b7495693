"""Block Kit as far as a bridge needs it: the rules that Slack enforces, and the words a person reads."""

from collections.abc import Iterator, Mapping

from sandbox.slack.errors import ApiError
from sandbox.slack.types import Json, JsonObject

MAX_BLOCKS = 50
MAX_MARKDOWN = 12_000  # characters over all markdown blocks of a message
MAX_ALL = 13_200  # characters over all blocks, from slackapi/bolt-js#2509
MAX_SECTION = 3_000
MAX_FIELD = 2_000
MAX_HEADER = 150
MAX_BUTTON = 75

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
        raise _invalid(f"no more than {MAX_BLOCKS} items allowed", "/blocks")
    for index, block in enumerate(blocks):
        _check(block, f"/blocks/{index}")
    markdown = sum(len(_text(block)) for block in blocks if block["type"] == "markdown")
    if markdown > MAX_MARKDOWN:
        raise _invalid(f"markdown blocks hold {markdown} characters, more than {MAX_MARKDOWN}", "/blocks")
    if sum(len(words) for block in blocks for words in _words(block)) > MAX_ALL:
        raise ApiError("msg_blocks_too_long")


def visible(blocks: tuple[JsonObject, ...]) -> str:
    """The words of `blocks`, one block a line. Labels of buttons are not among them."""
    lines = (_line(block) for block in blocks)
    return "\n".join(line for line in lines if line)


def _check(block: JsonObject, at: str) -> None:
    kind = block.get("type")
    if kind not in KNOWN:
        raise _invalid(f"unsupported type: {kind}", f"{at}/type")
    match kind:
        case "markdown":
            _check_length(block.get("text"), MAX_MARKDOWN, f"{at}/text")
        case "section":
            _check_section(block, at)
        case "header":
            _check_text(block.get("text"), MAX_HEADER, f"{at}/text")
        case "actions" | "context_actions" | "context":
            _check_elements(block, at)


def _check_section(block: JsonObject, at: str) -> None:
    fields = _items(block.get("fields"))
    if block.get("text") is None and not fields:
        raise _invalid("missing required field: text", at)
    if block.get("text") is not None:
        _check_text(block["text"], MAX_SECTION, f"{at}/text")
    if len(fields) > 10:
        raise _invalid("no more than 10 items allowed", f"{at}/fields")
    for index, field in enumerate(fields):
        _check_text(field, MAX_FIELD, f"{at}/fields/{index}")


def _check_elements(block: JsonObject, at: str) -> None:
    most = {"actions": 25, "context_actions": 5, "context": 10}[str(block["type"])]
    elements = _items(block.get("elements"))
    if not 1 <= len(elements) <= most:
        raise _invalid(f"between 1 and {most} items allowed", f"{at}/elements")
    for index, element in enumerate(elements):
        if element.get("type") == "button":
            _check_text(element.get("text"), MAX_BUTTON, f"{at}/elements/{index}/text")


def _check_text(value: Json, most: int, at: str) -> None:
    if not isinstance(value, Mapping) or value.get("type") not in ("plain_text", "mrkdwn"):
        raise _invalid("must be a text object", at)
    _check_length(value.get("text"), most, f"{at}/text")


def _check_length(value: Json, most: int, at: str) -> None:
    if not isinstance(value, str) or not value:
        raise _invalid("must be more than 0 characters", at)
    if len(value) > most:
        raise _invalid(f"must be less than {most + 1} characters", at)


def _invalid(what: str, at: str) -> ApiError:
    return ApiError("invalid_blocks", f"[ERROR] {what} [json-pointer:{at}]")


def _line(block: JsonObject) -> str:
    joint = {"rich_text": "", "table": " | ", "context": " "}.get(str(block.get("type")), "\n")
    return joint.join(_words(block))


def _words(block: JsonObject) -> Iterator[str]:
    match block.get("type"):
        case "markdown":
            yield _text(block)
        case "section" | "header" | "alert":
            yield from (_text(part) for part in (_object(block.get("text")), *_items(block.get("fields"))))
        case "context":
            yield from (_text(element) for element in _items(block.get("elements")))
        case "rich_text" | "table":
            yield from _deep(block)


def _deep(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            yield _text(value)
        for key in ("elements", "rows"):
            yield from _deep(value.get(key))
    elif isinstance(value, list):
        for item in value:
            yield from _deep(item)


def _text(value: JsonObject) -> str:
    text = value.get("text")
    return text if isinstance(text, str) else ""


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _items(value: Json) -> tuple[JsonObject, ...]:
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()
