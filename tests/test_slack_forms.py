"""Forms as Slack's views; what was filled in and pressed, read from recorded and from broken shapes."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack import forms
from adapters.slack.forms import Origin, view
from adapters.slack.pressed import read_press
from adapters.slack.workspaces import acted_in
from bridge.types import Action, Field, FieldKind, Form, Person, Thread
from sandbox.slack import FormError, JsonObject, payloads, views
from sandbox.slack.state import Identity, User

SAMPLES = (
    Path(__file__).resolve().parents[1].parent / "shared" / "reference" / "slack-samples" / "interactive"
)
# Shortened from the sample of the same kind.
RECORDED = """{
    "type": "block_actions",
    "user": {"id": "U08REALUSER1", "username": "testuser", "name": "testuser", "team_id": "T08REALTEAM1"},
    "api_app_id": "A08REALAPP1",
    "container": {
        "type": "message",
        "message_ts": "1775407827.773439",
        "channel_id": "C08REALCHAN1",
        "is_ephemeral": false,
        "thread_ts": "1775407823.782829"
    },
    "trigger_id": "REDACTED-trigger_id",
    "team": {"id": "T08REALTEAM1", "domain": "example-workspace"},
    "channel": {"id": "C08REALCHAN1", "name": "general"},
    "response_url": "REDACTED-response_url",
    "actions": [{"block_id": "AXMQo", "type": "button", "action_ts": "1775407849.087100"}]
}"""
ORIGIN = Origin("C1", "9.1")

FIELDS = (
    Field("topic", "Topic", required=True, default="Tea", longest=20),
    Field("details", "Details", FieldKind.PARAGRAPH),
    Field("amount", "Amount", FieldKind.NUMBER, default="2.5"),
    Field("size", "Size", FieldKind.CHOICE, options=("small", "large"), default="large"),
    Field("gift", "Gift", FieldKind.CHECK, required=True, default="true"),
)
FORM = Form("Order <!here>", FIELDS, Action.FILL, "a1", submit="Send", intro="Please **fill** in <@U1>.")


def taken(form: Form) -> JsonObject:
    """The view, after the stand-in has looked at it as Slack does."""
    made: JsonObject = view(form, ORIGIN)  # type: ignore[assignment]  # of Json all the same
    views.check(made)
    return made


def test_slack_looks_for_no_names_in_the_words_above_a_form() -> None:
    intro = json.loads(json.dumps(taken(FORM)["blocks"]))[0]
    assert (intro["text"]["type"], intro["text"]["verbatim"]) == ("mrkdwn", True)


def sent(form: Form, values: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """What comes back when a person fills these in, by label."""
    return forms.filled(views.filled(taken(form), values))


def test_a_form_comes_back_with_every_field_by_its_name() -> None:
    values = {"Topic": "Coffee", "Details": "black\nhot", "Amount": "3", "Size": "small", "Gift": "false"}
    assert sent(FORM, values) == (
        *(("topic", "Coffee"), ("details", "black\nhot"), ("amount", "3")),
        *(("size", "small"), ("gift", "false")),
    )


def test_what_is_left_alone_comes_back_as_it_was() -> None:
    assert sent(FORM, {}) == (
        *(("topic", "Tea"), ("details", ""), ("amount", "2.5"), ("size", "large"), ("gift", "true")),
    )


def test_nothing_in_a_form_is_live() -> None:
    made = taken(FORM)
    assert "<" not in json.dumps(made)
    shown = views.shown("V1", made)
    assert (shown.title, shown.text) == ("Order ‹!here›", "Please *fill* in &lt;@U1&gt;.")


def test_slack_asks_for_what_is_required_and_checks_what_it_can() -> None:
    for values in ({"Topic": ""}, {"Amount": "many"}, {"Size": "huge"}, {"Topic": "x" * 21}):
        with pytest.raises(FormError):
            sent(FORM, values)


def test_what_is_no_option_is_left_out_and_each_option_is_there_once() -> None:
    options = ("", " ", *(f"option {number}" for number in range(100)), "option 3")
    field = Field("choice", "Choice", FieldKind.CHOICE, options=options)
    (found,) = views.shown("V1", taken(Form("f", (field,), Action.FILL, "a1"))).inputs
    assert found.options == tuple(f"option {number}" for number in range(100))


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        (tuple(f"option {number}" for number in range(101)), "option 100"),
        (("short", "o" * 151), "o" * 151),
        (tuple(f"{number} " + "o" * 200 for number in range(150)), "7 " + "o" * 200),
    ],
)
def test_where_slack_cannot_show_every_option_each_can_be_written_and_is_named(
    options: tuple[str, ...], chosen: str
) -> None:
    field = Field("choice", "Choice", FieldKind.CHOICE, options=options, default="short")
    form = Form("f", (field,), Action.FILL, "a1")
    (block,) = json.loads(json.dumps(taken(form)["blocks"]))
    assert block["element"]["type"] == "plain_text_input"
    assert f"One of: {options[0]}" in block["hint"]["text"]
    assert chosen in block["hint"]["text"]
    assert sent(form, {"Choice": chosen}) == (("choice", chosen),)


def test_a_choice_without_options_is_written() -> None:
    form = Form("f", (Field("choice", "Choice", FieldKind.CHOICE),), Action.FILL, "a1")
    assert sent(form, {"Choice": "mine"}) == (("choice", "mine"),)


@pytest.mark.parametrize("default", ["many", "nan", "1_000", "٣", ""])
def test_a_number_that_is_none_is_not_filled_in(default: str) -> None:
    field = Field("n", "N", FieldKind.NUMBER, default=default)
    assert sent(Form("f", (field,), Action.FILL, "a1"), {}) == (("n", ""),)


words = st.text(st.sampled_from("ab<>&@!|*_`\n👍汉\x00 "), max_size=300)


@settings(max_examples=200)
@given(
    title=words,
    intro=words.map(lambda one: one * 30),
    label=words,
    default=words,
    options=st.lists(words, max_size=5).map(tuple),
    kind=st.sampled_from(FieldKind),
    longest=st.sampled_from([0, 1, 50, 10**9]),
)
def test_whatever_an_app_calls_its_fields_slack_takes_the_form(
    title: str, intro: str, label: str, default: str, options: tuple[str, ...], kind: FieldKind, longest: int
) -> None:
    field = Field("name", label, kind, default=default, options=options, longest=longest)
    shown = views.shown("V1", taken(Form(title, (field, field), Action.DECIDE, "d1", intro=intro)))
    assert "<" not in shown.title + shown.text + shown.inputs[0].label


def test_the_longest_forms_are_cut_to_what_slack_takes() -> None:
    taken(Form("f", tuple(Field(f"n{n}", "N") for n in range(150)), Action.FILL, "v" * 60, intro="i " * 9000))


def submission(form: Form = FORM, **changes: object) -> dict[str, object]:
    state = views.filled(taken(form), {})
    shown = {"id": "V0AF71PAUQK", **taken(form), "state": {"values": state}}
    return {"type": "view_submission", "user": {"id": "U1", "name": "ada"}, "view": {**shown, **changes}}


def pressed(action_id: str = "bridge:ask:2", value: str = "a2", **changes: object) -> dict[str, object]:
    """A recorded press, as if it had been of a button of ours."""
    recorded = json.loads(RECORDED)
    recorded["actions"][0] |= {"action_id": action_id, "value": value}
    return {**recorded, **changes}


def test_a_pressed_button_is_a_press_in_its_thread() -> None:
    found = read_press(pressed(), "T1", 5.0)
    assert found is not None
    press = found.press
    assert (press.id, press.platform) == ("T1:C08REALCHAN1:1775407849.087100", "slack")
    assert press.person == Person("U08REALUSER1", "testuser", outside=True)
    assert press.place == Thread("slack", "T1", "C08REALCHAN1", "1775407823.782829")
    assert (press.action, press.value, press.filled) == (Action.ASK, "a2", None)
    assert press.at == pytest.approx(1775407849.0871)
    assert found.origin == Origin("C08REALCHAN1", "1775407823.782829")
    assert found.trigger == "REDACTED-trigger_id"


@pytest.mark.parametrize(("value", "action"), [("like:m1", Action.LIKE), ("dislike:m1", Action.DISLIKE)])
def test_slacks_own_thumbs_say_in_their_value_which_they_are(value: str, action: Action) -> None:
    found = read_press(pressed("bridge:feedback", value), "T1", 5.0)
    assert found is not None
    assert (found.press.action, found.press.value) == (action, "m1")


def test_a_button_below_the_first_message_of_a_thread_belongs_to_that_thread() -> None:
    container = {"type": "message", "message_ts": "1.5", "channel_id": "C1"}
    found = read_press(pressed(container=container, message={}), "T1", 5.0)
    assert found is not None
    assert found.origin == Origin("C1", "1.5")


def test_a_sent_form_is_a_press_with_what_was_filled_in() -> None:
    found = read_press(submission(), "T1", 5.0)
    assert found is not None
    press = found.press
    assert (press.id, press.at, press.person) == ("T1:C1:V0AF71PAUQK", 5.0, Person("U1", "ada"))
    assert (press.action, press.value) == (Action.FILL, "a1")
    assert press.filled is not None
    assert dict(press.filled)["topic"] == "Tea"
    assert found.origin == ORIGIN


def test_a_form_that_took_the_place_of_another_is_sent_as_another_press() -> None:
    ids = set()
    for view_hash in ("1771309947.RiIIx55y", "1771309999.aB-/x5+y", "x" * 21, "1:2"):
        found = read_press(submission(hash=view_hash), "T1", 5.0)
        assert found is not None
        ids.add(found.press.id)
    assert ids == {f"T1:C1:{own}" for own in ("1771309947.RiIIx55y", "1771309999.aB-/x5+y", "V0AF71PAUQK")}


def test_a_recorded_press_of_somebody_elses_button_is_none_of_ours() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("NO SAMPLES: shared/reference/slack-samples is not beside this checkout")
    payload = json.loads((SAMPLES / "block_actions.button.json").read_text(encoding="utf-8"))
    assert read_press(payload, "T1", 5.0) is None
    payload["actions"][0] |= {"action_id": "bridge:ask", "value": "a1"}
    found = read_press(payload, "T1", 5.0)
    assert found is not None
    assert found.press.id == "T1:C08REALCHAN1:1775407849.087100"


def test_a_recorded_form_of_somebody_else_can_be_read_and_is_not_ours() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("NO SAMPLES: shared/reference/slack-samples is not beside this checkout")
    payload = json.loads((SAMPLES / "view_submission.json").read_text(encoding="utf-8"))
    assert read_press(payload, "T1", 5.0) is None
    values = {f"field:{at}": one for at, one in enumerate(payload["view"]["state"]["values"].values())}
    assert forms.filled(values) == (
        ("message", "Hello!"),
        ("category", "feature"),
        ("email", "user@example.com"),
    )


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "block_actions"},
        {"type": "shortcut", "user": {"id": "U1"}},
        {"type": "block_actions", "user": "U1", "actions": "none"},
        {"type": "block_actions", "user": {"id": "U1"}, "actions": []},
        {"type": "block_actions", "user": {"id": "U1"}, "actions": [None]},
        pressed("other:ask"),
        pressed("bridge:"),
        pressed("bridge:fly"),
        pressed("bridge:feedback", "m1"),
        pressed(value="v" * 300),
        pressed(container=None),
        pressed(container={"channel_id": 5, "message_ts": "1.5"}),
        pressed(user={"id": 7}),
        pressed(actions=[{"action_id": "bridge:ask", "value": "a", "action_ts": "soon"}]),
        pressed(actions=[{"action_id": "bridge:ask", "value": "a", "action_ts": "1:2.5"}]),
        submission(id=None),
        submission(private_metadata="{}"),
        submission(private_metadata="["),
        submission(private_metadata=7),
        submission(callback_id="feedback_form"),
        {"type": "view_submission", "user": {"id": "U1"}, "view": "V1"},
    ],
)
def test_what_is_none_of_ours_or_broken_is_no_press(payload: dict[str, object]) -> None:
    assert read_press(payload, "T1", 5.0) is None


@pytest.mark.parametrize(
    "state", [None, {}, {"values": 5}, {"values": {"field:0": 3, "x": {"y": {}}, "7": {}}}]
)
def test_a_form_whose_state_cannot_be_read_has_nothing_filled_in(state: object) -> None:
    found = read_press(submission(state=state), "T1", 5.0)
    assert found is not None
    assert found.press.filled == ()


def test_what_slack_wants_to_be_told_is_in_the_language_of_whoever_fills_it_in() -> None:
    form = Form("Essen", (Field("meat", "Fleisch", FieldKind.CHECK),), Action.FILL, "7")
    shown = json.dumps(view(form, ORIGIN, "de-DE"), ensure_ascii=False)
    assert all(f'"{word}"' in shown for word in ("Senden", "Abbrechen", "Ja"))
    assert '"Schließen"' in json.dumps(forms.words("Gut.", "de"), ensure_ascii=False)


def test_a_form_is_sent_where_the_app_is_installed_wherever_whoever_sent_it_comes_from() -> None:
    here = Identity("T0HERE", "Acme", "A1", "B1", "U1", "bridge")
    person = User("U9", "Bea", team="T0ELSEWHERE")
    sent = payloads.view(here, "V1", "1.a", taken(FORM))
    form = {**payloads.view_submission(sent, {}), **payloads.acting(here, person, form=True)}
    assert form["team"] == {"id": "T0ELSEWHERE", "domain": "acme"}
    assert acted_in(form) == here.team_id
    assert acted_in({**form, "is_enterprise_install": True, "enterprise": {"id": "E1"}}) == "E1"
    pressed = read_press(form, here.team_id, 1.0)
    assert pressed is not None
    assert pressed.person.outside
