"""The bound, against cases that can be done by hand."""

import math

import pytest

from bench.blind import blind, blind_max
from bench.bound import Bound, bound, mean_staleness
from bench.limits import Rules, Window

NONE = Window(0, 1.0)
TINY = 1e-6


def alone(edit: Window, latency: float = TINY, answers: int = 1) -> Rules:
    return Rules(answers, NONE, edit, NONE, latency)


@pytest.mark.parametrize(
    ("edit", "seconds", "mean"),
    [
        # One call in a window that lasts longer: in the middle, two gaps of 5: 5^2 / 10 = 2.5.
        (Window(1, 100.0), 10.0, 2.5),
        # Four calls: five gaps of 2: 5 * 2^2 / 20 = 1.
        (Window(4, 100.0), 10.0, 1.0),
        # One a second over four: at 0.5, 1.5, 2.5, 3.5: (0.25 + 1 + 1 + 1 + 0.25) / 8.
        (Window(1, 1.0), 4.0, 0.4375),
        # One in two seconds over three: in the middle, or at 0.5 and 2.5: both 0.75.
        (Window(1, 2.0), 3.0, 0.75),
        # Two in four seconds over six: at 1, 3 and 5, gaps of 1, 2, 2 and 1; a fourth call would be crowded.
        (Window(2, 4.0), 6.0, 10 / 12),
    ],
)
def test_one_answer(edit: Window, seconds: float, mean: float) -> None:
    assert mean_staleness(alone(edit), seconds) == pytest.approx(mean, rel=5e-3)


def test_the_way_to_the_platform_is_added() -> None:
    # Gaps of 1.98, then 2.08: (0.1^2 / 2 + 4 (1.98^2 / 2 + 1.98 * 0.1) + (2.08^2 - 0.1^2) / 2) / 10.
    assert mean_staleness(alone(Window(4, 100.0), 0.2), 10.0) == pytest.approx(1.0796, abs=1e-3)


def test_answers_that_share_a_window_take_turns() -> None:
    # Two answers, four calls: 1 and 3 for each at best, evenly: gaps of 10/3 for both.
    assert mean_staleness(alone(Window(4, 100.0), answers=2), 10.0) == pytest.approx(10 / 6, rel=5e-3)


def test_a_long_run_goes_at_the_rate_of_the_limit() -> None:
    assert mean_staleness(alone(Window(50, 60.0)), 1200.0) == pytest.approx(0.6, rel=0.01)


def test_a_continuation_refreshes_the_text_without_spending_an_edit() -> None:
    with_post = Rules(1, NONE, Window(3, 100.0), NONE, TINY, posts=1)
    assert mean_staleness(with_post, 10.0) == pytest.approx(mean_staleness(alone(Window(4, 100.0)), 10.0))


def test_first_and_last_texts_go_through_their_own_windows() -> None:
    rules = Rules(10, Window(5, 5.0), Window(5, 5.0), Window(5, 5.0), latency=0.08)
    found = bound(rules, 8.44)
    assert isinstance(found, Bound)
    assert (found.first_mean, found.first_max, found.last_max) == pytest.approx((2.54, 5.04, 5.04))
    assert found.stale_max >= 5.04
    assert found.stale_mean > 2.0


def test_the_largest_gap_of_one_answer() -> None:
    assert bound(alone(Window(5, 5.0)), 8.0).stale_max == pytest.approx(1.0)
    assert bound(alone(Window(4, 100.0)), 10.0).stale_max == pytest.approx(2.0)


def test_every_schedule_that_can_be_thought_of_is_at_least_as_stale() -> None:
    # Five edits in five seconds at an even second each: gaps of 1 all along, a mean of a half.
    found = mean_staleness(alone(Window(5, 5.0)), 8.0)
    assert 0.35 < found < 0.5


def test_a_scheduler_that_does_not_know_the_length_pays_for_it() -> None:
    # Without latency the ratio q solves 1 / q (1 + ln(60 / 5) / 2) = 1.
    assert blind(50, 0.0, 5.0, 60.0) == pytest.approx(1 + math.log(12) / 2, rel=1e-3)
    assert blind(50, 0.04, 5.0, 5.0) == pytest.approx(1.0, abs=1e-4)
    assert 1.7 < blind(50, 0.04, 5.0, 60.0) < 2.1
    # And of the oldest age, q = 1 + ln(60 / 5).
    assert blind_max(50, 0.0, 5.0, 60.0) == pytest.approx(1 + math.log(12), rel=1e-3)
    assert blind_max(50, 0.04, 5.0, 5.0) == pytest.approx(1.0, abs=1e-4)


def test_nothing_is_invisible_until_the_next_token_comes() -> None:
    # One call a second for long, a token every half second: half of each gap without anything to grow old,
    # then from 0 to 0.5: a mean of 0.5^2 / 2.
    rules = Rules(1, NONE, Window(1, 1.0), NONE, TINY, token=0.5)
    assert mean_staleness(rules, 1000.0) == pytest.approx(0.125, rel=0.01)
    # Four gaps of 2, less 0.04 each time; the last one ends with the last token.
    few = Rules(1, NONE, Window(4, 100.0), NONE, 0.08, token=0.04)
    assert mean_staleness(few, 10.0) == pytest.approx(1.0, abs=0.01)
