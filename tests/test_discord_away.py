"""What is remembered of interactions: not for longer than their time, and not more than there is room for."""

import pytest

from adapters.discord.away import MOST_KEPT, TOKEN_SECONDS, Away
from adapters.discord.commands import Used
from adapters.discord.interactions import Interaction, Pressed
from adapters.discord.places import is_away
from adapters.discord.webhooks import Webhooks
from bridge.errors import MessageGone
from bridge.types import Body, MessageRef, Order, Person, Thread

PLACE = Thread("discord", "@me", "7", "7")
WORDS = Body("Because.", final=True)


class Called(Exception):
    """Discord would have been asked."""


def asked() -> Webhooks:
    raise Called


def interaction(number: int) -> Interaction:
    done = Used(Order.ASK, "Why?")
    return Interaction(str(number), "secret", "9", Person("5"), 0.0, done, PLACE, away=True)


async def test_what_has_ended_is_not_tried() -> None:
    now = [0.0]
    away = Away(lambda: now[0], asked)
    thread = away.begin(interaction(1), PLACE, promised=True)
    now[0] = TOKEN_SECONDS - 1
    with pytest.raises(Called):
        await away.post(thread, WORDS)
    now[0] = TOKEN_SECONDS
    with pytest.raises(MessageGone):
        await away.post(thread, WORDS)
    with pytest.raises(MessageGone):
        await away.edit(MessageRef(thread.id, "3"), WORDS)


async def test_beyond_what_can_be_kept_the_oldest_ends_early() -> None:
    away = Away(lambda: 0.0, asked)
    threads = [away.begin(interaction(number), PLACE, promised=True) for number in range(1, MOST_KEPT + 2)]
    with pytest.raises(MessageGone):
        await away.post(threads[0], WORDS)
    for thread in (threads[1], threads[-1]):
        with pytest.raises(Called):
            await away.post(thread, WORDS)


async def test_a_button_after_twenty_minutes_gives_new_time() -> None:
    now = [0.0]
    away = Away(lambda: now[0], asked)
    thread = away.begin(interaction(1), PLACE, promised=True)
    now[0] = 1_200.0
    pressed = Interaction("2", "new", "9", Person("5"), 0.0, Pressed("x"), PLACE, below="1", away=True)
    away.renew(pressed)
    with pytest.raises(Called):
        await away.post(thread, WORDS)


def test_what_lives_in_an_interaction_has_an_id_that_no_channel_has() -> None:
    away = Away(lambda: 0.0, asked)
    thread = away.begin(interaction(1), PLACE, promised=True)
    assert is_away(thread.id)
    assert not is_away(PLACE.id)
    assert Thread.from_key(thread.key) == thread
    assert "secret" not in thread.key
