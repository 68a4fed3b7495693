"""Where a bot is installed is kept once, encrypted, and forgotten with all that belongs to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bridge.errors import Sealed
from bridge.installations import KeptInstallations
from bridge.store import Store
from bridge.types import Message, MessageRef, Person, Thread
from bridge.vault import Vault, new_key
from tests.postgres import Postgres

ME = "me"
TABLES = ("chat_thread", "question", "reply_message", "suggestion")


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "sqlite":
        async with Store(f"sqlite:///{tmp_path / 'bridge.db'}") as opened:
            yield opened
        return
    server: Postgres = request.getfixturevalue("postgres")
    async with (
        server.fresh_database() as database,
        Store(database.render_as_string(hide_password=False)) as opened,
    ):
        yield opened


@pytest.fixture
def kept(store: Store) -> KeptInstallations:
    return KeptInstallations(store, Vault(new_key()), "slack")


async def test_what_is_kept_last_counts_and_another_platform_s_is_another(
    store: Store, kept: KeptInstallations
) -> None:
    other = KeptInstallations(store, Vault(new_key()), "chat")
    assert await kept.find("T1") is None
    for secret in ("one", "two"):
        await kept.keep("T1", secret)
    await kept.keep("T2", "three")
    await other.keep("T1", "four")
    assert [(one.workspace, one.secret) for one in await kept.all()] == [("T1", "two"), ("T2", "three")]
    found = await other.find("T1")
    assert found is not None
    assert found.secret == "four"
    assert "four" not in repr(found)


async def test_only_what_is_still_there_is_replaced(kept: KeptInstallations) -> None:
    await kept.keep("T1", "one")
    seen = await kept.find("T1")
    assert seen is not None
    # In the same millisecond, too.
    assert await kept.replace(seen, "two")
    assert not await kept.replace(seen, "three")
    again = await kept.find("T1")
    assert again is not None
    assert (again.secret, again.version > seen.version) == ("two", True)
    await kept.forget("T1")
    assert not await kept.replace(again, "four")
    assert await kept.all() == ()


async def test_a_workspace_is_forgotten_with_all_that_was_asked_in_it_and_no_other_is(
    store: Store, kept: KeptInstallations
) -> None:
    await store.register(ME)
    # One whose name begins as the other's does.
    for workspace in ("T1", "T12"):
        await kept.keep(workspace, "secret")
        thread = Thread("slack", workspace, "C1", "1.5")
        asked = Message(f"{workspace}:C1:1", thread, Person("U1"), "Hello?", 1.0, addressed=True)
        taken = await store.accept(asked, "default", "u", ME)
        assert taken is not None
        assert taken.job is not None
        await store.remember_reply(taken.job, 0, MessageRef("C1", "r", workspace))
        await store.suggest(taken.question_id, ["More?"])
    await kept.forget("T1")
    assert [one.workspace for one in await kept.all()] == ["T12"]
    assert [one.key for one in await store.list_threads()] == ["slack:T12:C1:1.5"]
    for table in TABLES:
        count = await store.runner.run(
            lambda conn, table=table: conn.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()  # type: ignore[misc]  # noqa: S608
        )
        assert count == 1, table
    await kept.forget("T1")


async def test_nothing_can_be_read_without_the_key_and_an_old_one_can_be_replaced(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = new_key(), new_key()
    await KeptInstallations(store, Vault(old), "slack").keep("T1", "xoxb-secret")
    raw = await store.installation("slack", "T1")
    assert raw is not None
    assert "xoxb" not in raw.secret
    assert await KeptInstallations(store, Vault(new), "slack").find("T2") is None
    with pytest.raises(Sealed):
        await KeptInstallations(store, Vault(new), "slack").find("T1")
    assert "key that is gone" in caplog.text
    both = KeptInstallations(store, Vault(f"{new}, {old}"), "slack")
    await both.renew_seals()
    found = await KeptInstallations(store, Vault(new), "slack").find("T1")
    assert found is not None
    assert found.secret == "xoxb-secret"
    sealed = await store.installation("slack", "T1")
    await both.renew_seals()
    assert await store.installation("slack", "T1") == sealed


async def test_a_reply_is_known_with_its_workspace_after_a_restart(store: Store) -> None:
    await store.register(ME)
    thread = Thread("slack", "T1", "C1", "1.5")
    asked = Message("T1:C1:1", thread, Person("U1"), "Hello?", 1.0, addressed=True)
    taken = await store.accept(asked, "default", "u", ME)
    assert taken is not None
    assert taken.job is not None
    await store.remember_reply(taken.job, 0, MessageRef("C1", "r", "T1"))
    await store.sign_off(ME)
    await store.register(ME)
    (again,) = await store.claim(ME, ["slack"], 1, together=1)
    assert [(ref.id, ref.workspace) for ref in again.replies] == [("r", "T1")]
