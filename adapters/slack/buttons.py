"""Buttons and sources as the blocks that stand below a message. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from adapters.slack.mrkdwn import mrkdwn_object, neutralise
from bridge.markdown import utf16_length
from bridge.types import Action, Button, Style
from bridge.words import english, say

Block = Mapping[str, object]

# What the id of everything of ours begins with that can be pressed or sent.
ID_PREFIX = "bridge:"
# Slack's own pair of thumbs has one id and says which of both was pressed in its value.
FEEDBACK = "feedback"
# So has the menu of what else can be done with an answer.
MENU = "menu"
IN_MENU = (Action.SOURCES, Action.AGAIN, Action.SPEAK, Action.CURATE)
# Of one menu.
MAX_OPTIONS = 5
# Of a button, in characters.
LABEL_LIMIT = 75
# Of one block of buttons, and of a message: four such blocks.
ROW_LIMIT = 25
MAX_BUTTONS = 100
# Of the line of sources, as it is sent, and of each source: they are to be glanced at, and Slack counts the
# words of all blocks together.
SOURCES_LIMIT = 1_000
SOURCE_LIMIT = 120


def source_blocks(sources: Sequence[str], locale: str = "") -> tuple[Block, ...]:
    """One small line that numbers the sources; those beyond its room are left out."""
    line = head = say(english.SOURCES, locale)
    for number, source in enumerate(sources, start=1):
        words = neutralise(shortened(" ".join(source.split()), SOURCE_LIMIT))
        if len(line) + len(words) + len(f"  {number}. ") > SOURCES_LIMIT:
            break
        line += f"  {number}. {words}"
    if line == head:
        return ()
    # Nothing in a name is made a link, or a channel.
    return ({"type": "context", "elements": [mrkdwn_object(line)]},)


def button_blocks(buttons: Sequence[Button], *, final: bool, thumbs: bool = True) -> tuple[Block, ...]:
    """The buttons in their order. In a final message, thumbs up and down are Slack's own pair, where Slack
    takes these `thumbs`; and what else can be done with the answer is a menu beside them."""
    shown = list(buttons[:MAX_BUTTONS])
    menu = [one for one in shown if one.action in IN_MENU][:MAX_OPTIONS] if final else []
    # A menu of one would only be in the way.
    if len(menu) < 2:
        menu = []
    shown = [one for one in shown if one not in menu]
    pair = _thumbs(shown) if final else None
    if pair is None:
        return _rows(shown, menu=menu)
    at = min(shown.index(one) for one in pair)
    before = [one for one in shown[:at] if one not in pair]
    after = [one for one in shown[at:] if one not in pair]
    # Each block has ids of its own, which all the same must not be repeated in the message.
    if thumbs:
        return (*_rows(before), _feedback(*pair), *_rows((), menu=menu), *_rows(after, taken=before))
    return (*_rows([*before, *pair], menu=menu), *_rows(after, taken=before))


def label(text: str, limit: int = LABEL_LIMIT) -> str:
    """A text as Slack's plain texts show it: in one line, and with nothing that could be read as a token."""
    return shortened(" ".join(text.split()).translate(_PLAIN), limit) or "…"


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning with an ellipsis, counted as Slack may do it, in UTF-16."""
    if utf16_length(text) <= limit:
        return text
    head = text[: limit - 1]
    while utf16_length(head) >= limit:
        head = head[:-1]
    return head.rstrip() + "…"


# Slack does not say whether it reads entities in plain texts; so lookalikes stand for what begins a token.
# What is not seen goes: control characters, and those that turn the order of others around.
_UNSEEN = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_PLAIN = {ord("<"): "‹", ord(">"): "›", **dict.fromkeys(_UNSEEN)}


def _thumbs(buttons: Iterable[Button]) -> tuple[Button, Button] | None:
    first = {one.action: one for one in reversed(list(buttons))}
    like, dislike = first.get(Action.LIKE), first.get(Action.DISLIKE)
    return (like, dislike) if like and dislike else None


def _feedback(like: Button, dislike: Button) -> Block:
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": ID_PREFIX + FEEDBACK,
                "positive_button": _named(like),
                "negative_button": _named(dislike),
            }
        ],
    }


def _named(button: Button) -> Block:
    return {
        "text": {"type": "plain_text", "text": label(button.label)},
        "value": f"{button.action}:{button.value}",
    }


def _rows(
    buttons: Sequence[Button], taken: Sequence[Button] = (), menu: Sequence[Button] = ()
) -> tuple[Block, ...]:
    """Rows of buttons, of which `taken` stand in earlier ones, and at their end the menu."""
    elements = [
        _button(one, sum(other.action is one.action for other in (*taken, *buttons[:at])))
        for at, one in enumerate(buttons)
    ]
    if menu:
        elements.append(_menu(menu))
    return tuple(
        {"type": "actions", "elements": elements[start : start + ROW_LIMIT]}
        for start in range(0, len(elements), ROW_LIMIT)
    )


def _menu(buttons: Sequence[Button]) -> Block:
    return {
        "type": "overflow",
        "action_id": ID_PREFIX + MENU,
        "options": [_named(one) for one in buttons],
    }


def _button(button: Button, same_before: int) -> Block:
    number = f":{same_before + 1}" if same_before else ""
    plain: dict[str, object] = {
        "type": "button",
        "action_id": f"{ID_PREFIX}{button.action}{number}",
        "text": {"type": "plain_text", "text": label(button.label)},
        "value": button.value,
    }
    return plain if button.style is Style.PLAIN else {**plain, "style": str(button.style)}
