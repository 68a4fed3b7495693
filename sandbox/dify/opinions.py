"""What is said about answers: thumbs, follow-up questions, and answers that are put right."""

import uuid

from aiohttp import web

from sandbox.dify.app import App
from sandbox.dify.extras import CREATED_AT
from sandbox.dify.records import Annotation, Rating
from sandbox.dify.replies import fields_of


class Opinions:
    """Answers those calls."""

    def __init__(self, app: App) -> None:
        self._app = app

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/messages/{message}/feedbacks", self._rate),
            web.get("/v1/messages/{message}/suggested", self._suggest),
            web.get("/v1/apps/annotations", self._annotations),
            web.post("/v1/apps/annotations", self._annotate),
        ]

    async def _rate(self, request: web.Request) -> web.Response:
        fields = await fields_of(request)
        replies = self._app.replies
        user, rating = fields.text("user"), fields.text("rating")
        if fields.broken:
            return replies.not_json()
        if not user:
            return replies.nobody()
        if rating not in ("", "like", "dislike"):
            return replies.invalid("1 validation error for MessageFeedbackPayload")
        turn = self._app.turn(request.match_info["message"], user)
        if turn is None:
            return self._app.replies.error(404, "not_found", "Message Not Exists.")
        if not rating and not turn.rating:
            text = "rating cannot be None when feedback not exists"
            if self._app.quirks.granular_codes:
                return replies.error(400, "message_feedback_rating_required", text)
            return replies.invalid(text)
        turn.rating = rating
        self._app.ratings.append(Rating(turn.id, user, rating, fields.text("content")))
        return replies.done()

    async def _suggest(self, request: web.Request) -> web.Response:
        replies, setup = self._app.replies, self._app.setup
        if not self._app.converses:
            return replies.wrong_mode("not_chat_app")
        user = request.query.get("user", "")
        if not user:
            return replies.nobody()
        turn = self._app.turn(request.match_info["message"], user)
        if turn is None:
            return replies.error(404, "not_found", "Message Not Exists.")
        if not setup.suggested_questions_after_answer:
            text = "Suggested Questions Is Disabled."
            if self._app.quirks.granular_codes:
                return replies.error(403, "app_suggested_questions_after_answer_disabled", text)
            return replies.error(400, "bad_request", text)
        self._app.suggested.append(turn.id)
        return replies.json({"result": "success", "data": list(setup.follow_ups)})

    async def _annotations(self, _: web.Request) -> web.Response:
        saved = self._app.annotations
        return self._app.replies.json(
            {
                "data": [_annotation(one) for one in saved],
                "has_more": False,
                "limit": 20,
                "total": len(saved),
                "page": 1,
            }
        )

    async def _annotate(self, request: web.Request) -> web.Response:
        fields = await fields_of(request)
        if fields.broken:
            return self._app.replies.not_json()
        for name in ("question", "answer"):
            if name not in fields.values:
                return self._app.replies.missing("AnnotationCreatePayload", name)
        saved = Annotation(str(uuid.uuid4()), fields.text("question"), fields.text("answer"))
        self._app.annotations.append(saved)
        return self._app.replies.json(_annotation(saved), 201)


def _annotation(saved: Annotation) -> dict[str, object]:
    return {
        "id": saved.id,
        "question": saved.question,
        "answer": saved.answer,
        "hit_count": 0,
        "created_at": CREATED_AT,
    }
