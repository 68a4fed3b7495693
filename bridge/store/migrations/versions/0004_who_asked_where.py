"""who asked a question and where, whether its words were changed, and where the bot is installed"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("question", sa.Column("asker", sa.String(), nullable=True))
    op.add_column("question", sa.Column("place", sa.String(), nullable=True))
    op.add_column("question", sa.Column("change", sa.String(), nullable=True))
    op.create_index("ix_question_asker_received_at", "question", ["asker", "received_at"])
    op.create_index("ix_question_place_received_at", "question", ["place", "received_at"])
    op.create_table(
        "installation",
        sa.Column("id", BIG, nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("workspace", sa.String(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        sa.UniqueConstraint("platform", "workspace", name=op.f("uq_installation_platform_workspace")),
    )


def downgrade() -> None:
    raise NotImplementedError("an older bridge refuses a newer database; go back to a copy of the file")
