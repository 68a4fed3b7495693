"""How much is counted of what was asked lately, and which messages count in a thread: the same on both
databases."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from bridge.store import By, Following, Job, Limit, Over, Store, Taken, scripts
from bridge.types import Message, Person, Thread
from tests.postgres import Postgres

ME = "me"
ADA, BOB = Person("ADA"), Person("BOB")
HOUR_MS = 3_600_000
THREAD = Thread("slack", "T1", "C1", "0")


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'bridge.db'}"
    if request.param == "sqlite":
        async with Store(url) as store:
            await store.register(ME)
            yield store
        return
    server: Postgres = request.getfixturevalue("postgres")
    async with (
        server.fresh_database() as database,
        Store(database.render_as_string(hide_password=False)) as store,
    ):
        await store.register(ME)
        yield store


def question(number: int, person: Person = ADA, channel: str = "C1", words: str = "Well?") -> Message:
    thread = Thread("slack", "T1", channel, str(number))
    return Message(f"m{number}", thread, person, words, 0.0, addressed=True)


async def ask(store: Store, message: Message, app: str = "default") -> Job:
    taken = await store.accept(message, app, "u", ME)
    assert taken is not None
    assert taken.job is not None
    return taken.job


async def answer(store: Store, message: Message, outcome: str = "answered", app: str = "default") -> Job:
    job = await ask(store, message, app)
    await store.finish(job, outcome, go_on=0)
    return job


async def over(store: Store, *limits: Limit, job: Job | None = None, person: Person = ADA) -> Over | None:
    thread = THREAD if job is None else job.thread
    return await store.over(f"slack:{person.id}", thread, limits, None if job is None else job.id)


async def age(store: Store, number: int, by_ms: int) -> int:
    """Let a question be older; when it was asked now."""

    statement = text(
        "UPDATE question SET received_at = received_at - :by WHERE message_id = :id RETURNING received_at"
    )
    return await store.runner.run(
        lambda conn: int(conn.execute(statement, {"by": by_ms, "id": f"m{number}"}).scalar_one())
    )


PERSON_HOUR = Limit(By.PERSON, 2, 0)
CHANNEL_HOUR = Limit(By.CHANNEL, 2, 0)
PERSON_RUNNING = Limit(By.PERSON, 0, 1)


async def test_as_many_as_may_be_are_within_the_limit_and_the_next_one_is_over_it(store: Store) -> None:
    jobs = [await answer(store, question(number)) for number in range(3)]
    assert [await over(store, PERSON_HOUR, job=job) is not None for job in jobs] == [False, False, True]
    assert await over(store, PERSON_HOUR) is not None
    assert await over(store, Limit(By.PERSON, 4, 0)) is None


async def test_somebody_elses_questions_and_other_channels_count_for_themselves(store: Store) -> None:
    await answer(store, question(1))
    await answer(store, question(2, BOB))
    await answer(store, question(3, channel="C2"))
    assert await over(store, PERSON_HOUR) is not None
    assert await over(store, PERSON_HOUR, person=BOB) is None
    assert await over(store, CHANNEL_HOUR) is not None
    elsewhere = await answer(store, question(4, channel="C2"))
    assert await over(store, CHANNEL_HOUR, job=elsewhere) is None


async def test_an_hour_later_one_more_may_be_asked_and_that_is_what_is_told(store: Store) -> None:
    await answer(store, question(1))
    await answer(store, question(2))
    await age(store, 2, HOUR_MS // 4)
    first = await age(store, 1, HOUR_MS // 2)
    found = await over(store, PERSON_HOUR)
    assert found == Over(PERSON_HOUR, (first + HOUR_MS) / 1000)
    assert abs(found.free_at - time.time() - 1800) < 60
    await age(store, 1, HOUR_MS // 2)
    assert await over(store, PERSON_HOUR) is None


async def test_of_several_limits_the_one_counts_that_is_in_the_way_the_longest(store: Store) -> None:
    await answer(store, question(1))
    await age(store, 1, HOUR_MS // 2)
    await answer(store, question(2))
    assert await over(store, PERSON_HOUR, Limit(By.CHANNEL, 1, 0), PERSON_RUNNING) == Over(
        Limit(By.CHANNEL, 1, 0), (await age(store, 2, 0) + HOUR_MS) / 1000
    )


@pytest.mark.parametrize(
    "outcome",
    ["refused", "refused: quota", "command help", "unfilled"],
    ids=lambda one: one.replace(" ", "-"),
)
async def test_what_was_not_asked_of_the_app_is_not_counted(store: Store, outcome: str) -> None:
    await answer(store, question(1), outcome)
    assert await over(store, Limit(By.PERSON, 1, 0)) is None


async def test_what_failed_or_is_still_open_is_counted(store: Store) -> None:
    await answer(store, question(1), "DifyDown")
    await store.accept(question(2), "default", "u", "")
    assert await over(store, PERSON_HOUR) is not None


async def test_a_command_is_not_counted_while_it_is_carried_out_either(store: Store) -> None:
    await ask(store, question(1, words="!help"))
    await ask(store, question(2, words="stop"))
    assert await over(store, Limit(By.PERSON, 1, 0), PERSON_RUNNING) is None


async def test_running_answers_are_counted_until_they_are_done(store: Store) -> None:
    first = await ask(store, question(1))
    second = await ask(store, question(2))
    assert await over(store, PERSON_RUNNING, job=first) is None
    assert await over(store, PERSON_RUNNING, job=second) == Over(PERSON_RUNNING)
    await store.finish(first, "answered", go_on=0)
    assert await over(store, PERSON_RUNNING, job=second) is None


async def test_what_is_refused_takes_no_room_from_others_while_that_is_said(store: Store) -> None:
    await ask(store, question(1))
    second = await ask(store, question(2))
    await store.refuse(second.id, "refused: quota")
    third = await ask(store, question(3))
    assert await over(store, Limit(By.PERSON, 0, 2), job=third) is None
    await store.finish(second, "answered", go_on=0)
    assert await over(store, Limit(By.PERSON, 3, 0), job=third) is None


async def test_what_waits_behind_a_running_answer_in_its_thread_is_not_one_too_many(store: Store) -> None:
    running = await ask(store, question(1))
    behind = await store.accept(replace(question(2), thread=running.thread), "default", "u", ME)
    assert behind is not None
    assert await store.over("slack:ADA", running.thread, (PERSON_RUNNING,), behind.question_id) is None


async def test_an_apps_own_limit_counts_only_what_was_asked_of_it(store: Store) -> None:
    await answer(store, question(1), app="hr")
    await answer(store, question(2), app="writer")
    assert await over(store, Limit(By.PERSON, 1, 0, "hr")) is not None
    assert await over(store, Limit(By.PERSON, 2, 0, "hr")) is None
    assert await over(store, Limit(By.PERSON, 2, 0)) is not None


def unaddressed(number: int, person: Person = ADA) -> Message:
    return replace(question(number, person), thread=THREAD, addressed=False)


async def says(store: Store, message: Message, following: Following | None = None) -> Taken | None:
    user = f"user {message.author.id}"
    return await store.accept(message, "default", user, ME, following or Following())


async def test_only_whoever_opened_the_conversation_needs_no_mention_where_that_is_wished(
    store: Store,
) -> None:
    opener = Following(opener_only=True)
    await says(store, replace(unaddressed(1), addressed=True))
    assert await says(store, unaddressed(2, BOB), opener) is None
    assert await says(store, unaddressed(3), opener) is not None
    assert await says(store, unaddressed(4, BOB)) is not None
    assert await says(store, replace(unaddressed(5, BOB), addressed=True), opener) is not None
    assert await says(store, unaddressed(6, BOB), opener) is None


async def test_who_begins_the_conversation_anew_is_the_opener_from_then_on(store: Store) -> None:
    opener = Following(opener_only=True)
    await says(store, replace(unaddressed(1), addressed=True))
    taken = await says(store, replace(unaddressed(2, BOB), addressed=True), opener)
    assert taken is not None
    (lease,) = await store.held_by(ME)
    await store.forget_conversation(Job(lease, (1,), (unaddressed(1),), "", "user ADA"), "user BOB")
    assert await says(store, unaddressed(3), opener) is None
    assert await says(store, unaddressed(4, BOB), opener) is not None


async def test_after_a_silence_a_thread_needs_a_mention_again(store: Store) -> None:
    idle = Following(idle_seconds=3600.0)
    await says(store, replace(unaddressed(1), addressed=True))
    assert await says(store, unaddressed(2), idle) is not None
    earlier = text("UPDATE chat_thread SET updated_at = updated_at - 3700000")
    await store.runner.run(lambda conn: conn.execute(earlier).rowcount)
    assert await says(store, unaddressed(3), idle) is None
    assert await says(store, replace(unaddressed(4), addressed=True), idle) is not None
    assert await says(store, unaddressed(5), idle) is not None


async def test_what_calls_somebody_else_by_name_counts_only_with_the_bots_own(store: Store) -> None:
    await says(store, replace(unaddressed(1), addressed=True))
    assert await says(store, replace(unaddressed(2), to_others=True)) is None
    assert await says(store, replace(unaddressed(3), to_others=True, addressed=True)) is not None


async def test_who_asked_is_kept_with_their_groups(store: Store) -> None:
    said = question(1, Person("ADA", roles=("S1",), outside=True))
    await store.accept(said, "default", "u", "")
    (job,) = await store.claim(ME, ["slack"], 1, together=1)
    assert job.message == said


async def test_what_addresses_the_bot_is_stored_without_looking_anything_up_before(store: Store) -> None:
    """On PostgreSQL, with one statement; SQLite cannot write two tables at once."""
    statements: list[str] = []

    def accept(conn: Connection) -> None:
        def note(_c: object, _cur: object, statement: str, *_: object) -> None:
            statements.append(statement)

        event.listen(conn, "before_cursor_execute", note)
        try:
            following = Following(opener_only=True, idle_seconds=60.0)
            scripts.accept(conn, question(1), "default", "u", ME, 7, 1_000, following)
        finally:
            event.remove(conn, "before_cursor_execute", note)

    await store.runner.run(accept)
    assert len(statements) == (1 if store.shared else 2)
    assert not [one for one in statements if one.lstrip().startswith("SELECT")]
