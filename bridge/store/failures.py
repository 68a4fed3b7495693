"""Foreign errors become ours in this one place, whichever database they come from."""

import contextlib
from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError

from bridge.errors import StoreError

# As PostgreSQL names it.
UNIQUE_VIOLATION = "23505"

FOREIGN: tuple[type[Exception], ...] = (SQLAlchemyError, OSError)


@contextlib.contextmanager
def translated(*more: type[Exception]) -> Iterator[None]:
    """Raise `StoreError` for whatever the database layer raises inside: `FOREIGN`, and the driver's `more`.

    The foreign error is not chained. The texts of drivers carry parameters ("Key (...)=(...) already exists",
    "invalid input for query argument $2: ..."), so a logged traceback would show what people wrote.
    """
    try:
        yield
    except (*FOREIGN, *more) as error:
        raise StoreError(f"the database failed: {described(error)}") from None


def described(error: BaseException) -> str:
    """What went wrong in names only: the types of the error and of its causes, and what the database calls
    it, such as `IntegrityError, UniqueViolationError, 23505` or `OperationalError, SQLITE_FULL`."""
    names: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        if type(cause).__name__ not in names:
            names.append(type(cause).__name__)
        cause = cause.__cause__
    sqlite = getattr(getattr(error, "orig", error), "sqlite_errorname", "")
    return ", ".join(filter(None, [*names, sqlstate(error), sqlite]))


def sqlstate(error: BaseException) -> str:
    """The five characters by which PostgreSQL names an error, or nothing."""
    # SQLAlchemy keeps the driver's error as `orig`; a driver's own error may also come without a wrapping.
    code = getattr(getattr(error, "orig", error), "sqlstate", None)
    return code if isinstance(code, str) else ""
