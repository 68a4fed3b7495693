"""Answering the forms in which a flow asks for a decision; since 1.14."""

from collections.abc import Mapping
from urllib.parse import quote

from bridge.dify.calls import Calls
from bridge.dify.human import HumanForm, form_in
from bridge.errors import DifyFormOver, DifyNotThere


async def form(calls: Calls, token: str) -> HumanForm:
    """The form with this token. `DifyFormOver` once it is answered or expired, `DifyLacks` before 1.14."""
    try:
        told = await calls.get(_path(token), optional=True)
    except DifyNotThere as gone:
        raise DifyFormOver(str(gone)) from gone
    return form_in(told.fields, token)


async def decide(calls: Calls, token: str, action: str, filled: Mapping[str, str], user: str) -> None:
    """Answer a form with one of its actions; the first who does decides. Errors as those of `form`, and
    `DifyInputRefused` for what was filled in."""
    payload: dict[str, object] = {"inputs": dict(filled), "action": action, "user": user}
    try:
        await calls.do("POST", _path(token), payload, optional=True)
    except DifyNotThere as gone:
        raise DifyFormOver(str(gone)) from gone


def _path(token: str) -> str:
    return f"form/human_input/{quote(token, safe='')}"
