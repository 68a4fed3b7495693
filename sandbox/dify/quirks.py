"""How versions of Dify differ where a client notices. Pure."""

from dataclasses import dataclass
from enum import Enum, auto


class Unknown(Enum):
    """What becomes of a question in a conversation that is not there."""

    REFUSED = auto()
    SILENCE = auto()
    BEGUN_ANEW = auto()


class Early(Enum):
    """How a flow tells that it could not even begin, because of its inputs, files or question."""

    REFUSED = auto()
    SILENCE = auto()
    BARE_ERROR = auto()
    SYNTHETIC = auto()


@dataclass(frozen=True, slots=True)
class Quirks:
    """The switches. `flow_*` concern chatflows and workflows only.

    Where a flow does not outlive its client, its answer is not kept; yet from some version on the record of
    its run is, with the answer among its outputs. Of an agent whose client has left, the thoughts are kept.
    """

    # What is there at all.
    tells_root: bool
    tells_mode: bool
    tells_site: bool
    tells_variables: bool
    sets_variables: bool
    previews_files: bool
    picks_workflow: bool
    answers_forms: bool
    flow_events: bool
    flow_pauses: bool
    flow_agent_log: bool
    flow_loops: bool
    flow_branches: bool
    flow_reasoning: bool
    # The shape of what is said.
    raw_unicode: bool
    suggests_other_urls: bool
    pydantic_texts: bool
    deletes_with_json: bool
    tells_upload_links: bool
    tells_extra_contents: bool
    tells_replace_reason: bool
    flow_sequence_number: bool
    tells_annotation: bool
    omits_nulls: bool
    granular_codes: bool
    speech_code: bool
    names_app_when_busy: bool
    busy_is_429: bool
    # What is done.
    inputs_remembered: bool
    uploads_bound_to_user: bool
    text_as_file: bool
    message_end_files: bool
    stored_without_images: bool
    agent_outlives_client: bool
    agent_stop_kept: bool
    flow_limit_broken: bool
    flow_pings_at_once: bool
    flow_outlives_client: bool
    flow_run_outlives_client: bool
    flow_stop_by_anyone: bool
    flow_stop_message_end: bool
    flow_message_end_first: bool
    flow_message_end: bool
    flow_error_event: bool
    flow_needs_finish: bool
    flow_resume_stops: bool
    flow_blocking_broken: bool
    flow_tail_seconds: float
    flow_unknown_conversation: Unknown
    flow_early: Early


def quirks_of(version: str) -> Quirks:
    """The quirks of a version such as `1.14.2`."""
    numbers = tuple(int(part) for part in version.split("."))
    relayed = numbers >= (1, 13)
    return Quirks(
        tells_root=numbers < (1,),
        tells_mode=numbers >= (1, 4),
        tells_site=numbers >= (1, 4),
        tells_variables=numbers >= (1, 3, 1),
        sets_variables=numbers >= (1, 7, 2),
        previews_files=numbers >= (1, 7, 2),
        picks_workflow=numbers >= (1, 7, 2),
        answers_forms=numbers >= (1, 14),
        flow_events=numbers >= (1, 14),
        flow_pauses=relayed,
        flow_agent_log=numbers >= (1,),
        flow_loops=numbers >= (1, 1),
        flow_branches=numbers < (1, 9),
        flow_reasoning=numbers >= (1, 16),
        raw_unicode=numbers >= (1, 8, 1),
        suggests_other_urls=numbers >= (1, 8),
        pydantic_texts=numbers >= (1, 11),
        deletes_with_json=numbers < (1, 4),
        tells_upload_links=numbers >= (1, 10),
        tells_extra_contents=numbers >= (1, 14),
        tells_replace_reason=numbers >= (1, 3, 1),
        flow_sequence_number=numbers < (1, 4, 2),
        tells_annotation=numbers >= (1,),
        omits_nulls=numbers >= (1, 16),
        granular_codes=numbers >= (1, 17),
        speech_code=numbers >= (1, 16),
        names_app_when_busy=numbers >= (1,),
        busy_is_429=numbers >= (1, 17),
        inputs_remembered=numbers < (1,),
        uploads_bound_to_user=numbers >= (1, 14),
        text_as_file=(1, 11, 2) <= numbers < (1, 13),
        message_end_files=numbers >= (1, 13, 1),
        stored_without_images=numbers < (1, 16),
        agent_outlives_client=numbers < (1, 16),
        agent_stop_kept=numbers < (1, 16),
        flow_limit_broken=relayed,
        flow_pings_at_once=relayed,
        flow_outlives_client=relayed,
        flow_run_outlives_client=numbers >= (1, 9, 2),
        flow_stop_by_anyone=numbers >= (1, 10, 1),
        flow_stop_message_end=not relayed,
        flow_message_end_first=numbers >= (1, 13, 1),
        flow_message_end=numbers[:3] != (1, 13, 0),
        flow_error_event=not relayed,
        flow_needs_finish=relayed,
        flow_resume_stops=numbers[:3] == (1, 16, 0),
        flow_blocking_broken=numbers[:3] == (1, 13, 0),
        flow_tail_seconds=1.0 if relayed else 0.0,
        flow_unknown_conversation=_unknown(numbers),
        flow_early=_early(numbers),
    )


def _unknown(numbers: tuple[int, ...]) -> Unknown:
    if (1, 13) <= numbers < (1, 15):
        return Unknown.SILENCE
    if (1, 15) <= numbers < (1, 16):
        return Unknown.BEGUN_ANEW
    return Unknown.REFUSED


def _early(numbers: tuple[int, ...]) -> Early:
    if numbers < (1, 13):
        return Early.REFUSED
    if numbers < (1, 15):
        return Early.SILENCE
    return Early.BARE_ERROR if numbers < (1, 17) else Early.SYNTHETIC
