"""What an app wants to be told, and where it is taken from."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dify import AppInfo, AppInput, FileRules, InputKind, Mode, Upload
from bridge.inputs import (
    Inputs,
    filled_anew,
    form_of,
    inputs_of,
    names_of,
    problem_with,
    problems_with,
    to_ask_for,
)
from bridge.types import Action, Field, FieldKind, Filled, Message, Person, Thread

NO_FILES = FileRules(
    enabled=False,
    kinds=frozenset(),
    extensions=frozenset(),
    number_limit=0,
    image_mb=0,
    video_mb=0,
    audio_mb=0,
    other_mb=0,
    uploads=False,
)


def field(
    name: str,
    kind: InputKind = InputKind.TEXT,
    *,
    required: bool = False,
    default: str = "",
    options: tuple[str, ...] = (),
    longest: int = 0,
) -> AppInput:
    return AppInput(name, name.capitalize(), kind, required, default, options, longest)


def app(*fields: AppInput) -> AppInfo:
    return AppInfo("An app", Mode.CHATFLOW, "1.16.0", "", (), False, False, False, fields, NO_FILES)


def message(filled: Filled = ()) -> Message:
    thread = Thread("slack", "T1", "C1", "1.2")
    author = Person("U1", "Ada", "ada@example.com")
    return Message("T1:C1:1.2", thread, author, "Hello?", 0.0, True, filled=filled)


def sent(asked: AppInfo, filled: Filled = (), text: str = "", **configured: str) -> Inputs:
    return inputs_of(asked, message(filled), configured, text=text)


def test_an_app_that_declares_nothing_is_told_nothing() -> None:
    assert sent(app(), (("city", "Rome"),), "words", language="French") == Inputs({})


def test_what_is_known_of_the_message_is_told_by_name() -> None:
    names = ("platform", "workspace", "channel", "thread", "user_id", "user_name", "user_email")
    assert sent(app(*map(field, names))).values == {
        "platform": "slack",
        "workspace": "T1",
        "channel": "C1",
        "thread": "1.2",
        "user_id": "U1",
        "user_name": "Ada",
        "user_email": "ada@example.com",
    }


def test_what_somebody_has_in_front_of_them_is_told_by_name_where_nothing_else_is() -> None:
    seen = replace(message(), context=(("viewing", "C7"), ("channel", "C7"), ("user_email", "")))
    asked = app(field("viewing"), field("channel"), field("user_email"))
    assert inputs_of(asked, seen, {}).values == {
        "viewing": "C7",
        "channel": "C1",
        "user_email": "ada@example.com",
    }
    assert inputs_of(asked, seen, {"viewing": "the lobby"}).values["viewing"] == "the lobby"
    filled = replace(seen, filled=(("viewing", "nothing"),))
    assert inputs_of(asked, filled, {"viewing": "the lobby"}).values["viewing"] == "nothing"


def test_a_form_counts_more_than_the_settings_and_these_more_than_the_message() -> None:
    asked = app(field("user_name", default="nobody"))
    assert sent(asked).values == {"user_name": "Ada"}
    assert sent(asked, user_name="the bot").values == {"user_name": "the bot"}
    assert sent(asked, (("user_name", "Grace"),), user_name="the bot").values == {"user_name": "Grace"}


def test_defaults_fill_what_nothing_else_does() -> None:
    asked = app(field("tone", required=True, default="dry"), field("notes"))
    assert sent(asked) == Inputs({"tone": "dry"})


def test_what_is_required_and_not_known_is_missing() -> None:
    city, days = field("city", required=True), field("days", InputKind.NUMBER, required=True)
    asked = app(city, days, field("notes"))
    assert sent(asked) == Inputs({}, (city, days))
    assert sent(asked, (("days", "3"),)) == Inputs({"days": 3}, (city,))
    assert names_of((city, days)) == "City, Days"


def test_what_does_not_fit_counts_as_missing() -> None:
    city = field("city", required=True, longest=3)
    assert sent(app(city), city="Rome") == Inputs({}, (city,))


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (InputKind.NUMBER, "4", 4),
        (InputKind.NUMBER, " 4,5 ", 4.5),
        (InputKind.CHECKBOX, "true", True),
        (InputKind.CHECKBOX, "false", False),
        (InputKind.JSON, '{"a": [1]}', {"a": [1]}),
        (InputKind.PARAGRAPH, "one\ntwo", "one\ntwo"),
        (InputKind.SELECT, "a", "a"),
    ],
)
def test_values_have_the_type_of_their_field(kind: InputKind, given: str, value: object) -> None:
    asked = app(field("it", kind, required=True, options=("a", "b")))
    assert sent(asked, (("it", given),)) == Inputs({"it": value})


@pytest.mark.parametrize(
    ("wanted", "given", "problem"),
    [
        (field("city", required=True), "  ", "City is missing."),
        (field("city"), "", ""),
        (field("city", longest=3), "Rome", "City is too long: 3 characters at most."),
        (field("days", InputKind.NUMBER), "many", "Days must be a number."),
        (field("days", InputKind.NUMBER), "1,000", "Days must be a number."),
        (field("days", InputKind.NUMBER), "inf", "Days must be a number."),
        (field("meal", InputKind.SELECT, options=("a", "b")), "c", "Meal must be one of: a, b."),
        (field("menu", InputKind.JSON), "[1]", "Menu must be a JSON object."),
        (field("menu", InputKind.JSON), "[" * 100_000, "Menu must be a JSON object."),
    ],
)
def test_what_cannot_be_sent_is_told_in_a_sentence(wanted: AppInput, given: str, problem: str) -> None:
    assert problem_with(wanted, given) == problem
    assert problems_with((wanted,), ((wanted.name, given), ("other", ""))) == problem


@given(st.sampled_from(InputKind), st.text(), st.integers(0, 20), st.booleans())
def test_what_has_no_problem_can_be_sent_as_json(
    kind: InputKind, given: str, longest: int, required: bool
) -> None:
    wanted = field("it", kind, required=required, longest=longest)
    told = sent(app(wanted), (("it", given),))
    json.dumps(dict(told.values), allow_nan=False)
    assert bool(told.missing) == (required and "it" not in told.values)
    if given.strip() and not problem_with(wanted, given) and kind not in (InputKind.FILE, InputKind.FILES):
        assert "it" in told.values


def test_words_fill_the_one_field_that_is_missing() -> None:
    topic, days = field("topic", required=True), field("days", InputKind.NUMBER, required=True)
    assert sent(app(topic, field("notes")), text="The sea") == Inputs({"topic": "The sea"})
    assert sent(app(topic, days), text="The sea") == Inputs({}, (topic, days))
    assert sent(app(days), text="5") == Inputs({}, (days,))


def test_words_fill_the_only_field_for_words_where_nothing_is_missing() -> None:
    topic = field("topic", default="cats")
    assert sent(app(topic), text="dogs").values == {"topic": "dogs"}
    assert sent(app(topic), (("topic", "birds"),), text="dogs").values == {"topic": "birds"}
    assert sent(app(topic, field("notes")), text="dogs").values == {"topic": "cats"}
    assert sent(app(field("topic", longest=2, default="ox")), text="dogs").values == {"topic": "ox"}


def test_files_fill_the_fields_that_take_them() -> None:
    asked = app(field("photo", InputKind.FILE, required=True), field("papers", InputKind.FILES))
    one = Upload("u1", "image")
    other = Upload("u2", "document")
    as_sent = [
        {"type": file.kind, "transfer_method": "local_file", "upload_file_id": file.id}
        for file in (one, other)
    ]
    told = inputs_of(asked, message(), {}, (one, other))
    assert told == Inputs({"photo": as_sent[0], "papers": as_sent[1:]})
    assert inputs_of(app(asked.inputs[0]), message(), {}, (one, other)).files == (other,)
    assert names_of(inputs_of(asked, message(), {}).missing) == "Photo"


def test_a_form_asks_for_what_would_be_empty_and_a_whole_one_for_all_that_is_not_set() -> None:
    city, tone, who = field("city", required=True), field("tone", default="dry"), field("user_name")
    photo = field("photo", InputKind.FILE, required=True)
    asked = app(city, tone, who, photo)
    assert to_ask_for(asked, message(), {}, whole=False) == (city,)
    assert to_ask_for(asked, message(), {}, whole=True) == (city, tone)
    assert to_ask_for(asked, message(), {"city": "Rome"}, whole=True) == (tone,)
    # Somebody who presses the button sees something to fill in, if there is anything.
    assert to_ask_for(asked, message(), {"city": "Rome"}, whole=False) == (city, tone, who)
    assert to_ask_for(app(photo), message(), {}, whole=True) == ()


def test_what_is_left_empty_counts_no_more() -> None:
    before = (("city", "Rome"), ("notes", "By the sea"))
    assert filled_anew(before, (("notes", " "), ("days", "3"))) == (("city", "Rome"), ("days", "3"))


def test_a_form_shows_what_was_filled_in_before() -> None:
    fields = (
        field("city", required=True, default="Rome", longest=9),
        field("gift", InputKind.CHECKBOX, required=True),
        field("photo", InputKind.FILE),
    )
    form = form_of(fields, "Trip", "7", (("city", "Oslo"),), "City is far.")
    assert form.fields == (
        Field("city", "City", FieldKind.TEXT, True, "Oslo", (), 9),
        Field("gift", "Gift", FieldKind.CHECK),
    )
    assert (form.title, form.action, form.value, form.intro) == ("Trip", Action.FILL, "7", "City is far.")
