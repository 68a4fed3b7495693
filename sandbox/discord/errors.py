"""How the REST API says no: a status, a code of Discord's, a sentence, and for forms a tree of reasons."""

from http import HTTPStatus

from sandbox.discord.types import Json


class ApiError(Exception):
    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


def unauthorized() -> ApiError:
    return ApiError(HTTPStatus.UNAUTHORIZED, 0, "401: Unauthorized")


def no_such_route() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, 0, "404: Not Found")


def unknown_channel() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, 10003, "Unknown Channel")


def unknown_guild() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, 10004, "Unknown Guild")


def unknown_member() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, 10007, "Unknown Member")


def takes_no_directs() -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, 50007, "Cannot send messages to this user")


def unknown_message() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, 10008, "Unknown Message")


def unknown_user() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, 10013, "Unknown User")


def unknown_emoji() -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, 10014, "Unknown Emoji")


def unknown_webhook() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, 10015, "Unknown Webhook")


def unknown_interaction() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, 10062, "Unknown interaction")


def not_your_application() -> ApiError:
    return ApiError(
        HTTPStatus.FORBIDDEN, 20012, "You are not authorized to perform this action on this application"
    )


def too_large() -> ApiError:
    return ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 40005, "Request entity too large")


def already_answered() -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, 40060, "Interaction has already been acknowledged.")


def most_follow_ups() -> ApiError:
    return ApiError(
        HTTPStatus.BAD_REQUEST, 40094, "This interaction has reached the maximum number of follow-up messages"
    )


def missing_access() -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, 50001, "Missing Access")


def not_your_message() -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, 50006, "Cannot send an empty message")


def missing_permissions() -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, 50013, "Missing Permissions")


def system_message() -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, 50021, "Cannot execute action on a system message")


def wrong_channel_type() -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, 50024, "Cannot execute action on this channel type")


def invalid_webhook_token() -> ApiError:
    return ApiError(HTTPStatus.UNAUTHORIZED, 50027, "Invalid Webhook Token")


def thread_archived() -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, 50083, "Thread is archived")


def invalid_json() -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, 50109, "The request body contains invalid JSON.")


def slowed_down(retry_after: float) -> ApiError:
    error = ApiError(
        HTTPStatus.TOO_MANY_REQUESTS, 20016, "This action cannot be performed due to slowmode rate limit."
    )
    error.body |= {"retry_after": retry_after, "global": False}
    return error


def thread_locked() -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, 160005, "Thread is locked")


def no_history_to_reply_to() -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, 160002, "Cannot reply without permission to read message history")


def thread_exists() -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, 160004, "A thread has already been created for this message")


def invalid_form(field: str, code: str, message: str) -> ApiError:
    """`field` is a path with dots; each step is one level of the tree ("embeds.0.description")."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for step in reversed(field.split(".")):
        errors = {step: errors}
    return ApiError(HTTPStatus.BAD_REQUEST, 50035, "Invalid Form Body", errors)


def too_long(field: str, limit: int) -> ApiError:
    return invalid_form(field, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")
