"""Flows that wait for a person: the form is shown, the decision arrives, and the flow goes on."""

from collections.abc import AsyncIterator

import pytest

from bridge import errors
from bridge.words import english
from sandbox.dify import Answer, Decision, Dify, Form, FormAction, FormField
from tests.e2e.conftest import Bridge, answered, until
from tests.e2e.places import Place

FORM = Form(
    "Refund",
    "Ada wants **40 €** back.",
    actions=(
        FormAction("yes", "Pay it back", "primary"),
        FormAction("no", "Refuse"),
    ),
)
WITH_FIELDS = Form(
    "Refund",
    "How much?",
    fields=(FormField("amount", "text-input", "40"), FormField("why", "select", "", ("broken", "late"))),
    actions=(FormAction("yes", "Pay it back", "primary"),),
)


@pytest.fixture(params=["1.14.2", "1.17.0"])
async def dify(request: pytest.FixtureRequest) -> AsyncIterator[Dify]:
    async with Dify(version=str(request.param)) as stand_in:
        yield stand_in


def waits(dify: Dify, form: Form) -> None:
    """The flow says something, and waits with this form."""

    def then(decision: Decision) -> Answer:
        filled = "".join(f" {name}={value}" for name, value in decision.filled.items())
        return Answer(f"So it is {decision.action or 'nothing'}.{filled}")

    form = Form(form.title, form.content, form.fields, form.actions, form.seconds, form.answerable, 0.1, then)
    dify.script = lambda request, turns: Answer("Let me ask somebody.", pause_after=100, form=form)


async def test_a_decision_arrives_and_the_flow_goes_on(place: Place, dify: Dify, bridge: Bridge) -> None:
    waits(dify, FORM)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
        (asked,) = place.replies(thread)
        assert asked.startswith("Let me ask somebody.")
        assert "Refund" in asked
        assert "40 €" in asked
        assert "Open until" in asked
        assert place.buttons(thread) == ["Pay it back", "Refuse"]
        await place.press(thread, "Refuse", person=place.another_person())
        await answered(app, 2)
    rest = place.replies(thread)[1]
    assert rest.startswith("> Refuse")
    assert rest.endswith("So it is no.")
    assert "Let me ask" not in rest
    (decision,) = dify.decisions
    assert (decision.action, decision.filled, decision.user) == ("no", {}, dify.requests[0].user)
    assert len(dify.requests) == 1


async def test_the_conversation_goes_on_after_a_decision(place: Place, dify: Dify, bridge: Bridge) -> None:
    waits(dify, FORM)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
        await place.press(thread, "Pay it back")
        await answered(app, 2)
        dify.script = lambda request, turns: Answer("Gladly.")
        await place.say(thread, "Thank you")
        await answered(app, 3)
    assert place.replies(thread)[2] == "Gladly."
    assert dify.requests[1].conversation_id in dify.conversations
    assert len(dify.conversations) == 1


async def test_an_action_with_fields_opens_a_form(place: Place, dify: Dify, bridge: Bridge) -> None:
    waits(dify, WITH_FIELDS)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
        await place.press(thread, "Pay it back")
        await until(lambda: place.form() is not None)
        form = place.form()
        assert form is not None
        assert (form.labels, form.values[0]) == (("Amount", "Why"), "40")
        assert dify.decisions == []
        await place.fill({"Amount": "25", "Why": "late"})
        await answered(app, 2)
    assert place.replies(thread)[1].endswith("So it is yes. amount=25 why=late")
    (decision,) = dify.decisions
    assert decision.filled == {"amount": "25", "why": "late"}


async def test_a_decision_is_taken_after_a_restart(place: Place, dify: Dify, bridge: Bridge) -> None:
    waits(dify, FORM)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
    async with bridge() as app:
        await place.press(thread, "Pay it back")
        await answered(app, 2)
    assert place.replies(thread)[1].endswith("So it is yes.")
    assert len(dify.decisions) == 1


async def test_what_was_decided_already_is_told_to_whoever_presses(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    waits(dify, FORM)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
        await place.press(thread, "Pay it back")
        await answered(app, 2)
        await place.press(thread, "Refuse")
        await until(lambda: errors.DifyFormOver.notice in place.whispers())
    assert len(dify.decisions) == 1
    assert len(place.replies(thread)) == 2


async def test_what_has_expired_is_told_to_whoever_presses(place: Place, dify: Dify, bridge: Bridge) -> None:
    waits(dify, FORM)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
        dify.expire_forms()
        await place.press(thread, "Pay it back")
        await until(lambda: errors.DifyFormOver.notice in place.whispers())
    assert dify.decisions == []
    assert len(place.replies(thread)) == 1


async def test_a_flow_that_asks_again_is_answered_again(place: Place, dify: Dify, bridge: Bridge) -> None:
    again = Form("Sure?", "Really?", actions=(FormAction("ok", "Really"),), then=lambda _: Answer("Done."))
    first = Form(
        "Refund",
        "40 €?",
        actions=(FormAction("yes", "Pay it back"),),
        then=lambda _: Answer("One more question.", pause_after=100, form=again),
    )
    dify.script = lambda request, turns: Answer("Let me ask somebody.", pause_after=100, form=first)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
        await place.press(thread, "Pay it back")
        await answered(app, 2)
        assert "Really?" in place.replies(thread)[1]
        await place.press(thread, "Really")
        await answered(app, 3)
    assert place.replies(thread)[2].endswith("Done.")
    assert [decision.action for decision in dify.decisions] == ["yes", "ok"]


async def test_a_flow_that_has_nothing_more_to_say_says_so(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.script = lambda request, turns: Answer("Let me ask somebody.", pause_after=100, form=FORM)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
        await place.press(thread, "Refuse")
        await answered(app, 2)
    rest = place.replies(thread)[1]
    assert rest.startswith("> Refuse")
    assert english.NO_MORE_WORDS in rest


async def test_a_form_for_somebody_elsewhere_is_told_without_buttons(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    waits(dify, Form("Refund", "Secret", answerable=False))
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
    (reply,) = place.replies(thread)
    assert reply.startswith("Let me ask somebody.")
    assert english.DECIDED_ELSEWHERE in reply
    assert place.buttons(thread) == []


async def test_a_line_that_breaks_after_the_decision_is_taken_up_again(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    form = Form(
        "Refund",
        "40 €?",
        actions=(FormAction("yes", "Pay it back"),),
        then=lambda _: Answer("word " * 30, tokens_per_second=60),
    )
    dify.script = lambda request, turns: Answer("Let me ask somebody.", pause_after=100, form=form)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
        await place.press(thread, "Pay it back")
        await until(lambda: len(place.replies(thread)) == 2 and "word" in place.replies(thread)[1])
        dify.cut_lines()
        await answered(app, 2)
    assert place.replies(thread)[1].count("word") == 30
    assert "Let me ask" not in place.replies(thread)[1]
    assert len(dify.decisions) == 1


async def test_a_dify_that_goes_away_after_the_decision_is_listened_to_again(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.retry_seconds = 20
    form = Form(
        "Refund",
        "40 €?",
        actions=(FormAction("yes", "Pay it back"),),
        resumes_after=1.0,
        then=lambda _: Answer("So be it."),
    )
    dify.script = lambda request, turns: Answer("Let me ask somebody.", pause_after=100, form=form)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
        await place.press(thread, "Pay it back")
        await until(lambda: any(dify.listened_to(run) for run in dify.runs))
        async with dify.away():
            await until(lambda: not any(dify.listened_to(run) for run in dify.runs))
        await answered(app, 2)
    assert place.replies(thread)[1].endswith("So be it.")
    assert len(dify.decisions) == 1


async def test_a_bridge_that_ends_after_the_decision_goes_on_with_the_flow(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.drain_seconds = 0
    form = Form(
        "Refund",
        "40 €?",
        actions=(FormAction("yes", "Pay it back"),),
        resumes_after=1.0,
        then=lambda _: Answer("So be it."),
    )
    dify.script = lambda request, turns: Answer("Let me ask somebody.", pause_after=100, form=form)
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await answered(app, 1)
        await place.press(thread, "Pay it back")
        await until(lambda: len(dify.decisions) == 1)
    async with bridge() as app:
        await answered(app, 2)
    rest = place.replies(thread)[1]
    assert rest.startswith("> Pay it back")
    assert rest.endswith("So be it.")
    assert len(dify.decisions) == 1


async def test_a_flow_that_paused_unheard_is_decided_all_the_same(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    said = Answer("Let me ask somebody.", tokens_per_second=4, pause_after=4, form=FORM)
    dify.script = lambda request, turns: said
    place.drain_seconds = 0.0
    async with bridge() as app:
        thread = await place.ask("My money, please")
        await until(lambda: any("Let" in reply for reply in place.replies(thread)))
    async with bridge() as app:
        await until(lambda: place.buttons(thread) == ["Pay it back", "Refuse"])
        await answered(app, 1)
    (asked,) = place.replies(thread)
    assert "40 €" in asked
    assert len(dify.requests) == 1
