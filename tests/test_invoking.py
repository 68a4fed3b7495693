"""The platforms' own commands: what whoever uses one sees at once, and what becomes of it. Dify is a stand-in
on a real socket, the store a real one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.apps import Apps
from bridge.budget import Budget
from bridge.changes import Changes
from bridge.errors import NotYours
from bridge.gate import Gate
from bridge.inbox import Asked, Inbox, dify_user_of
from bridge.invoking import Invoking
from bridge.meaning import word_of
from bridge.replica import Replica
from bridge.settings import Settings
from bridge.store import Job, Store, TurnIds
from bridge.types import (
    WHISPER_CHARACTERS,
    Action,
    Begin,
    Form,
    Invocation,
    Message,
    Order,
    Person,
    Press,
    Thread,
    Whisper,
)
from bridge.words import english
from sandbox.dify import AppSetup, Dify, FormInput
from tests.silent import silent_server

CHANNEL = Thread("slack", "T1", "C1", "C1")
THREAD = Thread("slack", "T1", "C1", "1.5")
OTHER = Thread("slack", "T1", "C1", "2.5")
ADA, GRACE = Person("U1", "Ada"), Person("U2", "Grace")
MODERATOR = Person("U3", "Linus", moderator=True)
TOPIC = FormInput("topic", "Topic", required=True, longest=10)
TONE = FormInput("tone", "Tone", kind="select", options=("dry", "warm"), default="dry")

ASKED_TO_STOP = "SELECT id FROM question WHERE stop_asked_at IS NOT NULL ORDER BY id"
APPS = """
[apps.default]
deny = ["slack:U2"]
[apps.writer]
key = "WRITER_DIFY_KEY"
url = "{url}"
[apps.writer.inputs]
tone = "warm"
[[routes]]
app = "writer"
command = "generate"
"""


@dataclass(slots=True)
class Desk:
    """Where commands are taken; what came of them beside what is seen at once."""

    invoking: Invoking
    store: Store
    dify: Dify
    writer: Dify
    delivered: list[Message]

    async def stopped(self) -> list[int]:
        """The questions whose answers are to end, as every replica learns it."""
        return list(
            await self.store.runner.run(lambda conn: conn.exec_driver_sql(ASKED_TO_STOP).scalars().all())
        )

    async def asked(self, thread: Thread, person: Person, name: str) -> Job:
        """A question that is being answered."""
        message = Message(name, thread, person, "Why?", 1.0, addressed=True)
        user = dify_user_of(thread, person)
        taken = await self.store.accept(message, "default", user, "here")
        assert taken is not None
        assert taken.job is not None
        return taken.job

    async def converses(self, thread: Thread, person: Person = ADA, name: str = "m1") -> None:
        """A conversation goes on there."""
        job = await self.asked(thread, person, name)
        await self.store.remember_turn(job, "c1", TurnIds("d1", "t1"))
        await self.store.finish(job, "answered", go_on=0)


async def unanswered(asked: Asked) -> str:
    raise AssertionError("nothing is to be answered here")


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.chdir(tmp_path)
    async with (
        Dify(mode="chat", name="Otto") as dify,
        Dify(mode="workflow", key="app-writer", name="Writer") as writer,
        Store(f"sqlite:///{tmp_path / 'bridge.db'}") as store,
    ):
        (tmp_path / ".env").write_text(f"WRITER_DIFY_KEY={writer.key}\n", encoding="utf-8")
        (tmp_path / "bridge.toml").write_text(APPS.format(url=writer.url), encoding="utf-8")
        settings = Settings(
            dify_api_url=dify.url,
            dify_api_key=SecretStr(dify.key),
            slack_bot_token=SecretStr("xoxb-1"),
            slack_app_token=SecretStr("xapp-1"),
        )
        await store.register("here")
        async with Apps(settings) as apps:
            delivered: list[Message] = []

            async def deliver(message: Message) -> None:
                delivered.append(message)

            gate = Gate(store, Budget(), ())
            inbox = Inbox(store, Replica(store), [], Budget(), unanswered, lambda message: None)
            invoking = Invoking(store, apps, gate, deliver, Changes(store, apps, gate, inbox).stop_in)
            yield Desk(invoking, store, dify, writer, delivered)


def invocation(
    order: Order, text: str = "", *, place: Thread = CHANNEL, person: Person = ADA, about: str = ""
) -> Invocation:
    return Invocation("i1", place, person, order, text, 5.0, about, prefix="/otto ")


def sent(form: Form, values: dict[str, str], *, place: Thread = CHANNEL, person: Person = ADA) -> Press:
    """The form as it stands, with these values in the place of what was in it."""
    filled = tuple((one.name, values.get(one.name, one.default)) for one in form.fields)
    return Press("p1", "slack", person, form.action, form.value, 6.0, filled, place)


async def whispered(desk: Desk, used: Invocation) -> str:
    reaction = await desk.invoking.invoke(used)
    assert isinstance(reaction, Whisper)
    return reaction.text


async def form_for(desk: Desk, used: Invocation) -> Form:
    reaction = await desk.invoking.invoke(used)
    assert isinstance(reaction, Form)
    return reaction


async def test_a_question_behind_the_command_is_asked(desk: Desk) -> None:
    assert await desk.invoking.invoke(invocation(Order.ASK, "  Why? ")) == Begin("Why?")


async def test_without_a_question_it_is_asked_for(desk: Desk) -> None:
    form = await form_for(desk, invocation(Order.ASK))
    assert [one.label for one in form.fields] == [english.ASK_FIELD]
    assert await desk.invoking.sent(sent(form, {"question": "Why?"})) == Begin("Why?")


async def test_a_form_that_was_sent_empty_comes_again(desk: Desk) -> None:
    form = await form_for(desk, invocation(Order.ASK))
    again = await desk.invoking.sent(sent(form, {"question": "  "}))
    assert again == replace(form, intro=english.NOTHING_TO_ASK)


async def test_a_message_is_asked_about_with_its_words_and_grows_a_thread(desk: Desk) -> None:
    form = await form_for(desk, invocation(Order.ABOUT, "One.\nTwo.", about="1699999999.000100"))
    assert form.action is Action.ABOUT
    assert [(one.name, one.default) for one in form.fields][1] == ("message", "One.\nTwo.")
    begun = await desk.invoking.sent(sent(form, {"question": "Is that so?"}))
    assert begun == Begin("Is that so?\n\n> One.\n> Two.", about="1699999999.000100")


async def test_about_a_message_a_sensible_question_stands_there_already(desk: Desk) -> None:
    form = await form_for(desk, invocation(Order.ABOUT, "One.", about="7"))
    for question in (form.fields[0].default, ""):
        begun = await desk.invoking.sent(sent(form, {"question": question}))
        assert begun == Begin(f"{english.ABOUT_QUESTION}\n\n> One.", about="7")


async def test_about_a_message_without_words_a_question_alone_is_asked(desk: Desk) -> None:
    form = await form_for(desk, invocation(Order.ABOUT, "", about="7"))
    assert await desk.invoking.sent(sent(form, {"question": "Who is that?"})) == Begin(
        "Who is that?", about="7"
    )
    again = await desk.invoking.sent(sent(form, {"question": ""}))
    assert isinstance(again, Form)
    assert again.intro == english.NOTHING_TO_ASK
    assert [one.name for one in again.fields] == ["question", "message"]


@pytest.mark.parametrize("about", ["x" * 61, "of two words", "überall", ""])
async def test_a_message_whose_name_no_form_can_carry_is_asked_about_all_the_same(
    desk: Desk, about: str
) -> None:
    form = await form_for(desk, invocation(Order.ABOUT, "One.", about=about))
    assert form.value.isascii()
    assert 0 < len(form.value) <= 60
    assert await desk.invoking.sent(sent(form, {"question": "So?"})) == Begin("So?\n\n> One.")


async def test_a_long_message_is_quoted_as_far_as_a_form_holds_it(desk: Desk) -> None:
    form = await form_for(desk, invocation(Order.ABOUT, "x" * 10_000, about="7"))
    assert all(len(one.default) <= one.longest <= 3_000 for one in form.fields)


async def test_the_app_that_generates_is_the_one_of_the_route_and_answers_what_is_sent(desk: Desk) -> None:
    desk.writer.setup = AppSetup(inputs=(TOPIC, FormInput("lines", "Lines", kind="number"), TONE))
    form = await form_for(desk, invocation(Order.GENERATE))
    assert (form.title, form.action) == ("Writer", Action.GENERATE)
    assert [one.name for one in form.fields] == ["topic", "lines"]
    begun = await desk.invoking.sent(sent(form, {"topic": "the sea", "lines": "3"}))
    assert begun == Begin("", (("topic", "the sea"), ("lines", "3")))
    assert desk.dify.calls == []
    message = Message("m9", THREAD, ADA, "", 7.0, addressed=True, pressed=True, filled=begun.filled)
    assert word_of(message) == "generate"


async def test_what_cannot_stand_in_the_form_is_told_and_asked_for_again(desk: Desk) -> None:
    desk.writer.setup = AppSetup(inputs=(TOPIC,))
    form = await form_for(desk, invocation(Order.GENERATE))
    again = await desk.invoking.sent(sent(form, {"topic": "the sea, the sky"}))
    assert isinstance(again, Form)
    assert again.intro == "Topic is too long: 10 characters at most."
    assert [(one.name, one.default) for one in again.fields] == [("topic", "the sea, the sky")]
    assert (again.action, again.value) == (form.action, form.value)
    assert await desk.invoking.sent(sent(again, {"topic": "the sea"})) == Begin("", (("topic", "the sea"),))


async def test_what_is_written_behind_generate_fills_the_first_field_for_words(desk: Desk) -> None:
    desk.writer.setup = AppSetup(inputs=(TONE, TOPIC))
    form = await form_for(desk, invocation(Order.GENERATE, "the sea"))
    assert [(one.name, one.default) for one in form.fields] == [("topic", "the sea")]


async def test_a_form_that_was_sent_empty_was_sent(desk: Desk) -> None:
    desk.writer.setup = AppSetup(inputs=(replace(TOPIC, required=False),))
    form = await form_for(desk, invocation(Order.GENERATE))
    begun = await desk.invoking.sent(replace(sent(form, {}), filled=()))
    assert begun == Begin("", (("topic", ""),))


async def test_an_app_without_a_form_generates_nothing(desk: Desk) -> None:
    desk.writer.setup = AppSetup(inputs=(FormInput("picture", "Picture", kind="file"),))
    assert await whispered(desk, invocation(Order.GENERATE)) == english.NOTHING_TO_GENERATE


async def test_in_a_thread_the_app_of_the_thread_generates_and_is_asked_with_its_form(desk: Desk) -> None:
    desk.dify.setup = AppSetup(inputs=(TOPIC,))
    await desk.converses(THREAD)
    form = await form_for(desk, invocation(Order.GENERATE, "And so?", place=THREAD))
    assert form.title == "Otto"
    assert [(one.label, one.default) for one in form.fields] == [
        ("Topic", ""),
        (english.ASK_FIELD, "And so?"),
    ]
    filled = {form.fields[0].name: "the sea", form.fields[1].name: "Really?"}
    assert await desk.invoking.sent(sent(form, filled, place=THREAD)) == Begin(
        "Really?", (("topic", "the sea"),)
    )


async def test_a_new_conversation_begins_in_the_thread_for_all_to_see(desk: Desk) -> None:
    await desk.converses(THREAD)
    assert await desk.invoking.invoke(invocation(Order.NEW, place=THREAD)) is None
    (message,) = desk.delivered
    assert (message.id, message.thread, message.text, message.author) == ("i1", THREAD, "!new", ADA)
    assert message.pressed


@pytest.mark.parametrize(
    ("place", "sentence"), [(CHANNEL, english.EACH_BEGINS), (OTHER, english.NEXT_BEGINS)]
)
async def test_where_no_conversation_goes_on_none_can_end(desk: Desk, place: Thread, sentence: str) -> None:
    await desk.converses(THREAD)
    assert await whispered(desk, invocation(Order.NEW, place=place)) == sentence
    assert desk.delivered == []


async def test_a_stop_ends_ones_own_answer_in_the_thread_where_it_is_said(desk: Desk) -> None:
    job = await desk.asked(THREAD, ADA, "m1")
    await desk.asked(OTHER, ADA, "m2")
    assert await whispered(desk, invocation(Order.STOP, place=THREAD)) == english.STOPPED_ONE
    assert await desk.stopped() == [job.id]


async def test_a_stop_outside_of_threads_ends_ones_own_answers_in_the_channel(desk: Desk) -> None:
    own = [await desk.asked(THREAD, ADA, "m1"), await desk.asked(OTHER, ADA, "m2")]
    await desk.asked(replace(THREAD, id="3.5"), GRACE, "m3")
    await desk.asked(replace(THREAD, channel="C2"), ADA, "m4")
    assert await whispered(desk, invocation(Order.STOP)) == english.STOPPED_ONE
    assert await desk.stopped() == [job.id for job in own]


async def test_somebody_elses_answer_is_stopped_by_a_moderator_only(desk: Desk) -> None:
    job = await desk.asked(THREAD, ADA, "m1")
    stop = invocation(Order.STOP, place=THREAD)
    with pytest.raises(NotYours):
        await desk.invoking.invoke(replace(stop, person=GRACE))
    assert await desk.stopped() == []
    assert await whispered(desk, replace(stop, person=MODERATOR)) == english.STOPPED_ONE
    assert await desk.stopped() == [job.id]


async def test_where_nothing_of_ones_own_runs_nothing_is_stopped(desk: Desk) -> None:
    await desk.converses(THREAD)
    await desk.asked(OTHER, GRACE, "m2")
    for place in (THREAD, CHANNEL):
        assert await whispered(desk, invocation(Order.STOP, place=place)) == english.NOTHING_OF_YOURS
    assert await desk.stopped() == []


async def test_help_names_the_app_and_the_commands_as_they_are_written_there(desk: Desk) -> None:
    text = await whispered(desk, invocation(Order.HELP))
    assert "Otto" in text
    for order in ("ask", "new", "stop", "generate", "help"):
        assert f"`/otto {order}`" in text
    assert "about" not in text
    assert "`!history`" in text
    assert len(text) <= WHISPER_CHARACTERS


async def test_help_is_there_while_dify_is_away(desk: Desk) -> None:
    await desk.dify.close()
    text = await whispered(desk, invocation(Order.HELP))
    assert text.startswith("- `/otto ask`")


async def nobody(message: Message) -> None:
    raise AssertionError("nothing is to be delivered")


async def nothing(place: Thread, person: Person) -> bool:
    return False


async def test_nobody_waits_for_an_app_that_does_not_answer(tmp_path: Path) -> None:
    async with silent_server() as address, Store(f"sqlite:///{tmp_path / 'bridge.db'}") as store:
        settings = Settings(
            dify_api_url=f"{address}/v1",
            dify_api_key=SecretStr("app-1"),
            slack_bot_token=SecretStr("xoxb-1"),
            slack_app_token=SecretStr("xapp-1"),
        )
        async with Apps(settings) as apps:
            gate = Gate(store, Budget(), ())
            invoking = Invoking(store, apps, gate, nobody, nothing)
            assert await invoking.invoke(invocation(Order.GENERATE)) == Whisper(english.TRY_AGAIN)


@pytest.mark.parametrize("order", [one for one in Order if one not in (Order.STOP, Order.GENERATE)])
async def test_whoever_may_not_ask_gets_nothing(desk: Desk, order: Order) -> None:
    await desk.converses(THREAD)
    for place in (CHANNEL, THREAD):
        used = invocation(order, "Why?", place=place, person=GRACE)
        assert await whispered(desk, used) == english.NOT_FOR_YOU
    assert desk.delivered == []


async def test_a_form_is_checked_again_for_who_sends_it(desk: Desk) -> None:
    form = await form_for(desk, invocation(Order.ASK))
    reaction = await desk.invoking.sent(sent(form, {"question": "Why?"}, person=GRACE))
    assert reaction == Whisper(english.NOT_FOR_YOU)


def written(text: str) -> Message:
    return Message("m1", THREAD, ADA, text, 1.0, addressed=True)


@pytest.mark.parametrize(("text", "word"), [("Why?", ""), ("!generate a poem", "generate"), ("stop", "stop")])
def test_routes_know_a_question_by_its_command(text: str, word: str) -> None:
    assert word_of(written(text)) == word
