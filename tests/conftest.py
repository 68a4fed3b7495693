"""What every test shares."""

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The bridge is asyncio only, as both SDKs are."""
    return "asyncio"
