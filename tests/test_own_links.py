"""Links to files that are put into the thread: no reader ever sees where they lead."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.markdown import settled_links, without_own_links
from bridge.markdown.own_links import Linked

SECRET = "/files/tools/"
TARGET = f"{SECRET}0b6e3c8e.png?timestamp=1&nonce=n&sign=s%3D"


def is_own(target: str) -> bool:
    return target.startswith((SECRET, f"http://dify.test{SECRET}"))


def shown(text: str) -> str:
    """What is seen of a text that still grows, see `bridge.draft`."""
    return without_own_links(settled_links(text), is_own)[0]


PIECES = st.one_of(
    st.sampled_from(
        [
            f"![a plot]({TARGET})",
            f"[the table]({TARGET})",
            f"[]({TARGET})",
            f"![x](http://dify.test{TARGET})",
            f"[x](<{TARGET}>)",
            f'[x]({TARGET} "title")',
            f"[x]( {TARGET} )",
            "[other](https://example.org/a_(b))",
            "![cat](https://example.org/cat.png)",
            "[note]",
            "!",
            "](",
            "[",
            "(",
            ")",
            "`[code](x)`",
            "\n\n",
            "- [ ] task\n",
        ]
    ),
    st.text("ab !?\n[]()*_", max_size=8),
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)
# As a model writes: links with something that is none before and behind.
WRITTEN = st.lists(
    st.sampled_from(
        [
            "Look. ",
            "So ",
            "\n\n",
            f"![a plot]({TARGET}) ",
            f"[the table]({TARGET}), ",
            f"[![thumb]({TARGET})]({TARGET}) ",
            f"[![thumb]({TARGET})](https://example.org) ",
            f"http://dify.test{TARGET}. ",
            f"{TARGET} ",
            "https://example.org/a, ",
            "with / and https ",
            "end!",
        ]
    ),
    max_size=8,
).map("".join)


def test_a_link_leaves_its_label() -> None:
    text, links = without_own_links(f"See ![a plot]({TARGET}) and [docs](https://example.org).", is_own)
    assert text == "See a plot and [docs](https://example.org)."
    assert links == (Linked("a plot", TARGET),)


def test_a_picture_that_is_a_link_leaves_its_label() -> None:
    text, links = without_own_links(
        f"[![thumb]({TARGET})](https://example.org) [![b]({TARGET}2)]({TARGET})", is_own
    )
    assert text == "[thumb](https://example.org) b"
    assert [link.target for link in links] == [TARGET, f"{TARGET}2"]


def test_an_address_by_itself_leaves_the_name_of_the_file() -> None:
    text, links = without_own_links(f"It is at http://dify.test{TARGET}, and <{TARGET}>.", is_own)
    assert text == "It is at 0b6e3c8e.png, and 0b6e3c8e.png."
    assert [link.target for link in links] == [f"http://dify.test{TARGET}", TARGET]


def test_each_target_is_named_once() -> None:
    _, links = without_own_links(f"[one]({TARGET}) [two]({TARGET})", is_own)
    assert links == (Linked("one", TARGET),)


@pytest.mark.parametrize(
    "link",
    [
        f"[a]({TARGET})",
        f"![a]({TARGET})",
        f"[a](<{TARGET}>)",
        f'[a]({TARGET} "said")',
        f"[a]({TARGET} 'said')",
        f"[a [b] c]({TARGET})",
        f"[a\\]]({TARGET})",
        f"[a\nb]({TARGET})",
        f"[![thumb]({TARGET})]({TARGET})",
        f"[a]: {TARGET}\n",
        f"<http://dify.test{TARGET}>",
        f"http://dify.test{TARGET}",
        f"look at {TARGET} now",
        f'<img src="{TARGET}">',
        f"`{TARGET}`",
    ],
)
def test_however_it_is_written_the_target_is_not_shown(link: str) -> None:
    for end in range(len(link) + 1):
        assert SECRET not in shown(f"See {link[:end]}"), end
    assert SECRET not in without_own_links(f"See {link} there", is_own)[0]


@given(TEXTS)
def test_no_target_is_seen_while_a_text_grows(text: str) -> None:
    for end in range(len(text) + 1):
        assert SECRET not in shown(text[:end])
    assert SECRET not in without_own_links(text, is_own)[0]


@given(WRITTEN)
def test_what_was_seen_stays(text: str) -> None:
    before = ""
    for end in range(len(text) + 1):
        now = shown(text[:end])
        assert now.startswith(before)
        before = now
    assert without_own_links(text, is_own)[0].startswith(before)


@given(st.text())
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert without_own_links(text, is_own) == (text, ())
    assert text.startswith(settled_links(text))


@pytest.mark.parametrize(
    "text", ["[" * 50_000, "[a" * 50_000, "[]" * 50_000, f"[{SECRET}" * 5_000, "http://" * 9_000]
)
def test_no_text_takes_long(text: str) -> None:
    began = time.monotonic()
    shown(text)
    assert time.monotonic() - began < 1.0
