"""Buttons as Discord shows them, and what is meant when one is pressed. Pure.

All that a button means stands in its custom id, so that it can be pressed as long as its message is there,
whichever process has made it.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias, assert_never

from adapters.discord.labels import label
from bridge.markdown import utf16_length
from bridge.types import Action, Button, Style

Component: TypeAlias = Mapping[str, object]

# discord.com/developers, "Component Reference".
LABEL_LIMIT = 80
CUSTOM_ID_LIMIT = 100
BUTTONS_PER_ROW = 5
MOST_BUTTONS = 25
ACTION_ROW: Final = 1
BUTTON: Final = 2

_PRIMARY, _SECONDARY, _DANGER = 1, 2, 4
_OURS = "bridge"
_EMOJI = {Action.LIKE: "👍", Action.DISLIKE: "👎"}


def rows(buttons: tuple[Button, ...]) -> list[Component]:
    """The components of the message. Discord takes no two buttons that mean the same, and none that means
    too much: without that one, the message is still taken."""
    told: dict[str, Button] = {}
    for one in buttons:
        told.setdefault(custom_id(one.action, one.value), one)
    shown = [_button(one, name) for name, one in told.items() if is_custom_id(name)][:MOST_BUTTONS]
    starts = range(0, len(shown), BUTTONS_PER_ROW)
    return [row(*shown[start : start + BUTTONS_PER_ROW]) for start in starts]


def row(*buttons: Component) -> Component:
    return {"type": ACTION_ROW, "components": list(buttons)}


def button(words: str, name: str, style: Style = Style.PLAIN) -> Component:
    """One with this custom id."""
    return {"type": BUTTON, "style": _style(style), "label": label(words, LABEL_LIMIT), "custom_id": name}


def custom_id(action: Action, value: str) -> str:
    return f"{_OURS}:{action.value}:{value}"


def is_custom_id(name: str) -> bool:
    """Whether Discord takes this as one."""
    return utf16_length(name) <= CUSTOM_ID_LIMIT


def meaning(name: str) -> tuple[Action, str] | None:
    """The action and the value of a custom id; None where it is none of ours."""
    ours, _, rest = name.partition(":")
    action, _, value = rest.partition(":")
    if ours != _OURS or action not in set(Action):
        return None
    return Action(action), value


def _button(one: Button, name: str) -> Component:
    emoji = _EMOJI.get(one.action)
    words = one.label.strip()
    if emoji is None:
        return button(words or one.action.value.capitalize(), name, one.style)
    shown = {"type": BUTTON, "style": _style(one.style), "custom_id": name, "emoji": {"name": emoji}}
    return shown if words in ("", emoji) else shown | {"label": label(words, LABEL_LIMIT)}


def _style(style: Style) -> int:
    match style:
        case Style.PLAIN:
            return _SECONDARY
        case Style.PRIMARY:
            return _PRIMARY
        case Style.DANGER:
            return _DANGER
        case _:
            assert_never(style)
