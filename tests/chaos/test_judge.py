"""The judge itself: it lets pass what is right, and names everything that is not."""

import pytest

from tests.chaos.judge import Asked, Room, Shown, Verdict, answer_to, judge

ONE, TWO = Asked("q1", "a", 4), Asked("q2", "a", 4)
FIRST, SECOND = Shown(answer_to("q1", 4)), Shown(answer_to("q2", 4))
SORRY = "It was given up."


def verdict(*shown: Shown, accepted: tuple[str, ...] = ("q1", "q2"), marked: tuple[str, ...] = ()) -> Verdict:
    return judge([ONE, TWO], {"a": Room(shown, marked)}, {"a": accepted})


def test_whole_answers_in_order_are_right() -> None:
    assert not verdict(FIRST, SECOND)


def test_an_answer_over_several_messages_is_right() -> None:
    assert not verdict(Shown("q1-0 q1-1"), Shown("q1-2\nq1-3"), SECOND)


def test_the_order_is_that_in_which_questions_were_begun() -> None:
    assert not verdict(SECOND, FIRST, accepted=("q2", "q1"))
    assert verdict(SECOND, FIRST).disordered


def test_a_missing_answer_is_lost() -> None:
    assert verdict(FIRST).lost == ["a: q2 has no answer"]
    assert judge([ONE], {}, {"a": ["q1"]}).lost


def test_a_question_that_was_never_stored_is_lost() -> None:
    assert verdict(FIRST, SECOND, accepted=("q1",)).lost


@pytest.mark.parametrize("again", [FIRST, Shown("q1-0 q1-1"), Shown("q1-3")])
def test_an_answer_that_stands_there_again_even_in_part_is_twice(again: Shown) -> None:
    assert verdict(FIRST, SECOND, again).twice
    assert verdict(again, FIRST, SECOND).twice


@pytest.mark.parametrize("half", ["q1-0 q1-1", "q1-1 q1-2 q1-3", "q1-0 q1-3"])
def test_half_an_answer_is_left_open(half: str) -> None:
    assert verdict(Shown(half), SECOND).left_open


def test_messages_of_one_answer_in_the_wrong_order_are_out_of_order() -> None:
    assert verdict(Shown("q1-2 q1-3"), Shown("q1-0 q1-1"), SECOND).disordered
    assert verdict(Shown("q1-0 q1-1"), SECOND, Shown("q1-2 q1-3")).disordered


def test_a_stream_that_nobody_ended_and_a_mark_that_nobody_took_away_are_left_open() -> None:
    assert verdict(FIRST, Shown(SECOND.text, streaming=True)).left_open
    assert verdict(FIRST, SECOND, marked=("Please answer q2",)).marked


def test_an_empty_message_is_left_open() -> None:
    assert verdict(FIRST, SECOND, Shown(" ")).left_open


@pytest.mark.parametrize("text", ["The bot is being restarted.", "q1-0 q1-1 q1-2 q1-3 _Cut off._"])
def test_anything_beside_answers_is_strange(text: str) -> None:
    assert verdict(FIRST, SECOND, Shown(text)).strange


def test_a_question_to_be_given_up_is_given_up_once() -> None:
    poison = Asked("q1", "a", 4, sorry=SORRY)
    accepted = {"a": ["q1", "q2"]}
    assert not judge([poison, TWO], {"a": Room([Shown(SORRY), SECOND])}, accepted)
    assert judge([poison, TWO], {"a": Room([SECOND])}, accepted).lost
    assert judge([poison, TWO], {"a": Room([Shown(SORRY), Shown(SORRY), SECOND])}, accepted).twice


def test_marks_alone_are_not_grave() -> None:
    assert not verdict(FIRST, SECOND, marked=("Please answer q2",)).grave
    assert verdict(FIRST).grave
