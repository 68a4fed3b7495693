"""What is remembered. All times are whole milliseconds since 1970, alike on every database."""

from sqlalchemy import BigInteger, Index, Integer, MetaData, UniqueConstraint
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


class Table(SQLModel):
    """The root of our tables, with names of constraints that migrations can rely on."""

    metadata = METADATA


class ChatThread(Table, table=True):
    """A thread the bot takes part in, and the Dify conversation it holds there.

    `dify_user` is fixed when the conversation begins: Dify shows a conversation to no other user.
    """

    __tablename__ = "chat_thread"

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    key: str = Field(unique=True)
    app: str
    dify_user: str = Field(max_length=255)
    conversation_id: str | None = None
    updated_at: int = Field(sa_type=BigInteger)


class Question(Table, table=True):
    """A message that was accepted, once, and what became of it. Never its text."""

    __tablename__ = "question"
    __table_args__ = (UniqueConstraint("platform", "message_id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BIG)
    platform: str
    message_id: str
    thread_id: int = Field(foreign_key="chat_thread.id", ondelete="CASCADE", index=True, sa_type=BIG)
    received_at: int = Field(sa_type=BigInteger)
    finished_at: int | None = Field(default=None, sa_type=BigInteger)
    outcome: str | None = None
    dify_message_id: str | None = None
    dify_task_id: str | None = None


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
