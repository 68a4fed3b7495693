"""The stand-in for Dify lists, names and deletes conversations, and holds their variables."""

import pytest

from sandbox.dify import AppSetup, SetupVariable
from tests.sandbox.calling import HELLO, ask, call, events, refused, saying

LONG = "How many days of leave do I have left?"
VARIABLES = AppSetup(
    variables=(
        SetupVariable("city", value="Rome", description="where"),
        SetupVariable("days", "number", 3),
        SetupVariable("seen", "array[string]", ["Pantheon"]),
    )
)


async def test_conversations_are_listed_for_their_user_the_newest_first() -> None:
    async with saying(HELLO) as dify:
        ids = [str(events(await ask(dify, query=f"Q{n}"))[0]["conversation_id"]) for n in range(3)]
        await ask(dify, user="u2")
        await ask(dify, conversation_id=ids[0])
        page = (await call(dify, "GET", "conversations", user="u1", limit="2")).json()
        rest = (await call(dify, "GET", "conversations", user="u1", last_id=ids[2])).json()
        oldest = (await call(dify, "GET", "conversations", user="u1", sort_by="created_at")).json()
        nothing = (await call(dify, "GET", "conversations")).json()
        lost = await call(dify, "GET", "conversations", user="u1", last_id="x")
        beyond = await call(dify, "GET", "conversations", user="u1", limit="101")
    assert ([one["id"] for one in page["data"]], page["has_more"]) == ([ids[0], ids[2]], True)
    assert [one["id"] for one in rest["data"]] == [ids[1]]
    assert [one["id"] for one in oldest["data"]] == ids
    assert nothing["data"] == []
    assert (refused(lost), refused(beyond)) == ((404, "not_found"), (400, "invalid_param"))


@pytest.mark.parametrize(
    ("title_after", "itself", "name"),
    [
        (0.0, True, f"About: {LONG}"),
        (60.0, True, "How many days of lea…"),
        (0.0, False, "How many days of lea…"),
    ],
)
async def test_a_conversation_gets_its_title_after_a_while(
    title_after: float, itself: bool, name: str
) -> None:
    async with saying(HELLO, setup=AppSetup(title_after=title_after)) as dify:
        await ask(dify, query=LONG, auto_generate_name=itself)
        listed = (await call(dify, "GET", "conversations", user="u1")).json()["data"]
    assert [one["name"] for one in listed] == [name]


async def test_a_conversation_is_renamed_by_its_user_only() -> None:
    async with saying(HELLO) as dify:
        conversation = str(events(await ask(dify, query=LONG))[0]["conversation_id"])
        path = f"conversations/{conversation}/name"
        named = await call(dify, "POST", path, {"name": "Leave", "user": "u1"})
        chosen = await call(dify, "POST", path, {"auto_generate": True, "user": "u1"})
        foreign = await call(dify, "POST", path, {"name": "Mine", "user": "u2"})
        neither = await call(dify, "POST", path, {"user": "u1"})
    assert (named.json()["name"], chosen.json()["name"]) == ("Leave", f"About: {LONG}")
    assert (refused(foreign), refused(neither)) == ((404, "not_found"), (400, "invalid_param"))
    assert [(one.user, one.name) for one in dify.renamed] == [("u1", "Leave"), ("u1", "")]


@pytest.mark.parametrize(("version", "status"), [("1.3.1", 200), ("1.4.0", 204), ("1.17.1", 204)])
async def test_a_deleted_conversation_is_gone(version: str, status: int) -> None:
    async with saying(HELLO, version=version) as dify:
        conversation = str(events(await ask(dify))[0]["conversation_id"])
        foreign = await call(dify, "DELETE", f"conversations/{conversation}", {"user": "u2"})
        gone = await call(dify, "DELETE", f"conversations/{conversation}", {"user": "u1"})
        again = await ask(dify, conversation_id=conversation)
    assert (foreign.status_code, gone.status_code, again.status_code) == (404, status, 404)
    assert [(one.conversation_id, one.user) for one in dify.deleted] == [(conversation, "u1")]


async def test_variables_are_read_and_set() -> None:
    async with saying(HELLO, "advanced-chat", setup=VARIABLES) as dify:
        conversation = str(events(await ask(dify))[0]["conversation_id"])
        path = f"conversations/{conversation}/variables"
        told = (await call(dify, "GET", path, user="u1")).json()
        city, days, seen = told["data"]
        changed = await call(dify, "PUT", f"{path}/{days['id']}", {"value": 5, "user": "u1"})
        wrong = await call(dify, "PUT", f"{path}/{days['id']}", {"value": "five", "user": "u1"})
        unknown = await call(dify, "PUT", f"{path}/x", {"value": 5, "user": "u1"})
        named = (await call(dify, "GET", path, user="u1", variable_name="days")).json()
        foreign = await call(dify, "GET", path, user="u2")
    assert (city["value"], days["value"], seen["value"]) == ("Rome", "3", '["Pantheon"]')
    assert (city["value_type"], city["description"]) == ("string", "where")
    assert changed.json()["value"] == named["data"][0]["value"] == "5"
    assert (refused(wrong), refused(unknown)) == ((400, "bad_request"), (404, "not_found"))
    assert foreign.status_code == 404
    assert [(one.name, one.value, one.user) for one in dify.variable_changes] == [("days", 5, "u1")]


@pytest.mark.parametrize(
    ("version", "reads", "sets"), [("1.3.0", False, False), ("1.3.1", True, False), ("1.7.2", True, True)]
)
async def test_versions_learnt_about_variables_one_after_another(
    version: str, reads: bool, sets: bool
) -> None:
    async with saying(HELLO, "advanced-chat", version, setup=VARIABLES) as dify:
        conversation = str(events(await ask(dify))[0]["conversation_id"])
        path = f"conversations/{conversation}/variables"
        read = await call(dify, "GET", path, user="u1")
        variable = dify.conversations[conversation].variables[0].id
        put = await call(dify, "PUT", f"{path}/{variable}", {"value": "Oslo", "user": "u1"})
    assert ((read.status_code == 200), (put.status_code == 200)) == (reads, sets)
