"""What every test shares."""

import os

import pytest
from hypothesis import settings

from sandbox.discord import Discord
from tests.official import OPENAPI
from tests.postgres import postgres as postgres  # a fixture of every suite that asks for it

# On a build machine the same examples every time: a run that fails must fail for what was changed. At a desk
# the examples are new ones each time, and may find what nobody has thought of.
# How long an example takes depends on the machine, so no example has a deadline.
settings.register_profile("build", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("build" if os.environ.get("CI") else "desk")


# Every request to a stand-in for Discord, in every test: closing it fails where one is not as it should be.
Discord.official = OPENAPI if OPENAPI.exists() else None


def pytest_report_header() -> str:
    if Discord.official is None:
        return f"DISCORD'S OPENAPI DOCUMENT IS NOT HERE ({OPENAPI}): no request is held against it"
    return f"requests to Discord are held against {OPENAPI.name}"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The bridge is asyncio only, as both SDKs are."""
    return "asyncio"
