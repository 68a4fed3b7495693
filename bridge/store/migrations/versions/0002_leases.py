"""questions that wait, replicas, and who holds which thread"""

import sqlalchemy as sa
from alembic import op
from sqlmodel import AutoString

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "replica",
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replica")),
    )
    op.create_table(
        "role",
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("owner_id", AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["replica.id"], name=op.f("fk_role_owner_id_replica"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_role")),
    )
    op.create_index("ix_role_owner_id", "role", ["owner_id"])
    # SQLite copies the table for this, with foreign keys off: else the rows that refer to it would go, too.
    with op.batch_alter_table("chat_thread") as batch:
        batch.add_column(sa.Column("platform", AutoString(), nullable=False, server_default=""))
        batch.add_column(sa.Column("backlog", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("owner_id", AutoString(), nullable=True))
        batch.add_column(sa.Column("token", sa.BigInteger(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("wake_at", sa.BigInteger(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_chat_thread_owner_id_replica"), "replica", ["owner_id"], ["id"], ondelete="SET NULL"
        )
    before_colon = "split_part(key, ':', 1)" if _on_server() else "substr(key, 1, instr(key, ':') - 1)"
    op.execute(f"UPDATE chat_thread SET platform = {before_colon}")  # noqa: S608 - one of these two
    # What an earlier bridge has left open has no text any more: it is done.
    op.add_column("question", sa.Column("state", sa.SmallInteger(), nullable=False, server_default="2"))
    op.add_column("question", sa.Column("payload", sa.Text(), nullable=True))
    op.add_column("question", sa.Column("starts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("question", sa.Column("sent_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("question", sa.Column("first_started_at", sa.BigInteger(), nullable=True))
    op.add_column("question", sa.Column("stop_asked_at", sa.BigInteger(), nullable=True))
    op.add_column("question", sa.Column("dify_run_id", AutoString(), nullable=True))
    op.execute("UPDATE question SET finished_at = received_at WHERE finished_at IS NULL")
    _index("ix_chat_thread_owner_id", "chat_thread", ["owner_id"], "owner_id IS NOT NULL")
    _index("ix_chat_thread_wake_at", "chat_thread", ["wake_at"], "owner_id IS NULL AND wake_at IS NOT NULL")
    op.create_index("ix_chat_thread_updated_at", "chat_thread", ["updated_at"])
    op.create_index("ix_chat_thread_platform_updated_at", "chat_thread", ["platform", "updated_at"])
    _index("ix_question_open", "question", ["thread_id", "id"], "state < 2")
    _index("ix_question_finished_at", "question", ["finished_at"], "state = 2")
    _index("ix_question_stop_asked_at", "question", ["stop_asked_at"], "stop_asked_at IS NOT NULL")
    if _on_server():
        # Every question changes its rows several times: room on the page, and tidied often.
        for table in ("chat_thread", "question"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _on_server() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def downgrade() -> None:
    raise NotImplementedError("an older bridge refuses a newer database; go back to a copy of the file")
