"""Names of messages in Dify's logs."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bridge.trace import trace_id
from bridge.types import Message, Person, Thread


def message(platform: str, message_id: str) -> Message:
    return Message(message_id, Thread(platform, "W", "C", "T"), Person("P"), "Hello?", 0.0, addressed=True)


def test_a_trace_id_can_be_read_as_the_message_it_is_of() -> None:
    assert trace_id(message("slack", "T1:C1:1712345678.000100")) == "slack-T1-C1-1712345678-000100"
    assert trace_id(message("discord", "1180000000000000001")) == "discord-1180000000000000001"


@given(st.text(max_size=300), st.text(max_size=300))
def test_dify_takes_every_trace_id_and_none_is_given_to_two_messages(one: str, other: str) -> None:
    ids = [trace_id(message("slack", f"T1:C1:{text}!")) for text in (one, other)]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text) for text in ids)
    assert (ids[0] == ids[1]) == (one == other)
