"""Forms as Discord's modals, and what is read back from them."""

from typing import Any

from adapters.discord import forms
from adapters.discord.forms import Entry, filled, filled_plainly, is_plain, modal, page_count
from adapters.discord.kept import KEPT_SECONDS, MOST_KEPT, KeptForms, Page, page_named
from bridge.types import Action, Field, FieldKind, Form


def form(*fields: Field, intro: str = "", title: str = "Details") -> Form:
    return Form(title, fields, Action.FILL, "7", intro=intro)


def shown(form: Form, page: int = 0) -> Any:
    return modal(form, page, "bridge:fill:7")


def many(count: int) -> tuple[Field, ...]:
    return tuple(Field(f"f{number}", f"Field {number}") for number in range(count))


def test_a_text_is_asked_for_in_a_labelled_line() -> None:
    assert shown(form(Field("name", "Your name", required=True, default="Ada", longest=20))) == {
        "custom_id": "bridge:fill:7",
        "title": "Details",
        "components": [
            {
                "type": 18,
                "label": "Your name",
                "component": {
                    "type": 4,
                    "custom_id": "0:name",
                    "style": 1,
                    "required": True,
                    "min_length": 1,
                    "max_length": 20,
                    "value": "Ada",
                },
            }
        ],
    }


def test_a_paragraph_has_room_and_what_is_optional_may_stay_empty() -> None:
    component = shown(form(Field("why", "Why?", FieldKind.PARAGRAPH)))["components"][0]["component"]
    assert component == {
        "type": 4,
        "custom_id": "0:why",
        "style": 2,
        "required": False,
        "min_length": 0,
        "max_length": 4000,
    }


def test_a_choice_is_chosen_among_as_many_as_can_be_shown() -> None:
    options = ("red", "", "x" * 200, "red", *(str(number) for number in range(22)))
    select = shown(form(Field("c", "Colour", FieldKind.CHOICE, default="red", options=options)))[
        "components"
    ][0]["component"]
    assert (select["type"], select["required"], select["min_values"], select["max_values"]) == (
        3,
        False,
        0,
        1,
    )
    assert len(select["options"]) == 25
    assert select["options"][0] == {"label": "red", "value": "0:red", "default": True}
    assert select["options"][1]["label"] == "—"
    assert len(select["options"][2]["value"]) == 100
    assert [option["default"] for option in select["options"]].count(True) == 1
    assert len({option["value"] for option in select["options"]}) == 25


def test_a_choice_among_more_than_can_be_shown_is_written() -> None:
    options = tuple(f"option {number}" for number in range(26))
    asked = form(Field("c", "Colour", FieldKind.CHOICE, default="option 25", options=options))
    component = shown(asked)["components"][0]["component"]
    assert (component["type"], component["value"]) == (4, "option 25")
    assert component["placeholder"].startswith("One of: option 0, option 1")
    assert len(component["placeholder"]) <= 100
    assert filled_plainly([Entry(component["custom_id"], "option 3")]) == (("c", "option 3"),)


def test_a_choice_of_nothing_is_written() -> None:
    component = shown(form(Field("c", "Colour", FieldKind.CHOICE)))["components"][0]["component"]
    assert component["type"] == 4


def test_a_check_is_yes_or_no_and_never_nothing() -> None:
    for default, chosen in (("true", "Yes"), ("", "No"), ("false", "No")):
        asked = form(Field("ok", "Agree", FieldKind.CHECK, default=default))
        select = shown(asked)["components"][0]["component"]
        assert (select["required"], select["min_values"]) == (True, 1)
        assert [option["label"] for option in select["options"] if option["default"]] == [chosen]
        value = next(option["value"] for option in select["options"] if option["default"])
        assert filled_plainly([Entry(select["custom_id"], value, chosen=True)]) == (
            ("ok", "true" if chosen == "Yes" else "false"),
        )


def test_titles_and_labels_are_cut_and_never_empty() -> None:
    told = shown(form(Field("n", "l" * 60), Field("nameless", " "), title="t" * 60))
    assert told["title"] == "t" * 44 + "…"
    assert [one["label"] for one in told["components"]] == ["l" * 44 + "…", "nameless"]
    assert [one.get("description") for one in told["components"]] == ["l" * 60, None]
    assert shown(form(Field("", ""), title=""))["title"] == "Form"
    assert shown(form(Field("", "")))["components"][0]["label"] == "…"


def test_a_default_is_cut_to_what_may_be_sent() -> None:
    (one,) = shown(form(Field("n", "N", default="d" * 30, longest=10)))["components"]
    assert one["component"]["value"] == "d" * 10
    (wide,) = shown(form(Field("n", "N", default="😀" * 8, longest=9)))["components"]
    assert wide["component"]["value"] == "😀" * 4
    (long,) = shown(form(Field("n", "N", longest=9000)))["components"]
    assert long["component"]["max_length"] == 4000


def test_the_introduction_is_read_first_and_takes_a_place() -> None:
    told = shown(form(*many(4), intro="# Read\n#### this"))
    assert told["components"][0] == {"type": 10, "content": "# Read\n**this**"}
    assert page_count(form(*many(5), intro="Read")) == 2
    long = shown(form(intro="word " * 2000))["components"][0]["content"]
    assert len(long) <= 4000
    assert long.endswith("…")


def test_a_form_without_fields_still_shows_something() -> None:
    assert shown(form())["components"] == [{"type": 10, "content": "Details"}]
    assert page_count(form()) == 1


def test_a_long_form_has_pages() -> None:
    long = form(*many(12), title="T" * 50)
    assert page_count(long) == 3
    assert [len(shown(long, page)["components"]) for page in range(3)] == [5, 5, 2]
    assert shown(long, 2)["title"] == "T" * 38 + "… (3/3)"
    assert not is_plain(long)


def test_a_plain_form_is_read_back_without_being_remembered() -> None:
    asked = form(Field("a:b", "A"), Field("c", "C", FieldKind.CHOICE, options=("x:1", "y")))
    assert is_plain(asked)
    entries = (Entry("0:a:b", "1:value"), Entry("1:c", "0:x:1", chosen=True))
    assert filled_plainly(entries) == filled(asked, entries) == (("a:b", "1:value"), ("c", "x:1"))
    nothing = (Entry("1:c", "", chosen=True),)
    assert filled_plainly(nothing) == filled(asked, nothing) == (("c", ""),)


def test_what_has_no_room_in_a_custom_id_is_read_back_by_its_number() -> None:
    long = "n" * 200
    asked = form(Field(long, "N"), Field("c", "C", FieldKind.CHOICE, options=("y" * 99, "z" * 300)))
    assert not is_plain(asked)
    places = shown(asked)["components"]
    name, option = places[0]["component"]["custom_id"], places[1]["component"]["options"][1]["value"]
    entries = (Entry(name, "v"), Entry("1:c", option, chosen=True))
    assert filled(asked, entries) == ((long, "v"), ("c", "z" * 300))


def test_what_the_form_does_not_ask_for_is_not_filled_in() -> None:
    asked = form(Field("a", "A"), Field("c", "C", FieldKind.CHOICE, options=("x",)))
    strange = [Entry(name, "v") for name in ("2:a", "a", "", "-1:a", "²:a", "9" * 5000 + ":a")]
    assert filled(asked, [*strange, Entry("1:c", "7:x", chosen=True)]) == (("c", ""),)


def test_the_form_survives_every_kind_of_field() -> None:
    for kind in FieldKind:
        told = shown(form(Field("n", "N", kind, options=("a",))))
        assert told["components"][0]["component"]["type"] in (forms.STRING_SELECT, forms.TEXT_INPUT)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_page_is_named_by_its_custom_id() -> None:
    page = KeptForms(Clock()).keep(form(), "ann")
    assert len(page.custom_id) <= 100
    assert page_named(page.custom_id) == page
    for name in ("page", "page:a", "page:a:b", "page:a:1:2", "bridge:fill:1", "page:a:²", ""):
        assert page_named(name) is None


def test_pages_add_up_and_a_page_sent_again_replaces_itself() -> None:
    kept = KeptForms(Clock())
    page = kept.keep(form(*many(7)), "ann")
    assert kept.fill(page, (("f0", "a"), ("f1", "b"))) == (("f0", "a"), ("f1", "b"))
    assert kept.fill(page, (("f0", "c"),)) == (("f0", "c"), ("f1", "b"))
    assert kept.fill(Page(page.token, 1), (("f5", "d"),)) == (("f0", "c"), ("f1", "b"), ("f5", "d"))


def test_a_kept_form_is_only_for_who_began_it() -> None:
    kept = KeptForms(Clock())
    page = kept.keep(form(), "ann")
    assert kept.find(page, "ben") is None
    assert kept.find(page, "ann") is not None
    assert kept.find(Page("guess", 0), "ann") is None


def test_whoever_goes_on_filling_in_has_time_again() -> None:
    clock = Clock()
    kept = KeptForms(clock)
    page = kept.keep(form(*many(7)), "ann")
    clock.now = KEPT_SECONDS - 1
    kept.fill(page, (("f0", "a"),))
    clock.now = 2 * KEPT_SECONDS - 2
    assert kept.find(page, "ann") is not None


def test_kept_forms_expire_and_never_become_too_many() -> None:
    clock = Clock()
    kept = KeptForms(clock)
    first = kept.keep(form(), "ann")
    clock.now = KEPT_SECONDS - 1
    assert kept.find(first, "ann") is not None
    clock.now = KEPT_SECONDS
    assert kept.find(first, "ann") is None
    old = kept.keep(form(), "ann")
    newer = [kept.keep(form(), "ben") for _ in range(MOST_KEPT)]
    assert kept.find(old, "ann") is None
    assert all(kept.find(page, "ben") is not None for page in newer)


def test_yes_and_no_are_in_the_language_of_whoever_fills_it_in() -> None:
    form = Form("料理", (Field("meat", "肉", FieldKind.CHECK),), Action.FILL, "7")
    told: Any = modal(form, 0, "bridge:fill:7", "ja")
    options = told["components"][0]["component"]["options"]
    assert [option["label"] for option in options] == ["はい", "いいえ"]
