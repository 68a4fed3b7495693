"""What every test shares."""

import os

import pytest
from hypothesis import settings

from tests.postgres import postgres as postgres  # a fixture of every suite that asks for it

# On a build machine the same examples every time: a run that fails must fail for what was changed. At a desk
# the examples are new ones each time, and may find what nobody has thought of.
# How long an example takes depends on the machine, so no example has a deadline.
settings.register_profile("build", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("build" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The bridge is asyncio only, as both SDKs are."""
    return "asyncio"
