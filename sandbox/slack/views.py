"""Modal views: the rules that Slack enforces, what a person sees of them, and what they fill in. Pure."""

from collections.abc import Iterator, Mapping

from sandbox.slack import blocks as kit
from sandbox.slack import elements
from sandbox.slack.errors import ApiError
from sandbox.slack.rules import check_length, check_text, invalid, items, object_of, string, text_of
from sandbox.slack.types import Json, JsonObject, SlackInput, SlackView

MAX_TITLE = 24
MAX_BLOCKS = 100
MAX_METADATA = 3_000
MAX_ID = 255
MAX_LABEL = 2_000
MAX_HINT = 2_000
MAX_INPUT = 3_000
MAX_OPTION_LABEL = 75
MAX_OPTION = 150
MAX_OPTIONS = {"static_select": 100, "checkboxes": 10}
IN_MODALS = frozenset(
    ("actions", "context", "divider", "header", "image", "input", "rich_text", "section", "video")
)
TRUE = "true"


class FormError(ValueError):
    """What Slack shows below a field instead of sending the form."""


def check(view: JsonObject) -> None:
    """Raise what Slack answers when a view breaks its rules."""
    try:
        _check(view)
    except ApiError as error:
        raise ApiError("invalid_arguments", *error.details) from None


def check_home(view: JsonObject) -> None:
    """The same for what an app publishes as its Home tab."""
    try:
        if view.get("type") != "home":
            raise invalid("unsupported type", "/view/type")
        unknown = set(view) - {"type", "blocks", "private_metadata", "callback_id", "external_id"}
        if unknown:
            raise invalid(f"additional properties: {sorted(unknown)}", "/view")
        _check_common(view)
        elements.check_ids(items(view.get("blocks")))
    except ApiError as error:
        raise ApiError("invalid_arguments", *error.details) from None


def shown(view_id: str, view: JsonObject, errors: tuple[tuple[str, str], ...] = ()) -> SlackView:
    blocks = items(view.get("blocks"))
    return SlackView(
        id=view_id,
        title=text_of(view.get("title")),
        submit=text_of(view.get("submit")),
        callback_id=string(view.get("callback_id")),
        private_metadata=string(view.get("private_metadata")),
        text=kit.visible(blocks),
        inputs=tuple(_shown(block) for block in blocks if block.get("type") == "input"),
        errors=errors,
    )


def filled(view: JsonObject, values: Mapping[str, str]) -> JsonObject:
    """The state of the view when `values` are filled in, by label, and all else is left as it is."""
    inputs = [block for block in items(view.get("blocks")) if block.get("type") == "input"]
    unknown = set(values) - {text_of(block.get("label")) for block in inputs}
    if unknown:
        raise FormError(f"no field is called {sorted(unknown)}")
    return {str(block["block_id"]): _state(block, values) for block in inputs}


def _check(view: JsonObject) -> None:
    if view.get("type") != "modal":
        raise invalid("unsupported type", "/view/type")
    check_text(view.get("title"), MAX_TITLE, "/view/title", plain=True)
    for name in ("submit", "close"):
        if name in view:
            check_text(view[name], MAX_TITLE, f"/view/{name}", plain=True)
    _check_common(view)
    if "submit" not in view and any(block["type"] == "input" for block in items(view.get("blocks"))):
        raise invalid("missing required field: submit", "/view")


def _check_common(view: JsonObject) -> None:
    check_length(view.get("private_metadata", ""), MAX_METADATA, "/view/private_metadata", least=0)
    check_length(view.get("callback_id", ""), MAX_ID, "/view/callback_id", least=0)
    blocks = items(view.get("blocks"))
    if not 1 <= len(blocks) <= MAX_BLOCKS:
        raise invalid(f"between 1 and {MAX_BLOCKS} items allowed", "/view/blocks")
    for index, block in enumerate(blocks):
        _check_block(block, f"/view/blocks/{index}")
    ids = [string(block.get("block_id")) for block in blocks if block.get("block_id")]
    if len(set(ids)) < len(ids):
        raise invalid("block_id already exists", "/view/blocks")


def _check_block(block: JsonObject, at: str) -> None:
    if block.get("type") not in IN_MODALS:
        raise invalid(f"unsupported type: {block.get('type')}", f"{at}/type")
    kit.check_block(block, at)
    if block["type"] == "input":
        check_length(block.get("block_id"), MAX_ID, f"{at}/block_id")
        check_text(block.get("label"), MAX_LABEL, f"{at}/label", plain=True)
        if "hint" in block:
            check_text(block["hint"], MAX_HINT, f"{at}/hint", plain=True)
        _check_element(object_of(block.get("element")), f"{at}/element")


def _check_element(element: JsonObject, at: str) -> None:
    check_length(element.get("action_id"), MAX_ID, f"{at}/action_id")
    match element.get("type"):
        case "plain_text_input":
            longest = element.get("max_length", MAX_INPUT)
            if not isinstance(longest, int) or not 1 <= longest <= MAX_INPUT:
                raise invalid(f"must be between 1 and {MAX_INPUT}", f"{at}/max_length")
            check_length(element.get("initial_value", ""), longest, f"{at}/initial_value", least=0)
        case "number_input":
            if not isinstance(element.get("is_decimal_allowed"), bool):
                raise invalid("missing required field: is_decimal_allowed", at)
            if "initial_value" in element and _number(string(element["initial_value"])) is None:
                raise invalid("must be a number", f"{at}/initial_value")
        case "static_select" | "checkboxes":
            _check_options(element, at)
        case kind:
            raise invalid(f"unsupported type: {kind}", f"{at}/type")


def _check_options(element: JsonObject, at: str) -> None:
    options, most = items(element.get("options")), MAX_OPTIONS[str(element["type"])]
    if not 1 <= len(options) <= most:
        raise invalid(f"between 1 and {most} items allowed", f"{at}/options")
    for index, option in enumerate(options):
        check_text(option.get("text"), MAX_OPTION_LABEL, f"{at}/options/{index}/text")
        check_length(option.get("value"), MAX_OPTION, f"{at}/options/{index}/value")
    for chosen in _initial(element):
        if chosen not in options:
            raise invalid("must be one of the options", f"{at}/initial_option")


def _initial(element: JsonObject) -> tuple[JsonObject, ...]:
    one = element.get("initial_option")
    return (one,) if isinstance(one, Mapping) else items(element.get("initial_options"))


def _shown(block: JsonObject) -> SlackInput:
    element = object_of(block.get("element"))
    return SlackInput(
        label=text_of(block.get("label")),
        block=string(block.get("block_id")),
        name=string(element.get("action_id")),
        kind=string(element.get("type")),
        value=_value(element),
        required=block.get("optional") is not True,
        multiline=element.get("multiline") is True,
        options=tuple(text_of(option.get("text")) for option in items(element.get("options"))),
    )


def _value(element: JsonObject) -> str:
    """What is filled in from the beginning."""
    if element.get("type") in MAX_OPTIONS:
        return next((string(option.get("value")) for option in _initial(element)), "")
    return string(element.get("initial_value"))


def _state(block: JsonObject, values: Mapping[str, str]) -> JsonObject:
    element, label = object_of(block.get("element")), text_of(block.get("label"))
    value = values.get(label, _value(element))
    state = dict(_typed(element, label, value))
    if not (value and value != "false") and block.get("optional") is not True:
        raise FormError(f"{label}: Please complete this required field.")
    return {str(element["action_id"]): {"type": element["type"], **state}}


def _typed(element: JsonObject, label: str, value: str) -> Iterator[tuple[str, Json]]:
    options = items(element.get("options"))
    chosen = [one for one in options if value and value in (one["value"], text_of(one.get("text")))]
    match element["type"]:
        case "static_select":
            if value and not chosen:
                raise FormError(f"{label}: there is no option {value!r}")
            yield "selected_option", chosen[0] if chosen else None
        case "checkboxes":
            yield "selected_options", list(chosen or (options[:1] if value == TRUE else ()))
        case "number_input" if value and _number(value) is None:
            raise FormError(f"{label}: Must be a number.")
        case "plain_text_input" if len(value) > int(str(element.get("max_length", MAX_INPUT))):
            raise FormError(f"{label}: too long")
        case _:
            yield "value", value or None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
