"""What a flow waits for, as buttons and forms; what a press means."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.deciding import (
    MOST_ACTIONS,
    Choice,
    buttons_of,
    choices_of,
    decision_of,
    form_of,
    packed,
    said_before,
    text_of_forms,
    unpacked,
)
from bridge.dify import FormAction, FormField, HumanForm
from bridge.types import Action, FieldKind, Style

FORM = HumanForm(
    "tok_1",
    "Refund",
    "How much?",
    (FormField("the_amount", "text-input", "40", ()), FormField("why", "select", "", ("broken", "late"))),
    (FormAction("yes", "Pay", "primary"), FormAction("no", "Refuse", "ghost")),
    1_785_312_000.0,
)
ELSEWHERE = replace(FORM, token="", title="Elsewhere")
OTHER = replace(FORM, token="tok_2", actions=(FormAction("stop", "Stop it", "danger"),), expires_at=0.0)

TEXTS = st.text(max_size=50)
CHOICES = st.builds(Choice, TEXTS, TEXTS, TEXTS, TEXTS)


def test_every_action_of_every_form_is_a_button_with_its_number() -> None:
    forms = [ELSEWHERE, FORM, OTHER]
    buttons = buttons_of(forms, 7)
    assert [(one.label, one.value, one.style) for one in buttons] == [
        ("Pay", "7:0", Style.PRIMARY),
        ("Refuse", "7:1", Style.PLAIN),
        ("Stop it", "7:2", Style.DANGER),
    ]
    assert {one.action for one in buttons} == {Action.DECIDE}
    assert choices_of(forms)[2] == Choice("tok_2", "stop", "Stop it")


def test_what_is_answered_elsewhere_has_no_buttons() -> None:
    assert choices_of([ELSEWHERE]) == ()
    assert buttons_of([ELSEWHERE], 7) == ()


def test_more_actions_than_can_be_shown_are_left_out() -> None:
    many = replace(FORM, actions=tuple(FormAction(str(one), str(one), "") for one in range(50)))
    assert len(choices_of([many])) == len(buttons_of([many], 1)) == MOST_ACTIONS


def test_a_form_is_shown_with_its_title_content_and_end() -> None:
    assert text_of_forms([FORM]) == "**Refund**\n\nHow much?\n\nOpen until 2026-07-29 08:00 UTC."
    assert text_of_forms([replace(OTHER, title="", content="")]) == ""


@given(st.lists(CHOICES, max_size=MOST_ACTIONS))
def test_choices_are_the_same_after_a_restart(choices: list[Choice]) -> None:
    kept = packed(choices)
    assert [unpacked(kept, number) for number in range(len(choices))] == choices
    assert unpacked(kept, len(choices)) is None


@pytest.mark.parametrize(
    "kept", ["", "null", "{}", "[", "5", "[5]", "[[]]", '[["a"]]', '[["a","b","c","d","e"]]']
)
def test_what_is_not_known_any_more_is_no_choice(kept: str) -> None:
    assert unpacked(kept, 0) is None


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda one: st.lists(one, max_size=4)))
def test_whatever_is_kept_there_gives_a_choice_or_none(kept: object) -> None:
    assert isinstance(unpacked(json.dumps(kept), 0), Choice | None)


@given(st.text(min_size=1), st.text())
def test_what_was_said_before_is_known_again(text: str, rest: str) -> None:
    (choice, _) = choices_of([FORM], text)
    assert said_before(choice.said, text + rest) == len(text)
    assert said_before(choice.said, text[:-1]) == 0


@pytest.mark.parametrize("said", ["", ".", "3.", "-3.1", "3.00000000", "9999999999999.x"])
def test_another_text_was_not_said_before(said: str) -> None:
    assert said_before(said, "abcdef") == 0


def test_fields_become_a_form_that_names_the_choice() -> None:
    form = form_of(FORM, Choice("tok_1", "yes", "Pay"), "7:0")
    assert (form.title, form.submit, form.action, form.value) == ("Refund", "Pay", Action.DECIDE, "7:0")
    amount, why = form.fields
    assert (amount.label, amount.kind, amount.default) == ("The amount", FieldKind.PARAGRAPH, "40")
    assert (why.kind, why.options) == (FieldKind.CHOICE, ("broken", "late"))


def test_a_decision_has_a_value_for_every_field_and_no_other() -> None:
    choice = Choice("tok_1", "yes", "Pay")
    decision = decision_of(choice, "run", FORM, (("why", "late"), ("more", "x")))
    assert (decision.token, decision.run_id, decision.action) == ("tok_1", "run", "yes")
    assert decision.filled == (("the_amount", "40"), ("why", "late"))
