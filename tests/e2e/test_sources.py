"""What an answer rests on is a short list below it."""

import pytest

from bridge.words import english
from sandbox.dify import Answer, Dify, Source
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place


async def asked(place: Place, dify: Dify, bridge: Bridge, *sources: Source) -> str:
    dify.script = lambda request, turns: Answer("Thirty days.", sources=sources)
    async with bridge() as app:
        thread = await place.ask("How many days off?")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("Thirty days.")
    return reply


@pytest.mark.parametrize("mode", ["chat", "advanced-chat"])
async def test_sources_are_numbered_by_name_and_page_and_nothing_else(
    place: Place, dify: Dify, bridge: Bridge, mode: str
) -> None:
    dify.mode = mode
    rules = Source("rules.pdf", "Handbook", "Whoever works here may ...", 0.9731, page=12)
    reply = await asked(place, dify, bridge, rules, Source("faq.md", "Wiki", "Q: ... A: ...", 0.81))
    assert "1. rules.pdf, page 12 (Handbook)" in reply
    assert "2. faq.md (Wiki)" in reply
    assert not [hidden for hidden in ("0.97", "0.81", "Whoever", "Q:") if hidden in reply]


async def test_many_sources_are_cut_short(place: Place, dify: Dify, bridge: Bridge) -> None:
    sources = [Source(f"document {number}.md", "Wiki") for number in range(1, 21)]
    reply = await asked(place, dify, bridge, *sources)
    assert "1. document 1.md (Wiki)" in reply
    assert "5. document 5.md (Wiki), and 15 more" in reply
    assert "document 6.md" not in reply
    assert "6." not in reply


async def test_a_document_that_was_found_twice_is_named_once(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    passages = [Source("rules.pdf", "Handbook", content) for content in ("One passage", "Another one")]
    reply = await asked(place, dify, bridge, *passages)
    assert reply.count("rules.pdf") == 1


async def test_without_sources_there_is_no_list(place: Place, dify: Dify, bridge: Bridge) -> None:
    assert await asked(place, dify, bridge) == "Thirty days."


async def test_the_name_of_a_source_is_no_markup_and_calls_nobody(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    await asked(place, dify, bridge, Source("@everyone <!channel> **bold**\n# x", "<@U1>"))
    assert place.pings == []


async def test_the_sources_are_told_fully_to_whoever_presses_and_to_nobody_else(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    rules = Source("rules.pdf", "Handbook", "Whoever works here may ...\nand so on", page=12)
    thread = await pressed(place, dify, bridge, rules, Source("faq.md", "Wiki", "word " * 100))
    (told,) = place.whispers()
    assert "1. rules.pdf, page 12 (Handbook)" in told
    assert "Whoever works here may ... and so on" in told
    assert "2. faq.md (Wiki)" in told
    assert told.endswith("…")
    (reply,) = place.replies(thread)
    assert "Whoever" not in reply


async def test_many_sources_are_told_as_far_as_there_is_room(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    await pressed(place, dify, bridge, *(Source(f"{number}. {'x' * 90}.md") for number in range(1, 41)))
    (told,) = place.whispers()
    assert "\n9. " in told
    assert "\n40. " not in told
    assert told.endswith(" more")


async def test_what_was_found_is_no_markup_and_calls_nobody(place: Place, dify: Dify, bridge: Bridge) -> None:
    text = "@everyone <!channel> ```code [here](https://example.com)\n# x"
    await pressed(place, dify, bridge, Source("rules.pdf", "Handbook", text))
    (told,) = place.whispers()
    assert "```" not in told
    assert "example.com" not in told
    assert "<!channel>" not in told or place.name != "slack"
    assert place.pings == []


async def test_the_buttons_below_an_answer_stand_in_their_order(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    found = (english.GOOD_ANSWER, english.BAD_ANSWER, english.SHOW_SOURCES, english.ASK_AGAIN)
    for sources, labels in (((Source("faq.md"),), found), ((), (*found[:2], found[3]))):
        dify.script = lambda request, turns: Answer("So.", sources=sources)  # noqa: B023 - awaited here
        async with bridge() as app:
            before = sum(one.finished for one in await app.store.list_threads())
            thread = await place.ask("Why?")
            await answered(app, before + 1)
            assert tuple(place.buttons(thread)) == labels


async def pressed(place: Place, dify: Dify, bridge: Bridge, *sources: Source) -> str:
    """Asked before a restart, and pressed after it. Returns the thread."""
    dify.script = lambda request, turns: Answer("Thirty days.", sources=sources)
    async with bridge() as app:
        thread = await place.ask("How many days off?")
        await answered(app, 1)
    async with bridge():
        await place.press(thread, english.SHOW_SOURCES)
        await until(lambda: place.whispers() != [])
    return thread
