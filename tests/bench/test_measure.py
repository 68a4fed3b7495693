"""The figures are what a person with a stopwatch would write down."""

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.measure import Frame, Track, figures, is_complete, lateness
from bench.texts import Kind, answer_text, words
from sandbox.dify import Written

TEXT = answer_text(Kind.SHORT, 1, seed=1)
HALF = words(TEXT)[6].end
# One token of four characters every 0.1 s, the first at 10.0.
WRITTEN = tuple(Written(10.0 + number / 10, 4 * (number + 1)) for number in range(50))
LAST = WRITTEN[-1].at


def track(*frames: tuple[float, str], text: str = TEXT, written: Sequence[Written] = WRITTEN) -> Track:
    return Track(text, tuple(written), tuple(Frame(at, "m1", shown) for at, shown in frames))


def test_text_that_appears_as_it_is_written_is_never_stale() -> None:
    found = figures(track(*((one.at, TEXT[: one.characters]) for one in WRITTEN)))
    assert max(found.ages) < 1e-6
    assert found.first_text == found.last_words == 0
    assert (found.lost, found.repeated, found.disordered, found.open) == (0, 0, 0, False)


def test_age_grows_until_the_next_state_is_seen() -> None:
    found = figures(track((10.5, TEXT[:4]), (12.0, TEXT[:60]), (16.0, TEXT)))
    assert math.isclose(found.first_text, 0.5)
    assert math.isclose(found.last_words, 16.0 - LAST)
    # At 11.9 the oldest unread token is the second one; at 14.9 it is the one after character 60.
    assert math.isclose(found.ages[19], 11.9 - WRITTEN[1].at, abs_tol=1e-6)
    assert math.isclose(max(found.ages), 14.9 - 11.5, abs_tol=1e-6)


def test_what_an_answer_begins_with_counts_from_four_characters_on() -> None:
    found = figures(track((10.1, "Thinking..."), (10.2, TEXT[:3]), (10.3, TEXT[:5]), (15.0, TEXT)))
    assert math.isclose(found.first_text, 0.3)


def test_a_word_that_is_missing_is_lost_and_leaves_the_answer_open() -> None:
    third = words(TEXT)[2].text
    found = figures(track((15.0, TEXT.replace(third, ""))))
    assert (found.lost, found.open, found.last_words) == (1, True, math.inf)
    assert not is_complete(track((15.0, TEXT.replace(third, ""))))


def test_words_that_come_twice_or_in_the_wrong_order_are_counted() -> None:
    first, second = (word.text for word in words(TEXT)[:2])
    twice = track((15.0, f"{TEXT} {first}"))
    assert (figures(twice).repeated, figures(twice).disordered) == (1, 1)
    swapped = TEXT.replace(first, "?").replace(second, first).replace("?", second)
    assert figures(track((15.0, swapped))).disordered == 1


def test_several_messages_are_read_in_the_order_in_which_they_stand() -> None:
    frames = (Frame(12.0, "m2", TEXT[HALF:]), Frame(13.0, "m1", TEXT[:HALF]), Frame(14.0, "m3", "x"))
    found = figures(Track(TEXT, WRITTEN, (*frames, Frame(15.0, "m3", ""))))
    assert (found.lost, found.repeated, found.disordered) == (0, 0, 0)
    assert found.first_text == 3.0


def test_an_answer_that_was_cut_needs_a_notice() -> None:
    written = WRITTEN[: HALF // 4]
    bare = replace(track((15.0, TEXT[:HALF]), written=written), cut=True)
    assert figures(bare).open
    told = replace(bare, frames=(Frame(15.0, "m1", TEXT[:HALF] + "\n\n_The line to the app was lost._"),))
    assert not figures(told).open
    assert figures(told).lost == 0
    assert is_complete(told)


def test_a_stream_that_was_not_stopped_is_open() -> None:
    assert figures(replace(track((15.0, TEXT)), streaming=True)).open


def test_markup_that_a_renderer_adds_or_repeats_is_no_word() -> None:
    text = answer_text(Kind.MIXED, 2, seed=1)
    cut = text.index("| truss") if "| truss" in text else text.index("|---|---|\n") + 10
    pages = (Frame(12.0, "m1", text[:cut]), Frame(13.0, "m2", "| part | load |\n|---|---|\n" + text[cut:]))
    found = figures(Track(text, (Written(10.0, len(text)),), pages))
    assert (found.lost, found.repeated, found.disordered, found.open) == (0, 0, 0, False)


def test_a_word_that_a_message_border_cuts_in_two_is_whole() -> None:
    middle = words(TEXT)[6].end - 3
    for cut in (middle, middle - 6):
        frames = (Frame(15.0, "m1", TEXT[:cut]), Frame(15.5, "m2", TEXT[cut:]))
        found = figures(Track(TEXT, WRITTEN, frames))
        assert (found.lost, found.repeated, found.disordered, found.open) == (0, 0, 0, False)
        assert math.isclose(found.last_words, 15.5 - LAST)


def test_a_token_is_late_when_it_is_written_after_its_time() -> None:
    assert max(lateness(track(), 10.0)) < 1e-6
    halting = (Written(10.0, 4), Written(10.5, 8), Written(10.5, 24))
    assert [round(late, 6) for late in lateness(track(written=halting), 10.0)] == [0.0, 0.4, 0.3]


def test_a_question_that_was_never_asked_has_lost_every_word() -> None:
    found = figures(track((15.0, "Something went wrong, please try again."), written=()))
    assert (found.lost, found.open, found.first_text, found.ages) == (len(words(TEXT)), True, math.inf, ())
