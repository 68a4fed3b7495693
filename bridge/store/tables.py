"""What is remembered. All times are whole milliseconds since 1970, alike on every database."""

from enum import IntEnum

from sqlalchemy import BigInteger, Index, Integer, MetaData, SmallInteger, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

# SQLite numbers rows by itself only in a column of type INTEGER.
BIG = BigInteger().with_variant(Integer, "sqlite")

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def partial(name: str, *columns: str, where: str) -> Index:
    """An index of those rows only that are looked for."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class State(IntEnum):
    """How far a question has come. Everything below `DONE` is open."""

    WAITING = 0
    RUNNING = 1
    DONE = 2


class Table(SQLModel):
    """The root of our tables, with names of constraints that migrations can rely on."""

    metadata = METADATA


class Replica(Table, table=True):
    """A running process. It shows that it lives by `heartbeat_at`; deleting its row frees all it holds."""

    __tablename__ = "replica"

    id: str = Field(primary_key=True)
    started_at: int = Field(sa_type=BigInteger)
    heartbeat_at: int = Field(sa_type=BigInteger)


class Role(Table, table=True):
    """Something that one replica at a time may do."""

    __tablename__ = "role"

    name: str = Field(primary_key=True)
    owner_id: str | None = Field(default=None, foreign_key="replica.id", ondelete="SET NULL", index=True)


class ChatThread(Table, table=True):
    """A thread the bot takes part in, and the Dify conversation it holds there.

    `dify_user` is fixed when the conversation begins: Dify shows a conversation to no other user. `inputs` is
    what was filled into the app's form, as JSON.
    `updated_at` is when the last question in it was accepted. `backlog`
    counts the open questions. While there are any, the thread has an owner, under a `token` that is new with
    every claim, or `wake_at` says since when it waits for one.
    """

    __tablename__ = "chat_thread"
    __table_args__ = (
        partial("ix_chat_thread_owner_id", "owner_id", where="owner_id IS NOT NULL"),
        partial("ix_chat_thread_wake_at", "wake_at", where="owner_id IS NULL AND wake_at IS NOT NULL"),
        Index("ix_chat_thread_updated_at", "updated_at"),
        Index("ix_chat_thread_platform_updated_at", "platform", "updated_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    key: str = Field(unique=True)
    platform: str = Field(default="", sa_column_kwargs={"server_default": ""})
    app: str
    dify_user: str = Field(max_length=255)
    conversation_id: str | None = None
    inputs: str | None = Field(default=None, sa_type=Text)
    updated_at: int = Field(sa_type=BigInteger)
    backlog: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    owner_id: str | None = Field(default=None, foreign_key="replica.id", ondelete="SET NULL")
    token: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    wake_at: int | None = Field(default=None, sa_type=BigInteger)


class Question(Table, table=True):
    """A message that was accepted, once, and what became of it.

    `payload` is the message itself, until it is answered; or, where a form has to be filled in first, for a
    day. `decision` is the form that a flow waits with, as JSON, and `rating` what was thought of the answer.
    `sent_at`, in microseconds, is the platform's word for the order in which people spoke. `starts` counts
    how often the answer was begun, `first_started_at` says when for the first time; `stop_asked_at` that
    somebody wants it to end. `asker` and `place` say who asked, and in which channel; `change` that the
    message was edited or deleted meanwhile. `conversation_id` and `dify_user` are there once its thread has
    gone on to another conversation.
    """

    __tablename__ = "question"
    __table_args__ = (
        UniqueConstraint("platform", "message_id"),
        Index("ix_question_thread_id", "thread_id"),
        partial("ix_question_open", "thread_id", "id", where="state < 2"),
        partial("ix_question_finished_at", "finished_at", where="state = 2"),
        partial("ix_question_kept", "received_at", where="state = 2 AND payload IS NOT NULL"),
        partial("ix_question_stop_asked_at", "stop_asked_at", where="stop_asked_at IS NOT NULL"),
        Index("ix_question_asker_received_at", "asker", "received_at"),
        Index("ix_question_place_received_at", "place", "received_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    platform: str
    message_id: str
    thread_id: int = Field(foreign_key="chat_thread.id", ondelete="CASCADE", sa_type=BIG)
    state: int = Field(default=State.WAITING, sa_type=SmallInteger, sa_column_kwargs={"server_default": "2"})
    payload: str | None = Field(default=None, sa_type=Text)
    starts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    sent_at: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    received_at: int = Field(sa_type=BigInteger)
    first_started_at: int | None = Field(default=None, sa_type=BigInteger)
    stop_asked_at: int | None = Field(default=None, sa_type=BigInteger)
    finished_at: int | None = Field(default=None, sa_type=BigInteger)
    outcome: str | None = None
    dify_message_id: str | None = None
    dify_task_id: str | None = None
    dify_run_id: str | None = None
    conversation_id: str | None = None
    dify_user: str | None = Field(default=None, max_length=255)
    decision: str | None = Field(default=None, sa_type=Text)
    rating: str | None = None
    asker: str | None = None
    place: str | None = None
    change: str | None = None


class ReplyMessage(Table, table=True):
    """A message of the bot that shows (a part of) the answer to a question: `page` counts from 0."""

    __tablename__ = "reply_message"
    __table_args__ = (
        UniqueConstraint("question_id", "page"),
        Index("ix_reply_message_channel_message_id", "channel", "message_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    question_id: int = Field(foreign_key="question.id", ondelete="CASCADE", sa_type=BIG)
    page: int
    channel: str
    message_id: str


class Suggestion(Table, table=True):
    """A question that was offered below a reply, to be asked by pressing it."""

    __tablename__ = "suggestion"
    __table_args__ = (UniqueConstraint("question_id", "number"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    question_id: int = Field(foreign_key="question.id", ondelete="CASCADE", sa_type=BIG)
    number: int
    text: str = Field(sa_type=Text)


class Installation(Table, table=True):
    """A workspace that the bot is installed in. `secret` is what it may be used with there, encrypted."""

    __tablename__ = "installation"
    __table_args__ = (UniqueConstraint("platform", "workspace"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    platform: str
    workspace: str
    secret: str = Field(sa_type=Text)
    updated_at: int = Field(sa_type=BigInteger)
