"""what was filled into forms, flows that wait for a decision, ratings, earlier conversations of a thread, and
questions that are suggested"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("chat_thread", sa.Column("inputs", sa.Text(), nullable=True))
    op.add_column("question", sa.Column("decision", sa.Text(), nullable=True))
    op.add_column("question", sa.Column("rating", sa.String(), nullable=True))
    op.add_column("question", sa.Column("conversation_id", sa.String(), nullable=True))
    op.add_column("question", sa.Column("dify_user", sa.String(length=255), nullable=True))
    kept = sa.text("state = 2 AND payload IS NOT NULL")
    op.create_index("ix_question_kept", "question", ["received_at"], sqlite_where=kept, postgresql_where=kept)
    op.create_table(
        "suggestion",
        sa.Column("id", BIG, nullable=False),
        sa.Column("question_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["question.id"],
            name=op.f("fk_suggestion_question_id_question"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestion")),
        sa.UniqueConstraint("question_id", "number", name=op.f("uq_suggestion_question_id_number")),
    )


def downgrade() -> None:
    raise NotImplementedError("an older bridge refuses a newer database; go back to a copy of the file")
