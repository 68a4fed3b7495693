"""What the rest of the bridge asks of its memory."""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Self

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bridge.errors import StoreError
from bridge.stop import Halt
from bridge.store import (
    answers,
    askers,
    changes,
    housekeeping,
    installations,
    quotas,
    replicas,
    scripts,
    threads,
)
from bridge.store.jobs import (
    Following,
    Job,
    Known,
    KnownThread,
    Lease,
    Pulse,
    Taken,
    ThreadState,
    Tidied,
    TurnIds,
    Underway,
    Visit,
    asker_named,
)
from bridge.store.quotas import Limit, Over
from bridge.store.runner import OnNotify, Runner
from bridge.store.sqlite import SqliteRunner
from bridge.types import Filled, Installation, Message, MessageRef, Thread

DAY_MS = 86_400_000


class Store:
    """The database, as an async context manager. Every method is one transaction, and raises `StoreError`
    when it could not be done; those that change what a replica holds raise `LeaseLost` when it does no more.
    `runner` runs any other transaction.
    """

    def __init__(self, url: str, listen_url: str = "") -> None:
        self.runner = _runner(url, listen_url)

    @property
    def shared(self) -> bool:
        """Whether other replicas may use the same database."""
        return not isinstance(self.runner, SqliteRunner)

    def listen(self, channels: Sequence[str], on_notify: OnNotify, on_connected: Callable[[], None]) -> None:
        """See `bridge.store.runner.Runner`."""
        self.runner.listen(channels, on_notify, on_connected)

    async def __aenter__(self) -> Self:
        try:
            await self.runner.open()
        except BaseException:
            await self.runner.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.close()

    async def accept(
        self,
        message: Message,
        app: str,
        dify_user: str,
        owner: str,
        following: Following = Following(),  # noqa: B008 - frozen
    ) -> Taken | None:
        """Store a message once, and give its thread to `owner` if nobody holds it ('' claims nothing). None:
        it does not concern the bot, or was accepted before."""
        token = _token()
        try:
            return await self.runner.run(
                lambda conn: scripts.accept(conn, message, app, dify_user, owner, token, _now_ms(), following)
            )
        except scripts.AcceptedBefore:
            return None

    async def waits(self, message: Message) -> bool:
        """Whether a message that was accepted still waits for its turn."""
        return await self.runner.run(lambda conn: scripts.waits(conn, message))

    async def ask_to_stop(self, thread_id: int, before: int, asker: str = "") -> None:
        """Ask for the end of the answer that runs in a thread, to a question from before this one, and from
        this asker; '' is anybody."""
        await self.runner.run(
            lambda conn: changes.ask_to_stop_earlier(conn, thread_id, before, asker, _now_ms())
        )

    async def edit(self, message: Message) -> Halt | None:
        """Let a question that is not answered yet have new words; and where it is being answered, what has to
        begin anew."""
        return await self.runner.run(lambda conn: changes.edit(conn, message, _now_ms()))

    async def delete(self, platform: str, message_id: str) -> Halt | None:
        """Take a question back; and where it is being answered, what has to end."""
        return await self.runner.run(lambda conn: changes.delete(conn, platform, message_id, _now_ms()))

    async def renew(self, job: Job) -> Job:
        """The job as its questions are now, to be answered anew."""
        return await self.runner.run(lambda conn: changes.renew(conn, job))

    async def underway(self, question_id: int) -> Underway | None:
        """The answer to this question, if it is being given."""
        return await self.runner.run(lambda conn: changes.underway(conn, question_id))

    async def underway_in(self, place: Thread, asker: str) -> tuple[Underway, ...]:
        """The answer that is being given in this thread; where it names a channel that is no thread of ours,
        all that this asker is being given there."""
        return await self.runner.run(lambda conn: changes.underway_in(conn, place, asker, _now_ms()))

    async def ran_beside(self, question_id: int) -> tuple[str, ...]:
        """Who had asked what was being answered in the thread when this question came."""
        return await self.runner.run(lambda conn: changes.ran_beside(conn, question_id))

    async def finish(self, job: Job, outcome: str, *, go_on: int) -> Job | None:
        """Deal with a job for good, and take the next one of its thread: up to `go_on` questions together."""
        return await self.runner.run(lambda conn: scripts.finish(conn, job, outcome, go_on, _now_ms()))

    async def count_start(self, job: Job) -> None:
        """See `Job.suspicious`."""
        await self.runner.run(lambda conn: scripts.count_start(conn, job))

    async def hand_over(self, job: Job, *, counted: bool) -> None:
        await self.runner.run(lambda conn: scripts.hand_over(conn, job, counted=counted))

    async def claim(self, owner: str, platforms: Sequence[str], limit: int, *, together: int) -> list[Job]:
        """Take over up to `limit` threads that wait for somebody."""
        token = _token()
        return await self.runner.run(
            lambda conn: scripts.claim(conn, owner, token, platforms, limit, together, _now_ms())
        )

    async def held_by(self, owner: str) -> list[Lease]:
        return await self.runner.run(lambda conn: scripts.held_by(conn, owner))

    async def let_go(self, lease: Lease) -> None:
        await self.runner.run(lambda conn: scripts.let_go(conn, lease))

    async def remember_turn(self, job: Job, conversation_id: str, turn: TurnIds) -> None:
        await self.runner.run(lambda conn: scripts.remember_turn(conn, job, conversation_id, turn))

    async def forget_conversation(self, job: Job, dify_user: str) -> None:
        await self.runner.run(lambda conn: scripts.forget_conversation(conn, job, dify_user))

    async def remember_reply(self, job: Job, page: int, ref: MessageRef) -> None:
        await self.runner.run(lambda conn: scripts.remember_reply(conn, job, page, ref))

    async def remember_inputs(self, job: Job, filled: Filled) -> None:
        await self.runner.run(lambda conn: answers.remember_inputs(conn, job, filled))

    async def remember_decision(self, question_id: int, decision: str) -> None:
        await self.runner.run(lambda conn: answers.remember_decision(conn, question_id, decision))

    async def suggest(self, question_id: int, texts: Sequence[str]) -> None:
        await self.runner.run(lambda conn: answers.suggest(conn, question_id, texts))

    async def suggested(self, question_id: int, number: int) -> str:
        return await self.runner.run(lambda conn: answers.suggested(conn, question_id, number))

    async def known(self, question_id: int) -> Known | None:
        return await self.runner.run(lambda conn: answers.known(conn, question_id))

    async def rate(self, question_id: int, rating: str) -> None:
        await self.runner.run(lambda conn: answers.rate(conn, question_id, rating))

    async def stop(self, question_id: int) -> None:
        """Ask for the end of the answer to this question, whoever gives it."""
        await self.runner.run(lambda conn: changes.ask_to_stop(conn, question_id, _now_ms()))

    async def thread_state(self, thread: Thread) -> ThreadState | None:
        """What a thread holds; None where the bot has no part in it."""
        return await self.runner.run(lambda conn: askers.thread_state(conn, thread))

    async def visits(self, platform: str, workspace: str, person_id: str, limit: int) -> list[Visit]:
        """The threads of a workspace in which Dify has answered somebody lately, the last one first."""
        asker = asker_named(platform, person_id)
        return await self.runner.run(lambda conn: askers.visits(conn, asker, platform, workspace, limit))

    async def over(
        self, asker: str, thread: Thread, limits: Sequence[Limit], question_id: int | None = None
    ) -> Over | None:
        """Which limit is in the way of one more question in this thread, or of the one with this id."""
        return await self.runner.run(
            lambda conn: quotas.over(conn, asker, thread, limits, question_id, _now_ms())
        )

    async def refuse(self, question_id: int, outcome: str) -> None:
        await self.runner.run(lambda conn: quotas.refuse(conn, question_id, outcome))

    async def recent_threads(self, platform: str, limit: int = 200) -> tuple[Thread, ...]:
        return await self.runner.run(lambda conn: threads.recent_threads(conn, platform, limit))

    async def list_threads(self, limit: int = 100) -> list[KnownThread]:
        return await self.runner.run(lambda conn: threads.list_threads(conn, limit))

    async def register(self, owner: str) -> None:
        """A replica begins. Where the database has only one process, whatever was held before is free."""
        if self.shared:
            await self.runner.run_apart(lambda conn: replicas.register(conn, owner))
        else:
            await self.runner.run(lambda conn: replicas.register_alone(conn, owner, _now_ms()))

    async def beat(self, owner: str) -> Pulse:
        """Show that a replica lives."""
        return await self.runner.run_apart(lambda conn: replicas.beat(conn, owner))

    async def give_up(self, after_seconds: float) -> int:
        """Give up the replicas that have not shown that they live for so long; how many that were."""
        return await self.runner.run(lambda conn: replicas.give_up(conn, int(after_seconds * 1000)))

    async def sign_off(self, owner: str) -> None:
        await self.runner.run(lambda conn: replicas.sign_off(conn, owner))

    async def take_role(self, owner: str, role: str) -> bool:
        return await self.runner.run(lambda conn: replicas.take_role(conn, owner, role))

    async def leave_role(self, owner: str, role: str) -> None:
        await self.runner.run(lambda conn: replicas.leave_role(conn, owner, role))

    async def installation(self, platform: str, workspace: str) -> Installation | None:
        """With its secret as it was written."""
        return await self.runner.run(lambda conn: installations.find(conn, platform, workspace))

    async def installations(self, platform: str) -> tuple[Installation, ...]:
        return await self.runner.run(lambda conn: installations.all_of(conn, platform))

    async def keep_installation(self, platform: str, workspace: str, secret: str) -> None:
        await self.runner.run(lambda conn: installations.keep(conn, platform, workspace, secret, _now_ms()))

    async def replace_installation(self, platform: str, known: Installation, secret: str) -> bool:
        """Whether what is `known` was still there to be replaced."""
        return await self.runner.run(
            lambda conn: installations.replace(conn, platform, known, secret, _now_ms())
        )

    async def forget_workspace(self, platform: str, workspace: str) -> None:
        """Forget that the bot is installed there, and all its threads."""
        await self.runner.run(lambda conn: installations.forget(conn, platform, workspace))
        while await self.runner.run(lambda conn: installations.forget_threads(conn, platform, workspace)):
            pass

    async def tidy(self, thread_ttl_days: int) -> Tidied:
        """Forget one batch of what is to be forgotten; threads only where a number of days is given."""
        ttl_ms = thread_ttl_days * DAY_MS or None
        return await self.runner.run(lambda conn: housekeeping.tidy(conn, ttl_ms, _now_ms()))


def _runner(url: str, listen_url: str) -> Runner:
    try:
        parsed, listening = make_url(url), make_url(listen_url) if listen_url else None
    except ArgumentError as error:
        raise StoreError("DATABASE_URL is not a database URL") from error
    match parsed.get_backend_name():
        case "sqlite":
            return SqliteRunner(parsed)
        case "postgresql":
            # In a store of SQLite, nothing of this is needed, nor the time it takes to import.
            from bridge.store.postgres import PostgresRunner

            return PostgresRunner(parsed, listening)
        case _:
            raise StoreError("DATABASE_URL must begin with sqlite:/// or postgresql://")


def _token() -> int:
    return secrets.randbits(62)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
