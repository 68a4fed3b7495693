"""How long answers rest between two reads."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hypothesis import given
from hypothesis import strategies as st

from bridge.dify.pace import GROUP, LONGEST_PERIOD_SECONDS, Pace, Place


@contextmanager
def running(answers: int, now: float) -> Iterator[list[Place]]:
    pace = Pace(clock=lambda: now)
    with ExitStack() as entered:
        yield [entered.enter_context(pace.place()) for _ in range(answers)]


@given(answers=st.integers(1, 2000), now=st.floats(0, 1e7))
def test_no_rest_is_long_enough_to_lose_events(answers: int, now: float) -> None:
    with running(answers, now) as places:
        assert all(0 <= place.rest_seconds() <= LONGEST_PERIOD_SECONDS for place in places)


@given(now=st.floats(0, 1e7))
def test_a_lone_answer_never_rests(now: float) -> None:
    with running(1, now) as (place,):
        assert place.rest_seconds() == 0


@given(now=st.floats(0, 1e5))
def test_few_answers_wake_together_and_many_one_group_after_the_other(now: float) -> None:
    with running(1000, now) as places:
        dues = [round(place.rest_seconds(), 6) for place in places]
    assert len(set(dues[:GROUP])) == 1
    assert max(dues.count(due) for due in set(dues)) <= 3 * GROUP


def test_who_has_left_counts_no_more() -> None:
    pace = Pace(clock=lambda: 0.0)
    with pace.place() as first:
        with ExitStack() as many:
            for _ in range(99):
                many.enter_context(pace.place())
            assert first.rest_seconds() == LONGEST_PERIOD_SECONDS
        assert first.rest_seconds() == 0
