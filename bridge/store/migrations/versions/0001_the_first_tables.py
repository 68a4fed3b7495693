"""the first tables"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import AutoString

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chat_thread",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", AutoString(), nullable=False),
        sa.Column("app", AutoString(), nullable=False),
        sa.Column("dify_user", AutoString(length=255), nullable=False),
        sa.Column("conversation_id", AutoString(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_thread")),
        sa.UniqueConstraint("key", name=op.f("uq_chat_thread_key")),
    )
    op.create_table(
        "question",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("platform", AutoString(), nullable=False),
        sa.Column("message_id", AutoString(), nullable=False),
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", AutoString(), nullable=True),
        sa.Column("dify_message_id", AutoString(), nullable=True),
        sa.Column("dify_task_id", AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["chat_thread.id"],
            name=op.f("fk_question_thread_id_chat_thread"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint("platform", "message_id", name=op.f("uq_question_platform_message_id")),
    )
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_question_thread_id"), ["thread_id"], unique=False)

    op.create_table(
        "reply_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("question_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("channel", AutoString(), nullable=False),
        sa.Column("message_id", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["question.id"],
            name=op.f("fk_reply_message_question_id_question"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_message")),
        sa.UniqueConstraint("question_id", "page", name=op.f("uq_reply_message_question_id_page")),
    )
    with op.batch_alter_table("reply_message", schema=None) as batch_op:
        batch_op.create_index("ix_reply_message_channel_message_id", ["channel", "message_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("reply_message", schema=None) as batch_op:
        batch_op.drop_index("ix_reply_message_channel_message_id")

    op.drop_table("reply_message")
    with op.batch_alter_table("question", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_question_thread_id"))

    op.drop_table("question")
    op.drop_table("chat_thread")
