"""What is remembered, that it is remembered once, and who may answer it: the same on both databases."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from bridge.errors import LeaseLost, StoreError
from bridge.store import UNFILLED, Job, KnownThread, Store, Taken, TurnIds
from bridge.store.tables import METADATA
from bridge.types import Attachment, Message, MessageRef, Person, Thread
from tests.postgres import Postgres

T = TypeVar("T")

THREAD = Thread("slack", "T1", "C1", "1.5")
ME, OTHER = "me", "other"

# What the first version of the tables held, as SQLite kept it; the answer was never finished.
FIRST_VERSION = """
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0001');
CREATE TABLE chat_thread (id INTEGER NOT NULL, "key" VARCHAR NOT NULL, app VARCHAR NOT NULL,
  dify_user VARCHAR(255) NOT NULL, conversation_id VARCHAR, updated_at BIGINT NOT NULL,
  CONSTRAINT pk_chat_thread PRIMARY KEY (id), CONSTRAINT uq_chat_thread_key UNIQUE ("key"));
CREATE TABLE question (id INTEGER NOT NULL, platform VARCHAR NOT NULL, message_id VARCHAR NOT NULL,
  thread_id INTEGER NOT NULL, received_at BIGINT NOT NULL, finished_at BIGINT, outcome VARCHAR,
  dify_message_id VARCHAR, dify_task_id VARCHAR, CONSTRAINT pk_question PRIMARY KEY (id),
  CONSTRAINT fk_question_thread_id_chat_thread FOREIGN KEY(thread_id) REFERENCES chat_thread (id)
  ON DELETE CASCADE, CONSTRAINT uq_question_platform_message_id UNIQUE (platform, message_id));
CREATE INDEX ix_question_thread_id ON question (thread_id);
CREATE TABLE reply_message (id INTEGER NOT NULL, question_id INTEGER NOT NULL, page INTEGER NOT NULL,
  channel VARCHAR NOT NULL, message_id VARCHAR NOT NULL, CONSTRAINT pk_reply_message PRIMARY KEY (id),
  CONSTRAINT fk_reply_message_question_id_question FOREIGN KEY(question_id) REFERENCES question (id)
  ON DELETE CASCADE, CONSTRAINT uq_reply_message_question_id_page UNIQUE (question_id, page));
CREATE INDEX ix_reply_message_channel_message_id ON reply_message (channel, message_id);
INSERT INTO chat_thread VALUES (1, 'slack:T1:C1:1.5', 'default', 'u', 'conversation', 5);
INSERT INTO question VALUES (1, 'slack', 'm1', 1, 5, NULL, NULL, 'd1', 't1');
INSERT INTO reply_message VALUES (1, 1, 0, 'C1', 'r1');
"""


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bridge.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    async with server.fresh_database() as database:
        yield database.render_as_string(hide_password=False)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with registered(url) as opened:
        yield opened


@asynccontextmanager
async def registered(url: str) -> AsyncIterator[Store]:
    async with Store(url) as store:
        await store.sign_off(ME)
        await store.register(ME)
        yield store


def message(number: int, thread: Thread = THREAD) -> Message:
    return Message(f"m{number}", thread, Person("U1"), f"Question {number}?", 0.0, addressed=True)


async def accept(store: Store, number: int, *, user: str = "u", owner: str = ME) -> Taken:
    taken = await store.accept(message(number), "default", user, owner)
    assert taken is not None
    return taken


async def begin(store: Store, number: int, *, user: str = "u") -> Job:
    taken = await accept(store, number, user=user)
    assert taken.job is not None
    return taken.job


async def execute(store: Store, script: Callable[[Connection], T]) -> T:
    return await store.runner.run(script)


async def takes_over(store: Store, owner: str = ME, *, together: int = 1) -> list[Job]:
    return await store.claim(owner, ["slack"], 10, together=together)


async def test_a_message_is_accepted_once_however_often_it_comes(store: Store) -> None:
    taken = await asyncio.gather(*(store.accept(message(1), "default", "u", ME) for _ in range(20)))
    assert sum(one is not None for one in taken) == 1


async def test_what_was_accepted_comes_back_as_it_was_said(store: Store) -> None:
    said = replace(message(1), attachments=(Attachment("a.png", "image/png", 5),), text="Grüße \u2028 🎉")
    await store.accept(said, "default", "u", "")
    (job,) = await takes_over(store)
    assert job.message == said


async def test_the_first_question_gives_the_thread_to_whoever_stored_it(store: Store) -> None:
    first, second = await accept(store, 1), await accept(store, 2)
    assert first.job is not None
    assert second.job is None
    assert second.held


async def test_questions_of_a_thread_come_one_after_the_other_in_order(store: Store) -> None:
    job: Job | None = await begin(store, 1)
    for number in range(2, 6):
        await accept(store, number)
    asked = []
    while job is not None:
        asked.append(job.message.id)
        job = await store.finish(job, "answered", go_on=1)
    assert asked == ["m1", "m2", "m3", "m4", "m5"]
    assert (await begin(store, 6)).message.id == "m6"


async def test_questions_that_wait_can_be_asked_together(store: Store) -> None:
    first = await begin(store, 1)
    for number in range(2, 5):
        await accept(store, number)
    together = await store.finish(first, "answered", go_on=20)
    assert together is not None
    assert together.message.text == "Question 2?\n\nQuestion 3?\n\nQuestion 4?"
    assert together.message.id == "m2"
    assert await store.finish(together, "answered", go_on=20) is None
    assert [thread.finished for thread in await store.list_threads()] == [4]


async def test_what_was_asked_together_stays_together_and_nothing_joins_it(store: Store) -> None:
    first = await begin(store, 1)
    await store.remember_turn(first, "conversation", TurnIds("m", "first task", "r"))
    for number in (2, 3):
        await accept(store, number)
    await store.hand_over(first, counted=True)
    (alone,) = await takes_over(store, together=20)
    assert alone.question_ids == first.question_ids
    merged = await store.finish(alone, "answered", go_on=20)
    assert merged is not None
    await store.remember_turn(merged, "conversation", TurnIds("m", "second task", "r"))
    await accept(store, 4)
    await store.hand_over(merged, counted=True)
    (again,) = await takes_over(store)
    assert [one.id for one in again.messages] == ["m2", "m3"]


async def test_no_more_is_asked_together_than_fits(store: Store) -> None:
    first = await begin(store, 1)
    for number in (2, 3, 4):
        await store.accept(replace(message(number), text="x" * 20_000), "default", "u", ME)
    together = await store.finish(first, "answered", go_on=20)
    assert together is not None
    assert [one.id for one in together.messages] == ["m2"]


async def test_what_cannot_be_read_any_more_has_no_text(store: Store) -> None:
    await accept(store, 1, owner="")
    await execute(store, lambda conn: conn.execute(text("UPDATE question SET payload = '{\"text\": 1}'")))
    (job,) = await takes_over(store)
    assert (job.message.id, job.message.text) == ("m1", "")


async def test_half_characters_and_noughts_are_kept(store: Store) -> None:
    await store.accept(replace(message(1), text="a\ud83d b\x00c"), "default", "u", "")
    (job,) = await takes_over(store)
    assert job.message.text == "a\ud83d b\x00c"


async def test_a_conversation_is_known_to_the_next_question_and_after_a_restart(url: str) -> None:
    async with registered(url) as store:
        first = await begin(store, 1)
        await accept(store, 2)
        await store.remember_turn(first, "conversation", TurnIds("message", "task", "run"))
        second = await store.finish(first, "answered", go_on=1)
        assert second is not None
        assert (second.conversation_id, second.turn) == ("conversation", TurnIds())
        await store.finish(second, "answered", go_on=1)
    async with registered(url) as store:
        assert (await begin(store, 3)).conversation_id == "conversation"
        assert await store.accept(message(1), "default", "u", ME) is None


async def test_the_user_is_fixed_when_the_conversation_begins(store: Store) -> None:
    first = await begin(store, 1, user="opener")
    await accept(store, 2, user="somebody else")
    second = await store.finish(first, "answered", go_on=1)
    assert second is not None
    assert (first.dify_user, second.dify_user) == ("opener", "opener")


async def test_a_forgotten_conversation_begins_anew_under_whoever_asks(store: Store) -> None:
    first = await begin(store, 1, user="opener")
    await accept(store, 2, user="another")
    await store.remember_turn(first, "conversation", TurnIds())
    await store.forget_conversation(first, "another")
    second = await store.finish(first, "answered", go_on=1)
    assert second is not None
    assert (second.conversation_id, second.dify_user) == ("", "another")


async def test_a_message_belongs_to_its_own_thread_or_to_that_of_the_reply_it_answers(store: Store) -> None:
    elsewhere = Thread("slack", "T1", "C1", "9.9")
    unaddressed = replace(message(2, elsewhere), addressed=False, replies_to="reply")
    assert await store.accept(unaddressed, "default", "u", ME) is None
    job = await begin(store, 1)
    await store.remember_reply(job, 0, MessageRef("C1", "reply"))
    taken = await store.accept(unaddressed, "default", "u", ME)
    assert taken is not None
    assert taken.message.thread == THREAD
    stray = replace(message(3, elsewhere), addressed=False, replies_to="another")
    assert await store.accept(stray, "default", "u", ME) is None


async def test_what_nobody_had_room_for_waits_until_somebody_takes_it(store: Store) -> None:
    taken = await accept(store, 1, owner="")
    assert (taken.job, taken.held) == (None, False)
    (job,) = await takes_over(store)
    assert (job.starts, job.waited, job.found_at > 0, job.begun_before) == (1, True, True, False)
    assert await takes_over(store) == []


async def test_only_threads_of_platforms_that_are_served_are_taken_over(store: Store) -> None:
    await accept(store, 1, owner="")
    assert await store.claim(ME, ["discord"], 10, together=1) == []
    assert len(await takes_over(store)) == 1


async def test_a_restart_finds_everything_that_was_left_behind(url: str) -> None:
    async with registered(url) as store:
        job = await begin(store, 1)
        await accept(store, 2)
        await store.remember_turn(job, "conversation", TurnIds("message", "task", "run"))
        await store.remember_reply(job, 0, MessageRef("C1", "page 1"))
        await store.remember_reply(job, 1, MessageRef("C1", "page 2"))
    async with Store(url) as store:
        await store.register(OTHER)
        await store.sign_off(ME)
        (again,) = await takes_over(store, OTHER)
        assert again.message == message(1)
        assert (again.starts, again.conversation_id) == (2, "conversation")
        assert again.turn == TurnIds("message", "task", "run")
        assert again.replies == (MessageRef("C1", "page 1"), MessageRef("C1", "page 2"))
        assert again.first_started_at == job.first_started_at
        following = await store.finish(again, "answered", go_on=1)
        assert following is not None
        assert (following.message, following.found_at) == (message(2), again.found_at)


async def test_what_is_handed_over_does_not_count_as_a_failure(store: Store) -> None:
    await store.hand_over(await begin(store, 1), counted=True)
    (again,) = await takes_over(store)
    assert again.starts == 1


async def test_the_start_of_a_suspicious_question_counts_only_when_its_turn_comes(store: Store) -> None:
    async def left_behind() -> Job:
        """Begun, and then its holder was killed."""
        await store.sign_off(OTHER)
        await store.register(OTHER)
        (job,) = await takes_over(store, OTHER)
        return job

    await accept(store, 1, owner="")
    starts = [await left_behind() for _ in range(5)]
    assert [job.starts for job in starts] == [1, 2, 3, 3, 3]
    assert [job.suspicious for job in starts] == [False, False, True, True, True]
    await store.hand_over(starts[-1], counted=False)
    suspicious = await left_behind()
    assert suspicious.starts == 3
    await store.count_start(suspicious)
    again = await left_behind()
    assert again.starts == 4
    with pytest.raises(LeaseLost):
        await store.count_start(suspicious)


async def test_whoever_lost_a_thread_can_write_nothing_any_more(store: Store) -> None:
    lost = await begin(store, 1)
    await store.hand_over(lost, counted=True)
    (held,) = await takes_over(store)
    for attempt in (
        store.remember_turn(lost, "wrong", TurnIds()),
        store.remember_reply(lost, 0, MessageRef("C1", "wrong")),
        store.forget_conversation(lost, "wrong"),
        store.hand_over(lost, counted=True),
        store.finish(lost, "wrong", go_on=1),
    ):
        with pytest.raises(LeaseLost):
            await attempt
    await store.finish(held, "answered", go_on=1)
    assert [(one.conversation_id, one.dify_user) for one in await store.list_threads()] == [("", "u")]


async def test_a_replica_that_was_given_up_takes_nothing(store: Store) -> None:
    await store.sign_off(ME)
    taken = await accept(store, 1)
    assert (taken.job, taken.held) == (None, False)
    assert await takes_over(store) == []
    await store.register(OTHER)
    assert len(await takes_over(store, OTHER)) == 1


async def test_a_role_belongs_to_one_replica_until_it_leaves(store: Store) -> None:
    if not store.shared:
        pytest.skip("one process has every role")
    await store.register(OTHER)
    assert await store.take_role(ME, "gateway")
    assert await store.take_role(ME, "gateway")
    assert not await store.take_role(OTHER, "gateway")
    await store.sign_off(ME)
    assert await store.take_role(OTHER, "gateway")
    await store.leave_role(OTHER, "gateway")
    assert not await store.take_role("unknown", "gateway")


async def test_a_silent_replica_is_given_up_with_all_it_held(store: Store) -> None:
    if not store.shared:
        pytest.skip("nobody watches the only process")
    await begin(store, 1)
    await store.register(OTHER)
    assert await store.give_up(60) == 0
    assert (await store.beat(OTHER)).replicas == 2
    await asyncio.sleep(0.05)
    await store.beat(OTHER)
    assert await store.give_up(0.04) == 1
    pulse = await store.beat(OTHER)
    assert (pulse.alive, pulse.replicas) == (True, 1)
    assert not (await store.beat(ME)).alive
    assert len(await takes_over(store, OTHER)) == 1


async def test_a_wish_to_stop_reaches_whoever_answers(store: Store) -> None:
    if not store.shared:
        pytest.skip("the only process knows by itself")
    taken = await accept(store, 1)
    newer = await accept(store, 2)
    await store.ask_to_stop(taken.thread_id, taken.question_id)
    assert (await store.beat(ME)).to_stop == ()
    await store.ask_to_stop(taken.thread_id, newer.question_id)
    assert (await store.beat(ME)).to_stop[0].question_id == taken.question_id
    assert taken.job is not None
    await store.finish(taken.job, "stopped", go_on=1)
    assert (await store.beat(ME)).to_stop == ()


async def test_texts_questions_and_idle_threads_are_forgotten_in_time(store: Store) -> None:
    old = await begin(store, 1)
    await store.remember_turn(old, "conversation", TurnIds())
    await store.finish(old, "answered", go_on=1)
    await accept(store, 2, owner="")
    assert not await store.tidy(1)
    day = 86_400_000

    def age(conn: Connection) -> None:
        conn.execute(text("UPDATE question SET received_at = received_at - :ms"), {"ms": 2 * day})
        conn.execute(text("UPDATE question SET finished_at = finished_at - :ms"), {"ms": 15 * day})
        conn.execute(text("UPDATE chat_thread SET updated_at = updated_at - :ms"), {"ms": 20 * day})

    await execute(store, age)
    tidied = await store.tidy(10)
    assert (tidied.texts, tidied.questions, tidied.threads) == (1, 1, 0)
    (left,) = await takes_over(store)
    assert (left.message.id, left.message.text) == ("m2", "")
    await store.finish(left, "refused", go_on=1)
    await execute(store, age)
    tidied = await store.tidy(0)
    assert (tidied.questions, tidied.threads) == (1, 0)
    assert (await store.tidy(10)).threads == 1
    assert not await store.tidy(10)


async def test_what_was_filled_in_is_known_to_every_later_question(store: Store) -> None:
    job = await begin(store, 1)
    assert job.inputs == ()
    filled = (("city", "Köln\nDeutz"), ("days", "3"))
    await store.remember_inputs(job, filled)
    await accept(store, 2)
    following = await store.finish(job, "answered", go_on=1)
    assert following is not None
    assert (following.inputs, following.app) == (filled, "default")
    await store.finish(following, "answered", go_on=1)
    assert (await begin(store, 3)).inputs == filled


async def test_a_question_is_found_again_by_its_number(store: Store) -> None:
    job = await begin(store, 1)
    await store.remember_turn(job, "c1", TurnIds("m1", "t1", "r1"))
    await store.remember_decision(job.id, "a form")
    known = await store.known(job.id)
    assert known is not None
    assert (known.thread, known.app, known.dify_user) == (THREAD, "default", "u")
    assert (known.conversation_id, known.dify_message_id, known.dify_run_id) == ("c1", "m1", "r1")
    assert (known.message, known.decision, known.rating) == (message(1), "a form", "")
    await store.rate(job.id, "like")
    await store.finish(job, "answered", go_on=1)
    known = await store.known(job.id)
    assert known is not None
    assert (known.message, known.rating) == (None, "like")
    assert await store.known(job.id + 1) is None


async def test_a_question_that_waits_for_a_form_keeps_its_message_for_a_day(store: Store) -> None:
    job = await begin(store, 1)
    await store.finish(job, UNFILLED, go_on=1)
    known = await store.known(job.id)
    assert known is not None
    assert known.message == message(1)
    await execute(store, lambda conn: conn.execute(text("UPDATE question SET received_at = 1")))
    assert (await store.tidy(0)).texts == 1
    known = await store.known(job.id)
    assert known is not None
    assert known.message is None


async def test_what_is_offered_to_be_asked_is_found_by_its_number(store: Store) -> None:
    job = await begin(store, 1)
    await store.suggest(job.id, ["And then?", "Why?"])
    await store.suggest(job.id, ["And now?"])
    offered = [await store.suggested(job.id, number) for number in range(3)]
    assert offered == ["And now?", "Why?", ""]


async def test_the_answer_to_one_question_is_asked_to_end_only_while_it_runs(store: Store) -> None:
    job = await begin(store, 1)
    await store.stop(job.id)
    if store.shared:
        assert (await store.beat(ME)).to_stop[0].question_id == job.id
    await store.finish(job, "answered", go_on=1)
    await store.stop(job.id)
    assert await execute(
        store, lambda conn: conn.execute(text("SELECT stop_asked_at FROM question")).all()
    ) == [(None,)]


async def test_the_books_balance_whatever_happened(store: Store) -> None:
    first = await begin(store, 1)
    for number in range(2, 9):
        await accept(store, number)
    second = await store.finish(first, "answered", go_on=1)
    assert second is not None
    await store.hand_over(second, counted=True)
    await takes_over(store, together=3)

    def wrong(conn: Connection) -> list[object]:
        counted = "SELECT COUNT(*) FROM question q WHERE q.thread_id = t.id AND q.state < 2"
        return list(
            conn.execute(
                text(
                    f"SELECT t.id FROM chat_thread t WHERE t.backlog <> ({counted}) "  # noqa: S608 - ours
                    "OR (t.backlog > 0 AND t.owner_id IS NULL AND t.wake_at IS NULL)"
                )
            )
        )

    assert await execute(store, wrong) == []


async def test_a_database_of_the_first_version_keeps_its_conversations(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "bridge.db") as conn:
        conn.executescript(FIRST_VERSION)
    conn.close()
    async with registered(f"sqlite:///{tmp_path / 'bridge.db'}") as store:
        assert await store.list_threads() == [KnownThread(THREAD.key, "conversation", "u", 1)]
        assert await store.accept(message(1), "default", "u", ME) is None
        assert await takes_over(store) == []
        unaddressed = replace(
            message(2, Thread("slack", "T1", "C1", "9.9")), addressed=False, replies_to="r1"
        )
        taken = await store.accept(unaddressed, "default", "u", ME)
        assert taken is not None
        assert taken.job is not None
        assert taken.job.conversation_id == "conversation"


async def test_a_database_of_a_newer_bridge_is_refused(url: str) -> None:
    async with Store(url) as store:
        await execute(
            store, lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        )
    with pytest.raises(StoreError, match="newer"):
        async with Store(url):
            pass


async def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        async with Store(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}"):
            pass


async def test_one_file_belongs_to_one_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bridge.db'}"
    async with Store(url):
        with pytest.raises(StoreError, match="already in use"):
            async with Store(url):
                pass


async def test_the_migrations_make_exactly_the_tables_that_are_declared(store: Store) -> None:
    def differences(conn: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(conn), METADATA))

    assert await execute(store, differences) == []
