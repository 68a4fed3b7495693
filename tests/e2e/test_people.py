"""What an app is told of whoever asks, if it wants to know."""

from bridge.app import App
from bridge.settings import Language
from sandbox.dify import AppSetup, Dify, FormInput
from tests.e2e.conftest import Bridge, answered
from tests.e2e.places import Place

ABOUT = (FormInput("user_name"), FormInput("user_email"), FormInput("user_id"), FormInput("platform"))


async def ask(place: Place, app: App, count: int) -> None:
    await place.ask("Who am I?")
    await answered(app, count)


async def test_an_app_that_wants_to_know_is_told_who_asks(place: Place, dify: Dify, bridge: Bridge) -> None:
    dify.setup = AppSetup(inputs=ABOUT)
    async with bridge() as app:
        await ask(place, app, 1)
        await ask(place, app, 2)
    for request in dify.requests:
        assert request.inputs["user_name"] == "Ada"
        assert request.inputs["platform"] == place.name
        assert str(request.inputs["user_id"]) in request.user
        # Discord tells no bot anybody's address.
        assert request.inputs.get("user_email") == ("ada@example.com" if place.name == "slack" else None)
    assert place.looked_up <= 1


async def test_nobody_is_looked_up_for_an_app_that_does_not_ask(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.language = Language.ENGLISH
    async with bridge() as app:
        await ask(place, app, 1)
    assert place.looked_up == 0
