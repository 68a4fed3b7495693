"""A real PostgreSQL for tests: one server for all of them, one fresh database for each.

TEST_DATABASE_URL names a server that is there already (its user must be allowed to create databases).
Otherwise one is started, which can then also be stopped and started by tests of outages.
"""

import contextlib
import os
from collections.abc import Iterator

import pytest

from sandbox.postgres import NoPostgres, Postgres, Server
from sandbox.postgres import running_postgres as _running

__all__ = ["NoPostgres", "Postgres", "Server", "postgres", "running_postgres"]


def running_postgres() -> contextlib.AbstractContextManager[Postgres]:
    """The server that is there, or one of our own until the end. `NoPostgres` if there is none to be had."""
    return _running(os.environ.get("TEST_DATABASE_URL", ""))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of this test run."""
    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(running_postgres())
        except NoPostgres as error:
            pytest.skip(f"NOT TESTED ON POSTGRESQL (set TEST_DATABASE_URL): {error}")
        yield running
