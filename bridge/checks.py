"""What settings are checked for: each by itself, what a platform needs beside what is set, and what cannot be
set together."""

import base64
from collections.abc import Collection
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

# What Slack is spoken to with, and what it is heard by: one of each.
SLACK_SPEAKS = frozenset({"slack_bot_token", "slack_client_id", "slack_client_secret"})
SLACK_HEARS = frozenset({"slack_app_token", "slack_signing_secret"})
# The bytes of a key of `bridge.vault`.
KEY_BYTES = 32


class SlackOption(StrEnum):
    """What a Slack app can be made without."""

    AGENT = "agent"
    HOME = "home"
    COMMAND = "command"
    SHORTCUT = "shortcut"
    FILES = "files"
    MARKS = "marks"
    PEOPLE = "people"
    GROUPS = "groups"


def web_address(value: str) -> str:
    """`value`, if it is the address of something on the web; else `ValueError`."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a web address that begins with http:// or https://")
    return value


def left_out(text: str) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _is_public_address(value: str) -> str:
    return web_address(value).rstrip("/") if value else value


def _is_list_of_features(value: str) -> str:
    if unknown := set(left_out(value)) - {*SlackOption}:
        raise ValueError(f"knows no {', '.join(sorted(unknown))}; it may name {', '.join(SlackOption)}")
    return value


Command = Annotated[str, Field(pattern=r"^/?[a-z0-9_-]{1,31}$")]
Without = Annotated[str, AfterValidator(_is_list_of_features)]
PublicAddress = Annotated[str, AfterValidator(_is_public_address)]


def are_keys(text: str) -> bool:
    """Whether these are keys of `bridge.vault`, with commas between them, or none at all."""
    return not text or all(_is_key(key.strip()) for key in text.split(","))


def slack_missing(given: Collection[str]) -> list[str]:
    """What Slack needs and is not there, given the names of the fields that are."""
    problems = []
    speaks = SLACK_SPEAKS & set(given)
    hears = SLACK_HEARS & set(given)
    if speaks and not hears:
        problems.append(
            "SLACK_APP_TOKEN is missing: Slack needs it for Socket Mode, or SLACK_SIGNING_SECRET for events "
            "over HTTP"
        )
    if hears and not speaks:
        problems.append(
            "SLACK_BOT_TOKEN is missing: Slack needs it, or SLACK_CLIENT_ID and SLACK_CLIENT_SECRET for many "
            "workspaces"
        )
    if SLACK_SPEAKS & set(given) - {"slack_bot_token"}:
        problems += [
            f"{name.upper()} is missing: it is needed where many workspaces install the bot"
            for name in ("slack_client_id", "slack_client_secret", "bridge_public_url", "bridge_secret_key")
            if name not in given
        ]
    return problems


def slack_contradictions(given: Collection[str]) -> list[str]:
    """What is set and cannot be together, given the names of the fields that are."""
    problems = []
    if set(given) >= SLACK_HEARS:
        problems.append(
            "SLACK_APP_TOKEN, SLACK_SIGNING_SECRET: only one can be set; the first is for Socket Mode, the "
            "second for events over HTTP"
        )
    if {"slack_bot_token", "slack_client_id"} <= set(given):
        problems.append(
            "SLACK_BOT_TOKEN: is of no use beside SLACK_CLIENT_ID, with which each workspace has its own"
        )
    return problems


def _is_key(text: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(text)) == KEY_BYTES
    except ValueError:
        return False
