"""What an answer rests on is a short list below it."""

import pytest

from sandbox.dify import Answer, Dify, Source
from tests.e2e.conftest import Bridge, answered
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
