"""The same cases on stand-ins of five versions of Dify: files, forms, speech, opinions, conversations."""

from dataclasses import replace

import pytest

from bridge import errors
from bridge.dify import ChatRequest, Ending, Exchange, Mode, Rating, Source
from bridge.dify.records import version_of
from bridge.types import File
from sandbox.dify import Answer, AppSetup, FileRules, Form, FormAction, FormField, MadeFile, SetupVariable
from sandbox.dify import Source as Passage
from tests.dify.contract import USER, app, every_app, every_app_with_messages, every_version, heard, told

PICTURE = File("chart.png", "image/png", b"\x89PNG picture")
MADE = MadeFile("result.png", b"\x89PNG made")
TAKES_FILES = AppSetup(files=FileRules())
FLOWS = pytest.mark.parametrize("mode", [Mode.CHATFLOW, Mode.WORKFLOW])


@every_app
async def test_a_file_goes_in_and_never_comes_back_as_one_of_the_apps(mode: Mode, version: str) -> None:
    async with app(mode, version, Answer("A chart, I see."), TAKES_FILES) as (dify, client):
        upload = await client.upload(PICTURE, "image", USER)
        turn = await told(client, mode, ChatRequest("What is this?", USER, files=(upload,)))
    (sent,) = dify.requests[0].files
    assert (sent.kind, sent.method, sent.upload_id) == ("image", "local_file", upload.id)
    kept = dify.uploads[upload.id]
    assert (kept.name, kept.media_type, kept.content, kept.user) == (
        "chart.png",
        "image/png",
        b"\x89PNG picture",
        USER,
    )
    assert turn.update.files == ()
    # Some versions send the text of such an answer as that of a file.
    assert turn.update.text == "A chart, I see."


@every_app
async def test_a_file_that_the_app_makes_is_told_once_and_can_be_fetched(mode: Mode, version: str) -> None:
    async with app(mode, version, Answer("Here it is.", files=(MADE,)), TAKES_FILES) as (dify, client):
        upload = await client.upload(PICTURE, "image", USER)
        turn = await told(client, mode, ChatRequest("Draw!", USER, files=(upload,)))
        (made,) = turn.update.files
        assert client.owns(made.url)
        fetched = await client.fetch(made.url, 1000)
        assert (fetched.media_type, fetched.data) == ("image/png", MADE.content)
        with pytest.raises(errors.DifyFileGone):
            await client.fetch(made.url, 5)
        dify.expire_links()
        with pytest.raises(errors.DifyFileGone):
            await client.fetch(made.url, 1000)
        if mode.conversing:
            ids = turn.update.ids
            (anew,) = await client.files_of(ids.conversation_id, ids.message_id, USER)
            assert (await client.fetch(anew.url, 1000)).data == MADE.content
            assert await client.files_of(ids.conversation_id, "other", USER) == ()


@every_version
async def test_files_that_the_app_does_not_take_are_refused(version: str) -> None:
    setup = AppSetup(files=FileRules(kinds=("document",), number_limit=1))
    async with app(Mode.CHAT, version, setup=setup) as (_, client):
        upload = await client.upload(PICTURE, "image", USER)
        with pytest.raises(errors.DifyFileRefused):
            await told(client, Mode.CHAT, ChatRequest("What?", USER, files=(upload,)))
        two = (replace(upload, kind="document"),) * 2
        with pytest.raises(errors.DifyFileRefused):
            await told(client, Mode.CHAT, ChatRequest("What?", USER, files=two))
        with pytest.raises(errors.DifyFileRefused):
            await client.upload(File("a.txt", "text/plain", bytes(16 * 1024 * 1024)), "document", USER)


@every_version
async def test_a_file_of_somebody_else_is_refused_where_dify_minds(version: str) -> None:
    async with app(Mode.CHAT, version, setup=TAKES_FILES) as (_, client):
        request = ChatRequest("What?", USER, files=(await client.upload(PICTURE, "image", "other"),))
        if version_of(version) >= (1, 14):
            with pytest.raises(errors.DifyFileRefused):
                await told(client, Mode.CHAT, request)
        else:
            assert (await told(client, Mode.CHAT, request)).ending is Ending.COMPLETED


FORM = Form(
    "Approval",
    "Is **this** right?\n\n{{#$output.comment#}}",
    (FormField("comment", default="fine"), FormField("grade", "select", options=("a", "b"))),
    (FormAction("yes", "Yes", "primary"), FormAction("no", "No")),
    resumes_after=0.2,
)
ASKS = Answer("First this. Then that.", pause_after=3, form=FORM)


@FLOWS
@every_version
async def test_a_flow_asks_a_person_and_goes_on(mode: Mode, version: str) -> None:
    async with app(mode, version, ASKS) as (dify, client):
        turn = await told(client, mode)
        if version_of(version) < (1, 13):
            # There are no such nodes yet.
            assert (turn.ending, turn.update.forms) == (Ending.COMPLETED, ())
            return
        assert (turn.ending, turn.update.text) == (Ending.PAUSED, "First this. ")
        (form,) = turn.update.forms
        assert (form.title, [one.id for one in form.actions]) == ("Approval", ["yes", "no"])
        assert "Is **this** right?" in form.content
        assert "$output" not in form.content
        assert [(one.name, one.kind, one.default, one.options) for one in form.fields] == [
            ("comment", "paragraph", "fine", ()),
            ("grade", "select", "", ("a", "b")),
        ]
        assert form.expires_at > 0
        run_id = turn.update.ids.workflow_run_id
        if version_of(version) < (1, 14):
            with pytest.raises(errors.DifyLacks):
                await client.form(form.token)
            with pytest.raises(errors.DifyLacks):
                await client.decide(form.token, "yes", {}, USER)
            with pytest.raises(errors.DifyLacks):
                async with client.follow(run_id, USER):
                    pass
            return
        assert replace(await client.form(form.token), title=form.title) == form
        with pytest.raises(errors.DifyInputRefused):
            await client.decide(form.token, "maybe", {"comment": "x", "grade": "a"}, USER)
        await client.decide(form.token, "yes", {"comment": "well", "grade": "b"}, USER)
        async with client.follow(run_id, USER) as stream:
            rest = await heard(stream)
        assert (rest.ending, rest.update.forms) == (Ending.COMPLETED, ())
        assert rest.update.text == ASKS.text
        (decision,) = dify.decisions
        assert (decision.action, dict(decision.filled)) == ("yes", {"comment": "well", "grade": "b"})
        with pytest.raises(errors.DifyFormOver):
            await client.decide(form.token, "no", {"comment": "x", "grade": "a"}, USER)
        with pytest.raises(errors.DifyFormOver):
            await client.form(form.token)


@pytest.mark.parametrize("version", ["1.14.2", "1.17.1"])
async def test_a_flow_may_ask_again(version: str) -> None:
    again = Answer("Second part. Third part.", pause_after=3, form=Form("Again"))
    asks = Answer("First part. ", pause_after=3, form=Form("Once", then=lambda _: again))
    async with app(Mode.CHATFLOW, version, asks) as (_, client):
        turn = await told(client, Mode.CHATFLOW)
        await client.decide(turn.update.forms[0].token, "approve", {}, USER)
        async with client.follow(turn.update.ids.workflow_run_id, USER) as stream:
            second = await heard(stream)
        assert (second.ending, [form.title for form in second.update.forms]) == (Ending.PAUSED, ["Again"])
        assert second.update.text.startswith("First part. Second")


@pytest.mark.parametrize("version", ["1.14.2", "1.17.1"])
async def test_a_form_whose_time_is_over_takes_no_answer(version: str) -> None:
    async with app(Mode.CHATFLOW, version, ASKS) as (dify, client):
        turn = await told(client, Mode.CHATFLOW)
        dify.expire_forms()
        for token in (turn.update.forms[0].token, "never-given"):
            with pytest.raises(errors.DifyFormOver):
                await client.decide(token, "yes", {"comment": "", "grade": "a"}, USER)


@pytest.mark.parametrize("version", ["1.14.2", "1.17.1"])
async def test_only_who_began_a_run_can_follow_it(version: str) -> None:
    async with app(Mode.CHATFLOW, version) as (_, client):
        turn = await told(client, Mode.CHATFLOW)
        with pytest.raises(errors.DifyNotThere):
            async with client.follow(turn.update.ids.workflow_run_id, "somebody else"):
                pass
        async with client.follow(turn.update.ids.workflow_run_id, USER) as stream:
            again = await heard(stream)
    assert (again.update.text, again.ending) == ("Hello there.", Ending.COMPLETED)


@every_app_with_messages
async def test_an_answer_is_rated_rated_otherwise_and_no_longer(mode: Mode, version: str) -> None:
    async with app(mode, version) as (dify, client):
        message = (await told(client, mode)).update.ids.message_id
        await client.rate(message, USER, None)
        await client.rate(message, USER, Rating.LIKE)
        await client.rate(message, USER, Rating.DISLIKE, "too long")
        await client.rate(message, USER, None)
        await client.rate(message, USER, None)
        with pytest.raises(errors.DifyNotThere):
            await client.rate(message, "somebody else", Rating.LIKE)
    assert [(one.rating, one.content) for one in dify.ratings] == [
        ("like", ""),
        ("dislike", "too long"),
        ("", ""),
    ]


@every_version
async def test_further_questions_are_suggested_where_that_is_switched_on(version: str) -> None:
    setup = AppSetup(suggested_questions_after_answer=True, follow_ups=("Why?", "How?"))
    for one, questions in ((AppSetup(), ()), (setup, ("Why?", "How?"))):
        async with app(Mode.CHAT, version, setup=one) as (_, client):
            message = (await told(client, Mode.CHAT)).update.ids.message_id
            assert await client.suggested(message, USER) == questions


@every_version
async def test_an_answer_keeps_what_it_rests_on_and_what_was_found_there(version: str) -> None:
    passages = (Passage("leave.pdf", page=3, content="Twenty\ndays."), Passage("leave.pdf", content="More."))
    async with app(Mode.CHAT, version, Answer("Hi", sources=passages)) as (_, client):
        turn = await told(client, Mode.CHAT)
        (said,) = await client.history(turn.update.ids.conversation_id, USER, 1)
    assert said.sources == (Source("leave.pdf", "Handbook", "3", "Twenty days."),)


@every_version
async def test_an_app_is_described_as_its_builder_did(version: str) -> None:
    async with app(Mode.CHAT, version, setup=AppSetup(description="Knows\nthe rules.")) as (_, client):
        assert (await client.app()).description == "Knows\nthe rules."


@every_version
async def test_a_conversation_has_a_name_a_history_and_an_end(version: str) -> None:
    async with app(Mode.CHATFLOW, version, setup=AppSetup(title_after=0.0)) as (dify, client):
        conversation = (await told(client, Mode.CHATFLOW)).update.ids.conversation_id
        await told(client, Mode.CHATFLOW, ChatRequest("And?", USER, conversation))
        assert await client.title(conversation, USER) == "About: Hello?"
        assert await client.title(conversation, "somebody else") == ""
        assert await client.titles(USER) == {conversation: "About: Hello?"}
        assert await client.rename(conversation, USER, "Mine") == "Mine"
        assert await client.title(conversation, USER) == "Mine"
        assert await client.rename(conversation, USER) == "About: Hello?"
        newest = await client.history(conversation, USER, 1)
        both = await client.history(conversation, USER, 500)
        assert [one.query for one in both] == ["Hello?", "And?"]
        assert newest == (Exchange(both[1].id, "And?", "Hello there.", both[1].at),)
        assert newest[0].at > 0
        await client.forget(conversation, USER)
        await client.forget(conversation, USER)
        assert not await client.conversation_exists(conversation, USER)
        for call in (client.history(conversation, USER, 1), client.rename(conversation, USER, "x")):
            with pytest.raises(errors.DifyConversationGone):
                await call
    assert len(dify.deleted) == 1


VARIABLES = AppSetup(
    variables=(
        SetupVariable("name", value="Ada", description="who asks"),
        SetupVariable("age", "number", 7),
        SetupVariable("tags", "array[string]", ["a"]),
        SetupVariable("data", "object", {"a": 1}),
    )
)


@every_version
async def test_the_variables_of_a_conversation_are_read_and_set_where_dify_lets_us(version: str) -> None:
    async with app(Mode.CHATFLOW, version, setup=VARIABLES) as (dify, client):
        conversation = (await told(client, Mode.CHATFLOW)).update.ids.conversation_id
        if version == "0.15.3":
            with pytest.raises(errors.DifyLacks):
                await client.variables(conversation, USER)
            return
        found = await client.variables(conversation, USER)
        assert [(one.name, one.kind, one.value, one.description) for one in found] == [
            ("name", "string", "Ada", "who asks"),
            ("age", "number", "7", ""),
            ("tags", "array[string]", '["a"]', ""),
            ("data", "object", '{"a": 1}', ""),
        ]
        values = ("Bob", "7.5", '["b", "c"]', '{"b": null}')
        for variable, value in zip(found, values, strict=True):
            await client.set_variable(conversation, USER, variable, value)
        assert [one.value for one in dify.variable_changes] == ["Bob", 7.5, ["b", "c"], {"b": None}]
        for variable, value in zip(found[1:], ("seven", "[1]", "[]"), strict=True):
            with pytest.raises(errors.DifyRejected):
                await client.set_variable(conversation, USER, variable, value)
        with pytest.raises(errors.DifyNotThere):
            await client.set_variable(conversation, USER, replace(found[0], id="other"), "x")
        with pytest.raises(errors.DifyConversationGone):
            await client.variables(conversation, "somebody else")


@every_version
async def test_an_app_without_variables_lacks_them(version: str) -> None:
    async with app(Mode.WORKFLOW, version) as (_, client):
        with pytest.raises(errors.DifyLacks):
            await client.variables("b5ed92f7-0000-4000-8000-000000000000", USER)


@every_version
async def test_speech_is_heard_and_spoken_where_that_is_switched_on(version: str) -> None:
    setup = AppSetup(speech_to_text=True, text_to_speech=True, transcript="Good morning.")
    clip = File("clip", "audio/mp3", b"ID3 recording")
    async with app(Mode.CHAT, version, setup=setup) as (dify, client):
        assert await client.transcribe(clip, USER) == "Good morning."
        message = (await told(client, Mode.CHAT)).update.ids.message_id
        spoken = await client.speak("Hello.", USER)
        await client.speak("", USER, message)
        with pytest.raises(errors.DifyFileRefused):
            await client.transcribe(File("clip.ogg", "audio/ogg", b"OggS"), USER)
    (recording,) = dify.heard
    assert (recording.name, recording.media_type, recording.content) == ("clip", "audio/mp3", clip.data)
    assert (spoken.name, spoken.media_type, spoken.data) == ("speech.mp3", "audio/mpeg", setup.speech)
    assert [(one.text, one.user) for one in dify.spoken] == [("Hello.", USER), ("Hello there.", USER)]


@every_version
async def test_an_app_that_neither_hears_nor_speaks_says_so(version: str) -> None:
    async with app(Mode.CHAT, version) as (_, client):
        with pytest.raises(errors.DifyLacks):
            await client.transcribe(File("a.mp3", "audio/mp3", b"x"), USER)
        with pytest.raises(errors.DifyLacks):
            await client.speak("Hello.", USER)


@every_version
async def test_what_is_saved_as_the_right_answer_is_given_from_then_on(version: str) -> None:
    async with app(Mode.CHAT, version, setup=AppSetup(annotation_reply=True)) as (dify, client):
        await client.annotate("Hello?", "Good day.")
        assert [(one.question, one.answer) for one in dify.annotations] == [("Hello?", "Good day.")]
        assert (await told(client, Mode.CHAT)).update.text == "Good day."
