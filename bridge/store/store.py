"""What the rest of the bridge asks of its memory."""

import time
from typing import Self

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bridge.errors import StoreError
from bridge.store import scripts
from bridge.store.scripts import KnownThread, Opened
from bridge.store.sqlite import SqliteRunner
from bridge.types import Message, MessageRef, Thread


class Store:
    """The database, as an async context manager. Every method is one transaction, and raises `StoreError`
    when it could not be done."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise StoreError("DATABASE_URL is not a database URL") from error
        if parsed.get_backend_name() != "sqlite":
            raise StoreError("DATABASE_URL must begin with sqlite:///")
        self._runner = SqliteRunner(parsed)

    async def __aenter__(self) -> Self:
        try:
            await self._runner.open()
        except BaseException:
            await self._runner.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.close()

    async def find_thread(self, thread: Thread, replies_to: str) -> Thread | None:
        return await self._runner.run(lambda conn: scripts.find_thread(conn, thread, replies_to))

    async def accept(self, message: Message, app: str, dify_user: str) -> Opened | None:
        return await self._runner.run(lambda conn: scripts.accept(conn, message, app, dify_user, _now_ms()))

    async def current(self, question_id: int) -> Opened:
        return await self._runner.run(lambda conn: scripts.current(conn, question_id))

    async def remember_turn(
        self, opened: Opened, conversation_id: str, message_id: str, task_id: str
    ) -> None:
        await self._runner.run(
            lambda conn: scripts.remember_turn(conn, opened, conversation_id, message_id, task_id, _now_ms())
        )

    async def forget_conversation(self, opened: Opened, dify_user: str) -> None:
        await self._runner.run(lambda conn: scripts.forget_conversation(conn, opened, dify_user, _now_ms()))

    async def remember_reply(self, question_id: int, page: int, ref: MessageRef) -> None:
        await self._runner.run(lambda conn: scripts.remember_reply(conn, question_id, page, ref))

    async def finish(self, question_id: int, outcome: str) -> None:
        await self._runner.run(lambda conn: scripts.finish(conn, question_id, outcome, _now_ms()))

    async def recent_threads(self, platform: str, limit: int = 200) -> tuple[Thread, ...]:
        return await self._runner.run(lambda conn: scripts.recent_threads(conn, platform, limit))

    async def list_threads(self, limit: int = 100) -> list[KnownThread]:
        return await self._runner.run(lambda conn: scripts.list_threads(conn, limit))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
