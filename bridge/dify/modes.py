"""What kind of app a server has that does not tell: each path is there for some kinds only, and
refuses others before it looks at what is asked."""

from bridge.dify.app import Mode
from bridge.dify.calls import Calls
from bridge.errors import DifyLacks, DifyNotThere, DifyWrongMode

# Of no run, and well formed.
NO_RUN = "00000000-0000-0000-0000-000000000000"


async def mode_by_paths(calls: Calls) -> Mode:
    """Whether the app answers once, and how; `UNKNOWN` for any that converses. Nothing is asked of it."""
    try:
        await calls.get("conversations", {"limit": "1"}, optional=True)
    except DifyWrongMode:
        return await _mode_of_one_result(calls)
    except DifyLacks:
        pass
    return Mode.UNKNOWN


async def _mode_of_one_result(calls: Calls) -> Mode:
    try:
        await calls.get(f"workflows/run/{NO_RUN}", optional=True)
    except DifyNotThere:
        return Mode.WORKFLOW
    except (DifyWrongMode, DifyLacks):
        pass
    return Mode.COMPLETION
