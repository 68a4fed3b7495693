"""Files that an app made, fetched from a Dify that answers over a real socket."""

from collections.abc import AsyncIterator, Sequence

import pytest

from bridge.dify import AppFile, DifyClient
from bridge.made import MOST_FILES, Fetching, all_made
from bridge.markdown import Linked
from sandbox.dify import Dify, MadeFile

PLOT = MadeFile("plot.png", b"\x89PNG a plot")


@pytest.fixture
async def dify() -> AsyncIterator[Dify]:
    async with Dify(version="1.16.0") as stand_in:
        yield stand_in


@pytest.fixture
async def client(dify: Dify) -> AsyncIterator[DifyClient]:
    async with DifyClient(dify.url, dify.key) as open_client:
        yield open_client


def file_at(url: str, name: str = "plot.png") -> AppFile:
    return AppFile("1", name, "image/png", url, 0)


class Refreshing:
    """Gives these links when asked for new ones, and counts how often."""

    def __init__(self, *files: AppFile) -> None:
        self._files = files
        self.times = 0

    async def __call__(self) -> tuple[AppFile, ...]:
        self.times += 1
        return self._files


async def fetch_made(client: DifyClient, files: Sequence[AppFile], refresh: Refreshing) -> list[bytes | None]:
    """What is found at each."""
    fetching = Fetching(client, refresh)
    found = [await fetching.file(file) for file in files]
    return [one.data if one is not None else None for one in found]


def fetches(dify: Dify) -> list[int]:
    return [call.status for call in dify.calls if call.path.startswith("/files/")]


def test_what_is_named_and_linked_to_is_one_file() -> None:
    named = file_at("/files/tools/1.png?sign=1")
    links = [
        Linked("again", "http://api:5001/files/tools/1.png?sign=2"),
        Linked("b", "/files/tools/2.png?sign=1"),
    ]
    assert [(file.name, file.url) for file in all_made([named], links)] == [
        ("plot.png", "/files/tools/1.png?sign=1"),
        ("b", "/files/tools/2.png?sign=1"),
    ]


def test_nobody_is_given_more_files_than_they_can_look_at() -> None:
    files = [file_at(f"/files/tools/{number}.png") for number in range(30)]
    assert len(all_made(files, [])) == MOST_FILES


async def test_a_good_link_is_fetched_and_no_other_one_asked_for(dify: Dify, client: DifyClient) -> None:
    refresh = Refreshing()
    made = await fetch_made(client, [file_at(dify.link_to(PLOT))], refresh)
    assert (made, refresh.times) == ([PLOT.content], 0)


async def test_links_that_have_expired_are_asked_for_anew_once_for_all(
    dify: Dify, client: DifyClient
) -> None:
    paths = [dify.link_to(PLOT).partition("?")[0] for _ in range(3)]
    old = [file_at(f"{path}?timestamp=1&nonce=n&sign=s") for path in paths]
    refresh = Refreshing()
    made = await fetch_made(client, old, refresh)
    assert (made, refresh.times) == ([None] * 3, 1)
    assert fetches(dify) == [403] * 3


async def test_a_link_signed_anew_is_fetched(dify: Dify, client: DifyClient) -> None:
    fresh = file_at(dify.link_to(PLOT))
    old = file_at(f"{fresh.url.partition('?')[0]}?timestamp=1&nonce=n&sign=s")
    refresh = Refreshing(fresh)
    made = await fetch_made(client, [old], refresh)
    assert (made, refresh.times, fetches(dify)) == ([PLOT.content], 1, [403, 200])


async def test_what_is_not_dify_s_is_not_fetched_but_told(dify: Dify, client: DifyClient) -> None:
    elsewhere = [file_at(url, "x") for url in ("https://example.org/x.png", "file:///etc/passwd", "/v1/info")]
    made = await fetch_made(client, [*elsewhere, file_at(dify.link_to(PLOT))], Refreshing())
    assert made == [None, None, None, PLOT.content]
    assert fetches(dify) == [200]


async def test_a_dify_that_is_away_loses_the_files_and_nothing_else(dify: Dify, client: DifyClient) -> None:
    link = dify.link_to(PLOT)
    async with dify.away():
        made = await fetch_made(client, [file_at(link)], Refreshing())
    assert made == [None]
