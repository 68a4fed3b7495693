"""The bot's commands are registered with Discord, when what is registered there differs."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from adapters.discord.buttons import Component
from adapters.discord.commands import SLASH, declared
from adapters.discord.rest import DiscordRest
from bridge.errors import PlatformDown, PlatformError, RateLimited

log = logging.getLogger(__name__)

# Discord is asked again after so many seconds, each time longer, and then it is left for the next start.
PAUSES_SECONDS = (5.0, 30.0, 120.0)

_OF_TEXT = ("name", "description")
_OF_LANGUAGES = ("name_localizations", "description_localizations")
_OF_NUMBERS = ("contexts", "integration_types")
_OF_OPTIONS = ("type", "required", "max_length", "min_length")


async def keep_commands(rest: DiscordRest, pauses: Sequence[float] = PAUSES_SECONDS) -> None:
    """Have Discord know the commands. Whatever goes wrong is only logged: people can write all the same."""
    for pause in (*pauses, None):
        try:
            await _sync(rest)
        except (PlatformDown, RateLimited) as error:
            log.warning("Discord: the commands are not registered yet: %s", error)
            if pause is None:
                return
            wait = error.retry_after if isinstance(error, RateLimited) else 0.0
            await asyncio.sleep(max(pause, wait))
        except PlatformError as error:
            log.error("Discord: the commands cannot be registered: %s", error)
            return
        except Exception:
            # The one guard of this task: nobody waits for it.
            log.exception("Discord: the commands could not be registered")
            return
        else:
            return


async def _sync(rest: DiscordRest) -> None:
    application = await rest.application_id()
    there, wanted = await rest.commands(application), declared()
    names = {_key(one) for one in wanted}
    ours = [one for one in there if _key(one) in names]
    if same(ours, wanted):
        log.debug("Discord: the commands are registered already")
        return
    # Another program of the same application may have its own.
    kept = [one for one in there if _key(one) not in names]
    await rest.put_commands(application, [*wanted, *kept])
    log.info("Discord: %d commands are registered", len(wanted))


def same(there: Sequence[Mapping[str, object]], wanted: Sequence[Component]) -> bool:
    """Whether nobody could tell the one from the other."""
    return sorted(map(_told, there)) == sorted(map(_told, wanted))


def _key(command: Mapping[str, object]) -> tuple[object, object]:
    """There is one command of each type and name."""
    return command.get("type") or SLASH, command.get("name")


def _told(command: Mapping[str, object]) -> str:
    """All that people can tell of a command."""
    numbers = {name: _numbers(command.get(name)) for name in _OF_NUMBERS}
    options = command.get("options")
    told = [_described(one, _OF_OPTIONS) for one in options] if isinstance(options, list) else []
    return repr((command.get("type") or SLASH, _described(command, ()), numbers, told))


def _described(thing: object, more: tuple[str, ...]) -> tuple[object, ...]:
    if not isinstance(thing, Mapping):
        return ()
    texts = tuple(thing.get(name) or "" for name in _OF_TEXT)
    languages = tuple(sorted(_languages(thing.get(name)).items()) for name in _OF_LANGUAGES)
    # What is not said is the same as no.
    return texts + languages + tuple(thing.get(name) or 0 for name in more)


def _languages(told: object) -> dict[str, str]:
    return {str(locale): str(text) for locale, text in told.items()} if isinstance(told, Mapping) else {}


def _numbers(told: object) -> list[int]:
    return sorted(one for one in told if isinstance(one, int)) if isinstance(told, list) else []
