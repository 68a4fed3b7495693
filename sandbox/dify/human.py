"""What a flow asks a person, and what the person decides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.dify.types import Answer


@dataclass(frozen=True, slots=True)
class FormField:
    """Something to fill in. `kind` is `paragraph`, `text-input` or `select`."""

    name: str
    kind: str = "paragraph"
    default: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormAction:
    """A way to decide."""

    id: str
    title: str
    style: str = "default"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided, or in the place of which the time ran out (`action` is empty)."""

    token: str
    action: str
    filled: Mapping[str, str]
    user: str


@dataclass(frozen=True, slots=True)
class Form:
    """What a flow asks when it pauses. It waits for `seconds`; one that is not `answerable` has no token.

    What follows a decision is the rest of the answer, unless `then` says otherwise; it may ask again. The run
    goes on `resumes_after` seconds after the decision, as a worker's queue takes its time.
    """

    title: str = "Approval"
    content: str = "Please review"
    fields: tuple[FormField, ...] = ()
    actions: tuple[FormAction, ...] = (
        FormAction("approve", "Approve", "primary"),
        FormAction("reject", "Reject"),
    )
    seconds: float = 86_400.0
    answerable: bool = True
    resumes_after: float = 0.0
    then: Callable[[Decision], "Answer"] | None = field(default=None, compare=False)
