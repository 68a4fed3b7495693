"""The one way a method of the Web API says no."""


class ApiError(Exception):
    """Answered as `{"ok": false, "error": code}`; `details` go to `response_metadata.messages`."""

    def __init__(self, code: str, *details: str) -> None:
        super().__init__(code)
        self.code = code
        self.details = details
