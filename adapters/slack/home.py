"""The bot's Home tab, and what is pressed in it. Pure."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.slack.acting import read_actor
from adapters.slack.buttons import ID_PREFIX, Block, label
from adapters.slack.commands import Invoked, invocation_id
from adapters.slack.events import DIRECT_MESSAGE, PLATFORM
from adapters.slack.fields import Json, first_of, is_ts, object_of, text_of
from adapters.slack.forms import Origin
from adapters.slack.mrkdwn import mrkdwn, mrkdwn_object
from adapters.slack.render import shorten
from bridge.types import Home, Invocation, Order, Recent, Thread
from bridge.words import english, say

# What the ids of its buttons begin with.
PROMPT = f"{ID_PREFIX}prompt"
# Slack's limits, in characters: of a header, of a section, of what a button carries.
HEADER_LIMIT = 150
SECTION_LIMIT = 2_900
VALUE_LIMIT = 2_000
# More is not looked through.
MOST_PROMPTS = 10
MOST_RECENT = 10
TITLE_LIMIT = 75
MEMORY_LIMIT = 3_000


def view(home: Home, channel: str, workspace_url: str, locale: str = "") -> Block:
    """The view that shows it to somebody whose direct messages with the bot are in `channel`."""
    offer = home.offer
    prompts = [prompt for prompt in offer.prompts if prompt.strip() and len(prompt) <= VALUE_LIMIT]
    blocks: list[Block] = [
        *_header(offer.name),
        *_section(offer.description),
        *_section(offer.opening),
        *_titled(say(english.HOME_PROMPTS, locale), _buttons(prompts[:MOST_PROMPTS])),
        *_titled(say(english.HOME_RECENT, locale), _recent(home.recent, workspace_url)),
        *_titled(say(english.HOME_HELP, locale), _section(home.help)),
    ]
    memory = json.dumps({"channel": channel})
    blocks = blocks or [*_section(say(english.HOME_EMPTY, locale))]
    return {"type": "home", "private_metadata": memory, "blocks": blocks}


def address(workspace_url: str, thread: Thread) -> str:
    """Where somebody finds a thread."""
    if not workspace_url:
        return f"https://app.slack.com/client/{thread.workspace}/{thread.channel}/thread/{thread.channel}-{thread.id}"
    return f"{workspace_url.rstrip('/')}/archives/{thread.channel}/p{thread.id.replace('.', '')}"


def read_prompt(payload: Json, team_id: str, now: float) -> Invoked | None:
    """The question that somebody pressed in the Home tab; it is asked in their direct messages."""
    view, person = object_of(payload.get("view")), read_actor(payload, team_id)
    action = first_of(payload.get("actions"))
    channel, prompt = _remembered(view.get("private_metadata")), text_of(action, "value")
    trigger = text_of(payload, "trigger_id")
    pressed = view.get("type") == "home" and text_of(action, "action_id").startswith(f"{PROMPT}:")
    if person is None or not (pressed and channel and trigger and 0 < len(prompt) <= VALUE_LIMIT):
        return None
    invocation = Invocation(
        id=invocation_id(team_id, channel, trigger),
        place=Thread(PLATFORM, team_id, channel, channel),
        person=person,
        order=Order.ASK,
        text=prompt,
        at=now,
    )
    return Invoked(invocation, Origin(channel, ""), trigger)


def _header(name: str) -> tuple[Block, ...]:
    if not name.strip():
        return ()
    return ({"type": "header", "text": {"type": "plain_text", "text": label(name, HEADER_LIMIT)}},)


def _section(text: str) -> tuple[Block, ...]:
    words = mrkdwn(text)
    if not words:
        return ()
    words = shorten(words, SECTION_LIMIT) if len(words) > SECTION_LIMIT else words
    return ({"type": "section", "text": mrkdwn_object(words)},)


def _titled(title: str, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    return (*_header(title), *blocks) if blocks else ()


def _buttons(prompts: Sequence[str]) -> tuple[Block, ...]:
    if not prompts:
        return ()
    elements = [
        {
            "type": "button",
            "action_id": f"{PROMPT}:{number}",
            "text": {"type": "plain_text", "text": label(prompt)},
            "value": prompt,
        }
        for number, prompt in enumerate(prompts, start=1)
    ]
    return ({"type": "actions", "elements": elements},)


def _recent(recent: Sequence[Recent], workspace_url: str) -> tuple[Block, ...]:
    """One line each, as a link. No one else's words are in it but a title, in which nothing is a token."""
    words = ""
    for one in recent[:MOST_RECENT]:
        if not is_ts(one.thread.id):
            continue
        title, day = label(one.title, TITLE_LIMIT), datetime.fromtimestamp(one.at, UTC).date().isoformat()
        when = f"<!date^{int(one.at)}^{{date_short_pretty}}|{day}>"
        line = f"• <{address(workspace_url, one.thread)}|{title}>  {when}\n"
        if len(words) + len(line) > SECTION_LIMIT:
            break
        words += line
    return ({"type": "section", "text": mrkdwn_object(words.rstrip())},) if words else ()


def _remembered(private_metadata: object) -> str:
    """The channel that a Home tab of ours carries."""
    if not isinstance(private_metadata, str):
        return ""
    try:
        memory = json.loads(private_metadata[:MEMORY_LIMIT])
    except ValueError:
        return ""
    match memory:
        case {"channel": str(channel)} if channel.startswith(DIRECT_MESSAGE):
            return channel
        case _:
            return ""
