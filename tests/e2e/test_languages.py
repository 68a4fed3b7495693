"""Everybody is spoken to in their own language, as far as the platform says which it is."""

import pytest

from bridge import errors
from bridge.settings import Language
from bridge.words import english, say
from sandbox.dify import Answer, AppSetup, Dify, FormInput
from tests.e2e.conftest import Bridge, Configure, answered, until
from tests.e2e.places import Place, SlackPlace

GERMAN, JAPANESE, CHINESE = "de-DE", "ja-JP", "zh-CN"
BELOW = (english.GOOD_ANSWER, english.BAD_ANSWER, english.ASK_AGAIN)


def below(locale: str) -> list[str]:
    """The labels that stand below an answer."""
    return [say(label, locale) for label in BELOW]


@pytest.mark.parametrize("locale", [GERMAN, "ja", "zh-TW"])
async def test_what_stands_below_an_answer_is_in_the_language_of_whoever_asked(
    place: Place, bridge: Bridge, dify: Dify, locale: str
) -> None:
    place.speak(locale)
    async with bridge() as app:
        thread = await place.ask("Wie viele Tage?")
        await answered(app, 1)
        assert place.buttons(thread) == below(locale)


async def test_where_the_language_is_another_one_it_is_english(place: Place, bridge: Bridge) -> None:
    place.speak("fr-FR")
    async with bridge() as app:
        thread = await place.ask("Combien de jours ?")
        await answered(app, 1)
        assert place.buttons(thread) == list(BELOW)


async def test_somebody_presses_and_fills_in_in_japanese(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.speak(JAPANESE)
    async with bridge() as app:
        thread = await place.ask("何日ですか?")
        await answered(app, 1)
        await place.press(thread, "良くない回答")
        await until(lambda: place.form() is not None)
        form = place.form()
        assert form is not None
        assert form.title == "ご意見をありがとうございます"
        assert form.labels == ("どこが良くありませんでしたか?",)
        await place.fill({form.labels[0]: "年が違います。"})
        await until(lambda: place.whispers() == ["ありがとうございます。いつでも変更できます。"])
    assert dify.ratings[-1].content == "年が違います。"


async def test_a_form_that_is_wrong_is_refused_in_german(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.speak(GERMAN)
    dify.setup = AppSetup(inputs=(FormInput("menu", "Menü", kind="json_object", required=True),))
    async with bridge() as app:
        thread = await place.ask("Ein Tisch")
        await answered(app, 1)
        assert "Diese App braucht zuerst einige Angaben: Menü." in place.replies(thread)[0]
        await place.press(thread, "Ausfüllen")
        await until(lambda: place.form() is not None)
        await place.fill({"Menü": "Wein"})
        assert "Menü muss ein JSON-Objekt sein." in await place.form_again()


async def test_somebody_is_refused_in_their_language(
    place: Place, dify: Dify, bridge: Bridge, configure: Configure
) -> None:
    place.speak(CHINESE)
    configure(f'[apps.default]\ndeny = ["{place.name}:{place.person}"]\n')
    async with bridge() as app:
        await place.ask("可以问吗？")
        await answered(app, 1)
        assert place.told() == [say(english.NOT_FOR_YOU, CHINESE)]
    assert dify.requests == []


async def test_what_went_wrong_is_said_in_the_language_of_whoever_asked(
    place: Place, dify: Dify, bridge: Bridge
) -> None:
    place.speak(GERMAN)
    dify.script = lambda request, turns: Answer("Zum Teil gesagt", fail_after=2)
    async with bridge() as app:
        thread = await place.ask("Wie viele?")
        await answered(app, 1)
        assert say(errors.DifyModelFailed.notice, "de") in place.replies(thread)[0]


async def test_a_command_is_answered_in_the_language_of_whoever_gave_it(place: Place, bridge: Bridge) -> None:
    place.speak(JAPANESE)
    async with bridge() as app:
        thread = await place.ask("!help")
        await answered(app, 1)
        assert "`!history`: この会話の内容を表示する" in place.replies(thread)[0]


async def test_everybody_presses_in_their_own_language(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.speak(GERMAN)
    other = place.another_person()
    async with bridge() as app:
        thread = await place.ask("Wie viele?")
        await answered(app, 1)
        await place.press(thread, "Gute Antwort", person=other)
        await until(lambda: place.whispers_to(other) == [english.THANKS])
        await place.press(thread, "Gute Antwort")
        await until(lambda: place.whispers_to(place.person) == ["Zurückgenommen."])
        assert place.buttons(thread) == below(GERMAN)


async def test_one_language_can_be_set_for_all(place: Place, dify: Dify, bridge: Bridge) -> None:
    place.speak(GERMAN)
    place.language = Language.JAPANESE
    async with bridge() as app:
        thread = await place.ask("Wie viele?")
        await answered(app, 1)
        assert place.buttons(thread) == below(JAPANESE)
        await place.press(thread, "良い回答")
        await until(lambda: place.whispers() == [say(english.THANKS, JAPANESE)])
    assert place.looked_up == 0


async def test_the_language_is_asked_for_once_however_much_somebody_asks(
    place: Place, bridge: Bridge
) -> None:
    place.speak(GERMAN)
    async with bridge() as app:
        await place.ask("Eins?")
        await answered(app, 1)
        for count in (2, 3):
            thread = await place.ask("Noch eins?")
            await answered(app, count)
            await place.press(thread, "Gute Antwort")
    assert place.looked_up == (1 if isinstance(place, SlackPlace) else 0)


async def test_nobody_waits_for_a_language_that_may_not_be_known(place: Place, bridge: Bridge) -> None:
    if not isinstance(place, SlackPlace):
        return
    place.speak(GERMAN)
    place.slack.fail("users.info", "missing_scope", times=10)
    async with bridge() as app:
        thread = await place.ask("Wie viele?")
        await answered(app, 1)
        assert place.buttons(thread) == list(BELOW)
    assert place.looked_up == 1


async def test_whoever_pressed_is_known_in_direct_messages(place: Place, bridge: Bridge) -> None:
    """Discord says of nobody who writes what they read, but of everybody who presses."""
    place.speak(GERMAN)
    async with bridge() as app:
        thread = await place.ask("Wie viele?")
        await answered(app, 1)
        await place.press(thread, "Gute Antwort")
        direct = await place.tell("!new")
        await answered(app, 2)
        await until(lambda: say(english.BEGUN, "de") in "".join(place.replies(direct)))
