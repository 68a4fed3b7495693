"""What an app makes is put into the thread; nobody ever sees where Dify keeps it."""

from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from bridge import attached
from bridge.words import english
from sandbox.dify import Answer, AppSetup, Dify, FileRules, MadeFile
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Given, Place

PLOT = MadeFile("plot.png", b"\x89PNG a plot")
TABLE = MadeFile("table.csv", b"a,b\n1,2\n", "text/csv", "document")
SIGNED_FOR_NOBODY = "/files/tools/0b6e3c8e-4c0b-4a0c-9a37-2f4f9f6f0a11.png?timestamp=1&nonce=n&sign=s%3D"
WORDS = " ".join(f"word{number}" for number in range(40))


@pytest.fixture
async def elsewhere() -> AsyncIterator[tuple[str, list[str]]]:
    """Another host, and what it was asked for."""
    asked: list[str] = []

    async def hear(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=b"elsewhere", content_type="image/png")

    app = web.Application()
    app.router.add_get("/{rest:.*}", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()


def file_calls(dify: Dify) -> list[int]:
    """How the fetches of files were answered."""
    return [call.status for call in dify.calls if call.path.startswith("/files/")]


def shows_no_target(place: Place, thread: str) -> Callable[[], bool]:
    def check() -> bool:
        return not [state for state in place.states(thread) if "/files/" in state or "sign=" in state]

    return check


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "advanced-chat"])
async def test_what_the_app_makes_is_put_into_the_thread(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.mode = mode
    dify.script = lambda request, turns: Answer("Here they are.", files=(PLOT, TABLE))
    async with bridge() as app:
        thread = await place.ask("Plot it")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("Here they are.")
    assert sorted(data for _, data in place.files(thread)) == sorted([PLOT.content, TABLE.content])
    assert [name.rpartition(".")[2] for name, _ in place.files(thread)] == ["png", "csv"]
    assert shows_no_target(place, thread)()


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
async def test_the_target_of_a_link_to_dify_is_never_seen(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.mode = mode
    picture, sheet = dify.link_to(PLOT), f"{dify.origin}{dify.link_to(TABLE)}"
    text = f"Look: ![a plot]({picture}) and [the table]({sheet}). {WORDS}"
    dify.script = lambda request, turns: Answer(text, tokens_per_second=100)
    async with bridge() as app:
        thread = await place.ask("Plot it")
        await answered(app, 1)
    assert place.replies(thread) == [f"Look: a plot and the table. {WORDS}"]
    assert [data for _, data in place.files(thread)] == [PLOT.content, TABLE.content]
    assert len(place.states(thread)) > 3
    assert shows_no_target(place, thread)()


async def test_a_file_is_put_there_once_however_often_it_is_named(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    link = dify.link_to(PLOT)
    dify.script = lambda request, turns: Answer(f"![one]({link}) and again [two]({link})", files=(TABLE,))
    async with bridge() as app:
        thread = await place.ask("Plot it")
        await answered(app, 1)
    assert sorted(data for _, data in place.files(thread)) == sorted([PLOT.content, TABLE.content])


async def test_other_links_stay_and_nothing_is_fetched_there(
    place: Place, dify: Dify, bridge: Bridge, elsewhere: tuple[str, list[str]]
) -> None:
    origin, asked = elsewhere
    links = (
        f"{origin}/cat.png",
        "http://cats.invalid/files/cat.png?sign=1",
        f"{dify.origin}/console/cat.png",
    )
    said = " ".join(f"![cat {number}]({link})" for number, link in enumerate(links))
    dify.script = lambda request, turns: Answer(f"{said} [docs]({origin}/docs)")
    async with bridge() as app:
        thread = await place.ask("Cats?")
        await answered(app, 1)
    reply = "".join(place.replies(thread))
    assert f"{origin}/docs" in reply
    assert all(link in reply for link in links)
    assert place.files(thread) == []
    assert (asked, file_calls(dify)) == ([], [])


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
async def test_an_expired_link_is_asked_for_anew_once(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.mode = mode
    link = dify.link_to(PLOT)
    dify.script = lambda request, turns: Answer(f"![a plot]({link}) {WORDS}", tokens_per_second=200)
    async with bridge() as app:
        thread = await place.ask("Plot it")
        await until(lambda: len(place.replies(thread)) == 1)
        dify.expire_links()
        await answered(app, 1)
    assert place.replies(thread) == [f"a plot {WORDS}"]
    assert place.files(thread) == [(place.files(thread)[0][0], PLOT.content)]
    assert file_calls(dify) == [403, 200]


async def test_a_file_that_is_gone_is_told_after_one_more_try(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.script = lambda request, turns: Answer(f"Here: ![a plot]({SIGNED_FOR_NOBODY})")
    async with bridge() as app:
        thread = await place.ask("Plot it")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("Here: a plot")
    assert english.NOT_FETCHED.format(name="a plot") in reply
    assert place.files(thread) == []
    assert 1 <= len(file_calls(dify)) <= 2


async def test_a_file_that_is_too_large_is_told_and_the_others_come(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    huge = MadeFile("huge.bin", bytes(attached.MOST_BYTES + 1), "application/octet-stream", "custom")
    dify.mode = "chat"
    dify.script = lambda request, turns: Answer("Here.", files=(huge, PLOT))
    async with bridge() as app:
        thread = await place.ask("All of it")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("Here.")
    assert "could not be fetched from the AI service." in reply
    assert [data for _, data in place.files(thread)] == [PLOT.content]


@pytest.mark.parametrize("mode", ["chat", "agent-chat", "advanced-chat"])
async def test_nobody_is_given_their_own_file_back(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.mode = mode
    dify.setup = AppSetup(files=FileRules())
    dify.script = lambda request, turns: Answer("Seen.", files=(PLOT,))
    async with bridge() as app:
        thread = await place.attach_files("Look", [Given("cat.png", "image/png", b"\x89PNG a cat")])
        await answered(app, 1)
    assert len(dify.uploads) == 1
    assert [data for _, data in place.files(thread)] == [PLOT.content]


async def test_an_answer_of_nothing_but_a_file_needs_no_words(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    dify.mode = "chat"
    dify.script = lambda request, turns: Answer("", files=(PLOT,))
    async with bridge() as app:
        thread = await place.ask("Plot it")
        await answered(app, 1)
    assert [data for _, data in place.files(thread)] == [PLOT.content]
    assert place.replies(thread) == []


async def test_a_file_that_the_place_does_not_take_is_told(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.mode = "chat"
    film = MadeFile("film.mp4", bytes(11 * 1024 * 1024), "video/mp4", "video")
    dify.script = lambda request, turns: Answer("Here.", files=(film, PLOT))
    place.refuse_files()
    async with bridge() as app:
        thread = await place.ask("Show me")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("Here.")
    assert reply.count("could not be put here") == 1
    assert [data for _, data in place.files(thread)] == [PLOT.content]
