"""What runs transactions: one contract, held by both databases."""

import asyncio
import sys
import threading
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.engine import URL, make_url

from bridge.errors import DifyDown, StoreError
from bridge.store.migrate import MIGRATIONS, versions
from bridge.store.postgres import POOL, PostgresRunner
from bridge.store.runner import Runner
from bridge.store.sqlite import SqliteRunner
from tests.postgres import Postgres, Server

ROOT = Path(__file__).resolve().parents[1]

TABLES = MetaData()
NOTES = Table("note", TABLES, Column("id", Integer, primary_key=True), Column("body", String, unique=True))
TALLIES = Table("tally", TABLES, Column("id", Integer, primary_key=True), Column("n", Integer))
# Checked at COMMIT only.
LINKS = Table(
    "link",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("note", ForeignKey("note.id", deferrable=True, initially="DEFERRED")),
)


def make_tables(conn: Connection) -> None:
    TABLES.create_all(conn)
    conn.execute(insert(TALLIES), [{"id": 1, "n": 0}, {"id": 2, "n": 0}])


def execute(statement: str) -> Callable[[Connection], None]:
    def script(conn: Connection) -> None:
        conn.exec_driver_sql(statement)

    return script


def write(body: str) -> Callable[[Connection], str]:
    def script(conn: Connection) -> str:
        conn.execute(insert(NOTES).values(body=body))
        return body

    return script


def write_and_fail(body: str, error: Exception) -> Callable[[Connection], None]:
    def script(conn: Connection) -> None:
        conn.execute(insert(NOTES).values(body=body))
        raise error

    return script


def bodies(conn: Connection) -> list[str]:
    return list(conn.execute(select(NOTES.c.body).order_by(NOTES.c.body)).scalars())


def count_up(conn: Connection) -> None:
    n = conn.execute(select(TALLIES.c.n).where(TALLIES.c.id == 1).with_for_update()).scalar_one()
    conn.execute(update(TALLIES).where(TALLIES.c.id == 1).values(n=n + 1))


async def until(happened: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.01)


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[URL]:
    async with postgres.fresh_database() as url:
        yield url


@pytest.fixture
async def shared(database: URL) -> AsyncIterator[PostgresRunner]:
    runner = PostgresRunner(database, None)
    try:
        await runner.open()
        await runner.run(make_tables)
        yield runner
    finally:
        await runner.close()


@pytest.fixture
async def single(tmp_path: Path) -> AsyncIterator[SqliteRunner]:
    runner = SqliteRunner(make_url(f"sqlite:///{tmp_path / 'bridge.db'}"))
    try:
        await runner.open()
        await runner.run(make_tables)
        yield runner
    finally:
        await runner.close()


@pytest.fixture(params=["single", "shared"])
def runner(request: pytest.FixtureRequest) -> Runner:
    found: Runner = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def server(postgres: Postgres) -> Server:
    if postgres.outages is None:
        pytest.skip("the server of TEST_DATABASE_URL is not ours to stop")
    return postgres.outages


# What both promise


async def test_what_a_script_did_is_there_when_it_returns(runner: Runner) -> None:
    assert await runner.run(write("kept")) == "kept"
    assert await runner.run_apart(bodies) == ["kept"]


async def test_a_script_that_fails_is_undone_alone(runner: Runner) -> None:
    outcomes = await asyncio.gather(
        runner.run(write("before")),
        runner.run(write_and_fail("undone", DifyDown("of our own"))),
        runner.run(write("after")),
        return_exceptions=True,
    )
    assert [type(one) for one in outcomes] == [str, DifyDown, str]
    assert str(outcomes[1]) == "of our own"
    assert await runner.run(bodies) == ["after", "before"]


async def test_a_statement_that_fails_undoes_its_script_and_no_other(runner: Runner) -> None:
    await runner.run(write("taken"))

    def script(conn: Connection) -> None:
        conn.execute(insert(NOTES).values(body="undone"))
        conn.execute(insert(NOTES).values(body="taken"))

    outcomes = await asyncio.gather(runner.run(script), runner.run(write("another")), return_exceptions=True)
    assert [type(one) for one in outcomes] == [StoreError, str]
    assert await runner.run(bodies) == ["another", "taken"]


async def test_a_commit_that_fails_stores_nothing_and_says_so(runner: Runner) -> None:
    def script(conn: Connection) -> None:
        conn.execute(insert(NOTES).values(body="undone"))
        conn.execute(insert(LINKS).values(note=999))

    with pytest.raises(StoreError):
        await runner.run(script)
    await runner.run(write("later"))
    assert await runner.run(bodies) == ["later"]


async def test_no_update_is_lost_between_eight_tasks(runner: Runner) -> None:
    async def work() -> None:
        for _ in range(25):
            await runner.run(count_up)

    await asyncio.gather(*(work() for _ in range(8)))
    counted = select(TALLIES.c.n).where(TALLIES.c.id == 1)
    assert await runner.run(lambda conn: conn.execute(counted).scalar()) == 200


async def test_an_error_shows_nothing_of_what_people_wrote(runner: Runner) -> None:
    said = str(uuid4())
    await runner.run(write(said))
    with pytest.raises(StoreError) as caught:
        await runner.run(write(said))
    assert "IntegrityError" in str(caught.value)
    assert said not in "".join(traceback.format_exception(caught.value))


async def test_a_closed_runner_runs_nothing(runner: Runner) -> None:
    await runner.close()
    with pytest.raises(StoreError, match="not open"):
        await runner.run(bodies)


async def test_what_was_begun_is_finished_before_closing(runner: Runner) -> None:
    begun = [asyncio.create_task(runner.run(write(str(number)))) for number in range(100)]
    await asyncio.sleep(0)
    await runner.close()
    assert len(await asyncio.gather(*begun)) == 100


# Migrations

STARTER = """
import asyncio, sys
from sqlalchemy.engine import make_url
from bridge.errors import StoreError
from bridge.store.postgres import PostgresRunner
from bridge.store.sqlite import SqliteRunner

async def main():
    url = make_url(sys.argv[1])
    runner = SqliteRunner(url) if url.get_backend_name() == "sqlite" else PostgresRunner(url, None)
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        await runner.open()
        print("opened")
    except StoreError as error:
        print(error)
    finally:
        await runner.close()

asyncio.run(main())
"""


async def start_at_once(url: URL, processes: int) -> list[str]:
    """What each of several processes said of opening a database in the same moment."""
    started = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", STARTER, url.render_as_string(hide_password=False)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
        )
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(process.communicate(b"go\n") for process in started))
    return [out.decode().strip() for out, _ in said]


async def test_four_processes_that_start_at_once_migrate_once_on_postgresql(database: URL) -> None:
    assert await start_at_once(database, 4) == ["opened"] * 4


async def test_of_four_processes_that_start_at_once_one_gets_the_file(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///{tmp_path / 'bridge.db'}")
    said = await start_at_once(url, 4)
    assert said.count("opened") >= 1
    assert set(said) <= {"opened", "bridge.db is already in use by another running bridge"}
    assert await start_at_once(url, 1) == ["opened"]


async def test_a_newer_database_is_refused_by_postgresql_too(shared: PostgresRunner, database: URL) -> None:
    await shared.run(execute("UPDATE alembic_version SET version_num = '9999'"))
    late = PostgresRunner(database, None)
    with pytest.raises(StoreError, match="newer"):
        await late.open()
    await late.close()


def test_the_files_of_the_migrations_are_named_by_their_versions() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    walked = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert versions() == walked[::-1]


# SQLite


async def test_those_who_share_a_transaction_share_the_failure_of_its_end(single: SqliteRunner) -> None:
    held = threading.Event()
    first = asyncio.create_task(single.run(lambda _conn: held.wait(5)))
    await asyncio.sleep(0.05)
    others = [
        asyncio.create_task(single.run(write("one"))),
        asyncio.create_task(single.run(execute("INSERT INTO link (note) VALUES (999)"))),
        asyncio.create_task(single.run(write("two"))),
    ]
    await asyncio.sleep(0.05)
    held.set()
    assert await first
    outcomes = await asyncio.gather(*others, return_exceptions=True)
    assert [type(one) for one in outcomes] == [StoreError] * 3
    assert await single.run(bodies) == []


async def test_on_a_full_disk_nobody_is_told_a_lie(single: SqliteRunner) -> None:
    def limit(conn: Connection) -> None:
        pages = conn.execute(text("PRAGMA page_count")).scalar_one()
        conn.execute(text(f"PRAGMA max_page_count = {pages + 20}"))

    await single.run(limit)
    large = [write(f"{number} {'x' * 30_000}") for number in range(8)]
    outcomes = await asyncio.gather(
        *(single.run(script) for script in large), single.run(write("small")), return_exceptions=True
    )
    assert StoreError in [type(one) for one in outcomes]
    assert {one for one in outcomes if isinstance(one, str)} == set(await single.run(bodies))


async def test_a_script_that_nobody_waits_for_any_more_is_left_out(single: SqliteRunner) -> None:
    held = threading.Event()
    first = asyncio.create_task(single.run(lambda _conn: held.wait(5)))
    await asyncio.sleep(0.05)
    given_up = asyncio.create_task(single.run(write("given up")))
    await asyncio.sleep(0)
    given_up.cancel()
    held.set()
    assert await first
    assert await single.run(bodies) == []


async def test_a_new_file_can_give_back_space(single: SqliteRunner) -> None:
    incremental = 2
    assert await single.run(lambda conn: conn.execute(text("PRAGMA auto_vacuum")).scalar()) == incremental


async def test_after_the_migration_foreign_keys_are_kept_again(single: SqliteRunner) -> None:
    assert await single.run(lambda conn: conn.execute(text("PRAGMA foreign_keys")).scalar()) == 1


# PostgreSQL


async def test_heartbeats_get_through_while_every_connection_is_at_work(shared: PostgresRunner) -> None:
    def slow(conn: Connection) -> None:
        conn.execute(text("SELECT pg_sleep(1)"))

    working = [asyncio.create_task(shared.run(slow)) for _ in range(POOL)]
    await asyncio.sleep(0.1)
    assert await shared.run_apart(bodies) == []
    assert not any(task.done() for task in working)
    await asyncio.gather(*working)


async def test_who_comes_first_is_served_first(shared: PostgresRunner) -> None:
    await asyncio.gather(*(shared.run(bodies) for _ in range(POOL)))
    served = Counter[int]()
    apart: list[int] = []

    async def work(worker: int) -> None:
        def script(conn: Connection) -> None:
            served[worker] += 1
            apart.append(max(served.values()) - min(served[one] for one in range(workers)))
            conn.execute(select(TALLIES.c.n))

        for _ in range(10):
            await shared.run(script)

    workers = 4 * POOL
    await asyncio.gather(*(work(worker) for worker in range(workers)))
    assert max(apart) <= 2


async def test_a_deadlock_is_run_once_more(shared: PostgresRunner) -> None:
    runs: list[int] = []

    def lock(first: int, second: int) -> Callable[[Connection], None]:
        def script(conn: Connection) -> None:
            runs.append(first)
            conn.execute(update(TALLIES).where(TALLIES.c.id == first).values(n=TALLIES.c.n + 1))
            conn.execute(text("SELECT pg_sleep(0.2)"))
            conn.execute(update(TALLIES).where(TALLIES.c.id == second).values(n=TALLIES.c.n + 1))

        return script

    await asyncio.gather(shared.run(lock(1, 2)), shared.run(lock(2, 1)))
    assert len(runs) == 3
    assert await shared.run(lambda conn: list(conn.execute(select(TALLIES.c.n)).scalars())) == [2, 2]


async def test_a_conflict_that_stays_is_given_up_after_the_second_time(shared: PostgresRunner) -> None:
    runs: list[str] = []

    def script(conn: Connection) -> None:
        runs.append("run")
        conn.execute(text("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$"))

    with pytest.raises(StoreError, match="40001"):
        await shared.run(script)
    assert len(runs) == 2


async def test_a_table_changed_by_another_process_disturbs_nobody(shared: PostgresRunner) -> None:
    def everything(conn: Connection) -> int:
        return len(conn.execute(text("SELECT * FROM tally")).all())

    await asyncio.gather(*(shared.run(everything) for _ in range(POOL)))
    await shared.run_apart(execute("ALTER TABLE tally ADD COLUMN more int"))
    assert await asyncio.gather(*(shared.run(everything) for _ in range(POOL))) == [2] * POOL


@pytest.mark.parametrize("pooled", [False, True])
async def test_behind_a_pooler_no_statement_stays_prepared(
    shared: PostgresRunner, database: URL, pooled: bool
) -> None:
    prepared = select(func.count()).select_from(text("pg_prepared_statements"))
    runner = PostgresRunner(database, database if pooled else None)
    await runner.open()
    for number in range(3):
        await runner.run_apart(write(f"{number}"))
    count = await runner.run_apart(lambda conn: conn.execute(prepared).scalar_one())
    await runner.close()
    assert (count == 0) == pooled


async def test_whoever_stops_in_the_midst_of_a_transaction_keeps_nobody_waiting_for_long(
    shared: PostgresRunner,
) -> None:
    def limit(conn: Connection) -> str:
        return str(conn.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one())

    assert await shared.run(limit) == "3s"


class Heard:
    """What a listener was told."""

    def __init__(self) -> None:
        self.connected = 0
        self.notes: list[tuple[str, str]] = []

    def on_connected(self) -> None:
        self.connected += 1

    def on_notify(self, channel: str, payload: str) -> None:
        self.notes.append((channel, payload))


def notify(channel: str, payload: str) -> Callable[[Connection], None]:
    def script(conn: Connection) -> None:
        conn.execute(select(func.pg_notify(channel, payload)))

    return script


async def test_a_notification_arrives_and_listening_comes_back_after_a_restart(
    shared: PostgresRunner, server: Server
) -> None:
    heard = Heard()
    shared.listen(["inbox", "control"], heard.on_notify, heard.on_connected)
    await until(lambda: heard.connected == 1)
    await shared.run(notify("inbox", "a"))
    await shared.run(notify("control", "b"))
    await until(lambda: heard.notes == [("inbox", "a"), ("control", "b")])
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    await until(lambda: heard.connected == 2)
    await shared.run(notify("control", "c"))
    await until(lambda: heard.notes[2:] == [("control", "c")])


async def test_a_database_that_is_away_is_said_quickly(shared: PostgresRunner, server: Server) -> None:
    await asyncio.gather(*(shared.run(bodies) for _ in range(POOL)))
    await asyncio.to_thread(server.stop)
    try:
        async with asyncio.timeout(2):
            outcomes = await asyncio.gather(
                *(shared.run(bodies) for _ in range(5 * POOL)),
                shared.run_apart(bodies),
                return_exceptions=True,
            )
        assert {type(one) for one in outcomes} == {StoreError}
    finally:
        await asyncio.to_thread(server.start)
    assert await asyncio.gather(*(shared.run(bodies) for _ in range(5 * POOL))) == [[]] * 5 * POOL


async def test_after_a_restart_work_goes_on_and_nothing_was_stored_twice(
    shared: PostgresRunner, server: Server
) -> None:
    await shared.run(execute("CREATE TABLE told (number int)"))
    confirmed: list[int] = []
    asked = iter(range(1_000_000))
    over = asyncio.Event()

    def tell(number: int) -> Callable[[Connection], None]:
        def script(conn: Connection) -> None:
            conn.execute(text("INSERT INTO told VALUES (:number)"), {"number": number})

        return script

    async def work() -> None:
        while not over.is_set():
            number = next(asked)
            try:
                await shared.run(tell(number))
                confirmed.append(number)
            except StoreError:
                await asyncio.sleep(0.02)

    working = [asyncio.create_task(work()) for _ in range(2 * POOL)]
    for _ in range(3):
        await asyncio.sleep(0.2)
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        goal = len(confirmed) + 100
        async with asyncio.timeout(5):
            while len(confirmed) < goal:
                await asyncio.sleep(0.01)
    over.set()
    await asyncio.gather(*working)
    stored = await shared.run(lambda conn: list(conn.execute(text("SELECT number FROM told")).scalars()))
    assert len(stored) == len(set(stored))
    assert set(confirmed) <= set(stored)


async def test_a_connection_lost_before_commit_costs_nothing_but_a_second_run(
    shared: PostgresRunner,
) -> None:
    runs: list[str] = []

    def script(conn: Connection) -> None:
        runs.append("run")
        conn.execute(insert(NOTES).values(body="once"))
        if len(runs) == 1:
            conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await shared.run(script)
    assert len(runs) == 2
    assert await shared.run(bodies) == ["once"]


SLOW = """
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_sleep(5); RETURN NULL; END'
"""
SLOW_COMMIT = """
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION slow()
"""


async def test_a_connection_lost_during_commit_is_an_error_and_not_run_again(shared: PostgresRunner) -> None:
    await shared.run(execute(SLOW))
    await shared.run(execute(SLOW_COMMIT))
    runs: list[str] = []

    def script(conn: Connection) -> None:
        runs.append("run")
        conn.execute(insert(NOTES).values(body="unknown"))

    committing = asyncio.create_task(shared.run(script))
    end = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COMMIT%'")
    ended: list[bool] = []
    while not ended:
        ended = await shared.run_apart(lambda conn: list(conn.execute(end).scalars()))
    with pytest.raises(StoreError):
        await committing
    assert len(runs) == 1
