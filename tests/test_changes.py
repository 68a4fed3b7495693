"""Edits, deletions and wishes to stop, as they are stored: the same on both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.stop import Halt, StopSign, Why
from bridge.store import Job, Store, TurnIds
from bridge.types import Attachment, Message, Person, Thread
from tests.postgres import Postgres

THREAD = Thread("slack", "T1", "C1", "1.5")
ME = "me"


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "sqlite":
        async with Store(f"sqlite:///{tmp_path / 'bridge.db'}") as opened:
            await opened.register(ME)
            yield opened
        return
    server: Postgres = request.getfixturevalue("postgres")
    async with (
        server.fresh_database() as url,
        Store(url.render_as_string(hide_password=False)) as opened,
    ):
        await opened.register(ME)
        yield opened


def message(number: int, text: str = "", *, author: str = "U1", edited_at: float = 0.0) -> Message:
    said = text or f"Question {number}?"
    return Message(
        f"m{number}", THREAD, Person(author), said, float(number), addressed=True, edited_at=edited_at
    )


async def begun(store: Store, *later: Message) -> Job:
    """The first question is being answered; later ones wait."""
    taken = await store.accept(message(1), "default", "u", ME)
    for one in later:
        assert await store.accept(one, "default", "u", ME) is not None
    assert taken is not None
    assert taken.job is not None
    return taken.job


async def test_a_question_that_waits_gets_its_new_words(store: Store) -> None:
    job = await begun(store, message(2))
    assert await store.edit(message(2, "Better?")) is None
    following = await store.finish(job, "answered", go_on=1)
    assert following is not None
    assert (following.message.text, following.message.sent_at, following.anew) == ("Better?", 2.0, False)


async def test_of_one_that_is_being_answered_somebody_has_to_know(store: Store) -> None:
    job = await begun(store)
    halt = await store.edit(message(1, "Better?"))
    assert halt is not None
    assert (halt.question_id, halt.why) == (job.id, Why.EDITED)
    if store.shared:
        assert (await store.beat(ME)).to_stop == (halt,)
    renewed = await store.renew(job)
    assert (renewed.message.text, renewed.changed_at, renewed.turn) == ("Better?", halt.at, TurnIds())
    if store.shared:
        assert (await store.beat(ME)).to_stop == ()


@pytest.mark.parametrize("now", [message(1), replace(message(1), sent_at=7.0), replace(message(1), text="")])
async def test_an_edit_that_changes_no_words_changes_nothing(store: Store, now: Message) -> None:
    await begun(store)
    assert await store.edit(now) is None


async def test_a_file_that_was_taken_away_is_a_change_and_its_new_address_is_none(store: Store) -> None:
    file = Attachment("a.png", "image/png", 5, "https://files.test/a?until=1")
    taken = await store.accept(replace(message(1), attachments=(file,)), "default", "u", ME)
    assert taken is not None
    moved = replace(file, source="https://files.test/a?until=2")
    assert await store.edit(replace(message(1), attachments=(moved,))) is None
    assert await store.edit(message(1)) is not None


async def test_an_earlier_edit_that_is_told_late_changes_nothing(store: Store) -> None:
    job = await begun(store)
    assert await store.edit(message(1, "Second", edited_at=20.0)) is not None
    assert await store.edit(message(1, "First", edited_at=10.0)) is None
    assert (await store.renew(job)).message.text == "Second"


async def test_what_was_answered_or_never_heard_of_is_not_edited(store: Store) -> None:
    await store.finish(await begun(store), "answered", go_on=1)
    assert await store.edit(message(1, "Too late")) is None
    assert await store.edit(message(9, "Never heard of")) is None
    assert await store.delete("slack", "m1") is None
    assert await store.delete("slack", "m9") is None


async def test_a_command_that_is_being_obeyed_is_not_edited(store: Store) -> None:
    taken = await store.accept(message(1, "!new"), "default", "u", ME)
    assert taken is not None
    assert await store.edit(message(1, "!forget")) is None


async def test_a_deleted_question_is_over_when_its_turn_comes(store: Store) -> None:
    job = await begun(store, message(2), message(3))
    assert await store.delete("slack", "m2") is None
    following = await store.finish(job, "answered", go_on=1)
    assert following is not None
    assert following.taken_back
    last = await store.finish(following, "deleted", go_on=1)
    assert last is not None
    assert (last.message.text, last.taken_back) == ("Question 3?", False)


async def test_of_questions_that_are_asked_together_the_others_stand(store: Store) -> None:
    job = await begun(store, message(2), message(3))
    together = await store.finish(job, "answered", go_on=5)
    assert together is not None
    halt = await store.delete("slack", "m2")
    assert halt is not None
    assert halt.why is Why.DELETED
    renewed = await store.renew(together)
    assert (renewed.message.text, renewed.taken_back) == ("Question 3?", False)
    await store.delete("slack", "m3")
    assert (await store.renew(together)).taken_back


async def test_what_was_refused_ends_no_answer_that_runs_beside_it(store: Store) -> None:
    job = await begun(store, message(2), message(3), message(4))
    together = await store.finish(job, "answered", go_on=5)
    assert together is not None
    _, third, fourth = together.question_ids
    for refused in (third, fourth):
        await store.refuse(refused, "refused: quota")
    assert await store.edit(message(3, "Better?")) is None
    assert await store.delete("slack", "m4") is None
    if store.shared:
        assert (await store.beat(ME)).to_stop == ()


async def test_what_was_edited_while_nobody_answered_it_is_begun_anew(store: Store) -> None:
    job = await begun(store)
    await store.remember_turn(job, "c1", TurnIds("d1", "t1"))
    await store.hand_over(job, counted=True)
    assert await store.edit(message(1, "Better?")) is None
    (found,) = await store.claim(ME, ["slack"], 5, together=1)
    assert (found.message.text, found.anew, found.turn) == ("Better?", True, TurnIds("d1", "t1"))
    await store.hand_over(found, counted=True)
    (again,) = await store.claim(ME, ["slack"], 5, together=1)
    assert (again.anew, again.turn) == (False, TurnIds())


async def test_a_conversation_begun_with_the_old_words_is_not_gone_on_with(store: Store) -> None:
    job = await begun(store, message(2))
    await store.remember_turn(job, "c1", TurnIds("d1", "t1"))
    assert (await store.renew(job)).conversation_id == ""
    await store.remember_turn(job, "c2", TurnIds("d2", "t2"))
    following = await store.finish(job, "answered", go_on=1)
    assert following is not None
    assert (await store.renew(following)).conversation_id == "c2"


async def test_whoever_stops_an_edited_answer_does_not_want_it_anew(store: Store) -> None:
    job = await begun(store)
    await store.edit(message(1, "Better?"))
    await store.stop(job.id)
    if store.shared:
        assert [one.why for one in (await store.beat(ME)).to_stop] == [Why.STOPPED]
    assert await store.edit(message(1, "Best?")) is None


async def test_only_ones_own_answer_is_interrupted(store: Store) -> None:
    await begun(store)
    taken = await store.accept(message(2, author="U2"), "default", "u", ME)
    assert taken is not None
    for asker, stopped in (("slack:U2", 0), ("slack:U1", 1)):
        await store.ask_to_stop(taken.thread_id, taken.question_id, asker)
        if store.shared:
            assert len((await store.beat(ME)).to_stop) == stopped


async def test_it_is_known_who_asked_what_is_being_answered(store: Store) -> None:
    job = await begun(store, message(2, author="U2"), message(3, author="U3"))
    underway = await store.underway(job.id)
    assert underway is not None
    assert (underway.thread, underway.app, underway.askers) == (THREAD, "default", frozenset({"slack:U1"}))
    together = await store.finish(job, "answered", go_on=5)
    assert together is not None
    assert await store.underway(job.id) is None
    (found,) = await store.underway_in(THREAD, "slack:U9")
    assert found.askers == {"slack:U2", "slack:U3"}
    channel = replace(THREAD, id=THREAD.channel)
    assert [one.thread for one in await store.underway_in(channel, "slack:U2")] == [THREAD]
    assert await store.underway_in(channel, "slack:U9") == ()


async def test_it_is_known_whose_answer_ran_when_a_question_came(store: Store) -> None:
    job = await begun(store, message(2, author="U2"))
    following = await store.finish(job, "answered", go_on=1)
    assert following is not None
    assert await store.ran_beside(following.id) == ("slack:U1",)


@pytest.mark.parametrize("why", Why)
def test_what_one_replica_tells_the_others_understand(why: Why) -> None:
    halt = Halt(7, why, 0 if why is Why.STOPPED else 5)
    assert Halt.unpacked(halt.packed) == halt


@pytest.mark.parametrize("payload", ["", "x", "7:melted:5", "7:edited:x"])
def test_what_cannot_be_understood_is_left_alone(payload: str) -> None:
    assert Halt.unpacked(payload) is None


def test_an_edit_is_heeded_once_however_often_it_is_told() -> None:
    sign = StopSign()
    sign.give(Why.EDITED, 5)
    sign.begin_anew()
    sign.give(Why.EDITED, 5)
    sign.heeded_until(5)
    assert sign.why is None
    sign.give(Why.EDITED, 5)
    assert sign.why is None
    sign.give(Why.EDITED, 6)
    assert sign.why is Why.EDITED


def test_an_edit_is_heeded_once_though_no_question_of_the_answer_bears_its_mark() -> None:
    sign = StopSign()
    sign.give(Why.EDITED, 5)
    sign.begin_anew()
    sign.heeded_until(0)
    sign.give(Why.EDITED, 5)
    assert sign.why is None


def test_whoever_stops_or_deletes_has_the_last_word() -> None:
    sign = StopSign()
    for why in (Why.EDITED, Why.STOPPED, Why.EDITED, Why.DELETED, Why.STOPPED):
        sign.give(why)
    assert sign.why is Why.DELETED


async def test_whoever_waits_for_the_last_words_is_ended_by_a_deletion_alone() -> None:
    sign, ended = StopSign(), False
    sign.give(Why.STOPPED)
    async with sign.heeded(Why.DELETED):
        sign.give(Why.EDITED)
        await asyncio.sleep(0)
        sign.give(Why.DELETED)
        ended = True
        await asyncio.Event().wait()
    assert ended
