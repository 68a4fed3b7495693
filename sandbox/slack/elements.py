"""What can be pressed in a message: the rules for it, and finding it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sandbox.slack.rules import check_length, check_text, invalid, items, object_of, string, text_of
from sandbox.slack.types import JsonObject

MAX_LABEL = 75
MAX_ACTION_ID = 255
MAX_VALUE = 2_000
MAX_CONTEXT_TEXT = 3_000
MAX_OPTIONS = 5  # of an overflow menu
MAX_OPTION = 150
STYLES = (None, "primary", "danger")
PICKERS = ("_select", "picker", "checkboxes", "radio_buttons", "workflow_button")
SIDES = ("positive_button", "negative_button")


@dataclass(frozen=True, slots=True)
class Pressable:
    """One button of a message: what it says, and what Slack tells the app when it is pressed. `style` is
    `primary` or `danger` where it stands out, `option` in a menu, or which one it is of Slack's own pair of
    thumbs."""

    label: str
    action: JsonObject
    style: str = ""

    def is_called(self, what: str) -> bool:
        """By its label or by its id."""
        return what in (self.label, self.action["action_id"])


def check(element: JsonObject, block: str, at: str) -> None:
    """Raise what Slack answers when an element of such a block breaks its rules."""
    match block, element.get("type"):
        case "context", "mrkdwn" | "plain_text":
            check_text(element, MAX_CONTEXT_TEXT, at)
        case "context", "image":
            pass
        case "actions", "button":
            _check_button(element, at)
        case "context_actions", "feedback_buttons":
            _check_action_id(element, at)
            for side in SIDES:
                _check_side(object_of(element.get(side)), f"{at}/{side}")
        case "context_actions", "icon_button":
            _check_action_id(element, at)
        case "actions", "overflow":
            _check_overflow(element, at)
        case "actions", str(kind) if kind.endswith(PICKERS):
            pass  # no bridge makes use of them
        case _, kind:
            raise invalid(f"unsupported type: {kind}", f"{at}/type")


def check_ids(blocks: Iterable[JsonObject]) -> None:
    """Ids have to differ within a block, says Slack; here within a message, as then nobody is in doubt."""
    seen: set[str] = set()
    for element in _elements(blocks):
        action_id = string(element.get("action_id"))
        if action_id and action_id in seen:
            raise invalid(f'`action_id` "{action_id}" already exists for another element', "/blocks")
        seen.add(action_id)


def pressable(blocks: Iterable[JsonObject]) -> Iterator[Pressable]:
    """All buttons, in their order."""
    for element in _elements(blocks):
        named = {"action_id": element.get("action_id"), "block_id": "b1"}
        match element.get("type"):
            case "button":
                label, value = object_of(element.get("text")), element.get("value")
                action = {**named, "type": "button", "text": label, "value": value}
                yield Pressable(text_of(label), action, string(element.get("style")))
            case "overflow":
                yield from _options(element, named)
            case "feedback_buttons":
                for name in SIDES:
                    side = object_of(element.get(name))
                    label, value = object_of(side.get("text")), side.get("value")
                    action = {**named, "type": "feedback_buttons", "text": label, "value": value}
                    yield Pressable(text_of(label), action, name)


def _options(element: JsonObject, named: JsonObject) -> Iterator[Pressable]:
    """What can be chosen in an overflow menu, each as if it were a button."""
    for option in items(element.get("options")):
        chosen = {"text": object_of(option.get("text")), "value": option.get("value")}
        yield Pressable(
            text_of(option.get("text")), {**named, "type": "overflow", "selected_option": chosen}, "option"
        )


def _elements(blocks: Iterable[JsonObject]) -> Iterator[JsonObject]:
    for block in blocks:
        if block.get("type") in ("actions", "context_actions"):
            yield from items(block.get("elements"))


def _check_button(button: JsonObject, at: str) -> None:
    _check_action_id(button, at)
    check_text(button.get("text"), MAX_LABEL, f"{at}/text", plain=True)
    if "value" in button:
        check_length(button["value"], MAX_VALUE, f"{at}/value")
    if button.get("style") not in STYLES:
        raise invalid("must be one of: primary, danger", f"{at}/style")


def _check_overflow(menu: JsonObject, at: str) -> None:
    _check_action_id(menu, at)
    options = items(menu.get("options"))
    if not 1 <= len(options) <= MAX_OPTIONS:
        raise invalid(f"between 1 and {MAX_OPTIONS} items allowed", f"{at}/options")
    for index, option in enumerate(options):
        check_text(option.get("text"), MAX_LABEL, f"{at}/options/{index}/text", plain=True)
        check_length(option.get("value"), MAX_OPTION, f"{at}/options/{index}/value")


def _check_side(side: JsonObject, at: str) -> None:
    check_text(side.get("text"), MAX_LABEL, f"{at}/text", plain=True)
    check_length(side.get("value"), MAX_VALUE, f"{at}/value")


def _check_action_id(element: JsonObject, at: str) -> None:
    if "action_id" in element:
        check_length(element["action_id"], MAX_ACTION_ID, f"{at}/action_id")
