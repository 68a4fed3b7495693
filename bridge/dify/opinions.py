"""What is said about answers: ratings, questions that may follow, and what should have been answered."""

from enum import StrEnum
from urllib.parse import quote

from bridge.dify.calls import LONG_CALL_PATIENCE, Calls
from bridge.dify.shapes import texts_of
from bridge.errors import DifyLacks, DifyRejected, DifyWrongMode

MOST_QUESTIONS = 20


class Rating(StrEnum):
    """What somebody thinks of an answer."""

    LIKE = "like"
    DISLIKE = "dislike"


async def rate(calls: Calls, message_id: str, user: str, rating: Rating | None, content: str) -> None:
    """Rate an answer, with a comment if there is one; None takes the rating back, whether there is one or
    not."""
    payload: dict[str, object] = {"rating": rating.value if rating is not None else None, "user": user}
    if content:
        payload["content"] = content
    try:
        await calls.do("POST", f"messages/{quote(message_id, safe='')}/feedbacks", payload)
    except DifyRejected:
        if rating is not None:
            raise


async def suggested(calls: Calls, message_id: str, user: str) -> tuple[str, ...]:
    """Questions that may follow this answer; none where the app does not make any."""
    path = f"messages/{quote(message_id, safe='')}/suggested"
    try:
        told = await calls.get(path, {"user": user}, waiting=LONG_CALL_PATIENCE, optional=True)
    except (DifyLacks, DifyWrongMode):
        return ()
    return texts_of(told.fields.get("data"), MOST_QUESTIONS)


async def annotate(calls: Calls, question: str, answer: str) -> None:
    """Keep this as the right answer to this question. `DifyLacks` in versions that do not take any."""
    payload = {"question": question, "answer": answer}
    await calls.do("POST", "apps/annotations", payload, optional=True)
