"""A composition root of its own: where the Discord bot is invited, for somebody who has only its token."""

import aiohttp

from adapters.discord.invite import application_in, invite_url
from adapters.discord.rest import CALL_TIMEOUT_SECONDS, DiscordRest
from bridge.errors import PlatformDown
from bridge.proxies import proxy_for
from bridge.settings import DiscordSettings


async def discord_invitation(settings: DiscordSettings, *, to_person: bool) -> str:
    """The address. `LoginRefused` where Discord does not know the token; where it cannot be asked, what the
    token says is believed, and `PlatformDown` tells that it says nothing."""
    token = settings.discord_bot_token.get_secret_value()
    address = settings.discord_api_url.rstrip("/")
    timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, proxy=proxy_for(address)) as session:
        try:
            application = await DiscordRest(session, address, token).application_id()
        except PlatformDown:
            application = application_in(token)
            if not application:
                raise
    return invite_url(application, to_person=to_person)
