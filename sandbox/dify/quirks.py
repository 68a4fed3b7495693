"""How versions of Dify differ where a client notices. Pure."""

from dataclasses import dataclass
from enum import Enum, auto


class Unknown(Enum):
    """What becomes of a question in a conversation that is not there."""

    REFUSED = auto()
    SILENCE = auto()
    BEGUN_ANEW = auto()


@dataclass(frozen=True, slots=True)
class Quirks:
    """The switches. `flow_*` concern chatflows only.

    Where a flow does not outlive its client, its answer is not kept; yet from some version on the record of
    its run is, with the answer among its outputs. Of an agent whose client has left, the thoughts are kept.
    """

    tells_mode: bool
    raw_unicode: bool
    suggests_other_urls: bool
    deletes_with_json: bool
    flow_pings_at_once: bool
    flow_outlives_client: bool
    flow_run_outlives_client: bool
    flow_events: bool
    agent_outlives_client: bool
    tells_extra_contents: bool
    flow_stop_message_end: bool
    flow_message_end_first: bool
    flow_message_end: bool
    flow_error_event: bool
    flow_reasoning: bool
    flow_tail_seconds: float
    flow_unknown_conversation: Unknown


def quirks_of(version: str) -> Quirks:
    """The quirks of a version such as `1.14.2`."""
    numbers = tuple(int(part) for part in version.split("."))
    relayed = numbers >= (1, 13)
    return Quirks(
        tells_mode=numbers >= (1, 4),
        raw_unicode=numbers >= (1, 8, 1),
        suggests_other_urls=numbers >= (1, 8),
        deletes_with_json=numbers < (1, 4),
        flow_pings_at_once=relayed,
        flow_outlives_client=relayed,
        flow_run_outlives_client=numbers >= (1, 9, 2),
        flow_events=numbers >= (1, 14),
        agent_outlives_client=numbers < (1, 16),
        tells_extra_contents=numbers >= (1, 14),
        flow_stop_message_end=not relayed,
        flow_message_end_first=numbers >= (1, 13, 1),
        flow_message_end=numbers[:3] != (1, 13, 0),
        flow_error_event=not relayed,
        flow_reasoning=numbers >= (1, 16),
        flow_tail_seconds=1.0 if relayed else 0.0,
        flow_unknown_conversation=_unknown(numbers),
    )


def _unknown(numbers: tuple[int, ...]) -> Unknown:
    if (1, 13) <= numbers < (1, 15):
        return Unknown.SILENCE
    if (1, 15) <= numbers < (1, 16):
        return Unknown.BEGUN_ANEW
    return Unknown.REFUSED
