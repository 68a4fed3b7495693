"""Logging for people (text) and machines (JSON), without secrets and without what people wrote."""

import json
import logging
import re
import sys

from bridge.settings import LogFormat, LogLevel

# At DEBUG these print whole messages, tokens and ticket URLs, ...
TALKATIVE = ("slack_bolt", "slack_sdk", "discord", "aiohttp", "alembic")
# ... and this one at INFO every statement with what is stored.
MORE_TALKATIVE = ("sqlalchemy",)

_SECRET = re.compile(
    r"(xox[a-z]-|xapp-|app-|Bearer |Bot |ticket=|[MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.)[\w.~+/=-]{6,}"
)


_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s/]+@")


def set_up(level: LogLevel, style: LogFormat) -> None:
    """Send the log of this process to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if style is LogFormat.JSON else _TextFormatter())
    logging.basicConfig(level=level.value, handlers=[handler], force=True)
    for names, least in ((TALKATIVE, logging.INFO), (MORE_TALKATIVE, logging.WARNING)):
        for name in names:
            logging.getLogger(name).setLevel(max(least, logging.getLevelName(level.value)))


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, ensure_ascii=False))


def redact(text: str) -> str:
    """Anything that looks like a credential becomes stars, whoever logged it."""
    return _PASSWORD.sub(r"\1***@", _SECRET.sub(lambda found: f"{found.group(1)}***", text))
