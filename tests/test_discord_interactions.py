"""What the gateway tells of presses, and how little of it may be relied on."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.forms import Entry
from adapters.discord.interactions import Interaction, Pressed, Sent, read_interaction, whisper
from bridge.types import Person

SENT_AT = 1_462_015_105.796  # of the id below


def payload(**changes: Any) -> dict[str, Any]:
    return {
        "id": "175928847299117063",
        "type": 3,
        "token": "secret",
        "application_id": "9",
        "data": {"custom_id": "bridge:stop:7", "component_type": 2},
        "member": {"nick": None, "user": {"id": "5", "username": "ann", "global_name": "Ann"}},
        "message": {"id": "1"},
    } | changes


def sent(*components: Any) -> Interaction | None:
    return read_interaction(payload(type=5, data={"custom_id": "c", "components": list(components)}))


def test_a_press_is_read() -> None:
    done = Pressed("bridge:stop:7")
    expected = Interaction("175928847299117063", "secret", "9", Person("5", "Ann"), SENT_AT, done, below="")
    assert read_interaction(payload()) == expected


def test_a_person_is_called_as_the_server_calls_them() -> None:
    user = {"id": "5", "username": "ann", "global_name": None}
    for changes, name in (
        ({"member": {"nick": "Annie", "user": user}}, "Annie"),
        ({"member": {"nick": None, "user": user}}, "ann"),
        ({"member": None, "user": user}, "ann"),
    ):
        read = read_interaction(payload(**changes))
        assert read is not None
        assert read.person == Person("5", name)


def test_a_member_comes_with_their_roles() -> None:
    user = {"id": "5", "username": "ann"}
    for told, roles in ((["7", "8"], ("7", "8")), (["7", 8], ("7",)), ("7", ()), (None, ())):
        read = read_interaction(payload(member={"user": user, "roles": told}))
        assert read is not None
        assert read.person.roles == roles


@pytest.mark.parametrize(
    ("permissions", "moderates"),
    [("0", False), ("2048", False), ("8", True), ("8192", True), ("many", False), (8, False)],
)
def test_who_may_delete_messages_moderates(permissions: object, moderates: bool) -> None:
    user = {"id": "5", "username": "ann", "global_name": None}
    read = read_interaction(payload(member={"nick": None, "user": user, "permissions": permissions}))
    assert read is not None
    assert read.person.moderator is moderates


def test_what_was_sent_is_read_from_labels_and_from_rows() -> None:
    read = sent(
        {"type": 10, "id": 1},
        {"type": 18, "component": {"type": 4, "custom_id": "0:a", "value": "text"}},
        {"type": 18, "component": {"type": 3, "custom_id": "1:b", "values": ["0:x"]}},
        {"type": 18, "component": {"type": 3, "custom_id": "2:c", "values": []}},
        {"type": 1, "components": [{"type": 4, "custom_id": "3:d", "value": ""}]},
    )
    assert read is not None
    assert read.done == Sent(
        "c",
        (
            Entry("0:a", "text"),
            Entry("1:b", "0:x", chosen=True),
            Entry("2:c", "", chosen=True),
            Entry("3:d", ""),
        ),
    )


def test_a_component_that_is_not_understood_is_left_out() -> None:
    read = sent(None, 7, {"component": None}, {"component": {"custom_id": 1}}, {"components": []})
    assert read is not None
    assert read.done == Sent("c", ())
    nothing = read_interaction(payload(type=5, data={"custom_id": "c", "components": "no"}))
    assert nothing is not None
    assert nothing.done == Sent("c", ())


@pytest.mark.parametrize(
    "changes",
    [
        {"type": 1},
        {"type": "3"},
        {"id": 7},
        {"id": "x"},
        {"id": "²"},
        {"id": "9" * 400},
        {"token": None},
        {"application_id": 9},
        {"data": None},
        {"data": {}},
        {"data": {"custom_id": 7}},
        {"member": None},
        {"member": {"user": None}},
        {"member": []},
    ],
)
def test_what_cannot_be_understood_is_nothing(changes: dict[str, Any]) -> None:
    assert read_interaction(payload(**changes)) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(payload())), anything, st.sampled_from([2, 3, 5]))
def test_no_payload_is_too_strange(field: str, value: Any, kind: int) -> None:
    assert isinstance(read_interaction(payload(type=kind) | {field: value}), Interaction | None)
    read_interaction(value)


def test_a_whisper_is_for_one_person_and_pings_nobody() -> None:
    told = whisper("@everyone " * 500)
    assert told["flags"] == 64
    assert told["allowed_mentions"] == {"parse": []}
    assert len(str(told["content"])) <= 2000
