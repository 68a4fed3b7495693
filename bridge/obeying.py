"""What the bot does when it is told to, instead of asking its app."""

import re

from bridge.access import groups_moderating, may_stop
from bridge.budget import Budget
from bridge.commands import Command, Word, help_text
from bridge.dify import Exchange
from bridge.errors import DifyLacks, DifyRejected, NotYours
from bridge.gate import Gate
from bridge.inputs import OF_FILES
from bridge.made import send_made
from bridge.markdown import plain, strip_thinking
from bridge.scene import Scene
from bridge.store import UNFILLED, Store, is_row_number
from bridge.types import Action, Button, Style
from bridge.words import english, say

MOST_EXCHANGES = 10
MOST_LOOKED_AT = 100
MOST_VARIABLES = 30
# Dify's database holds 255; no platform shows so many.
NAME_CHARACTERS = 100
# Of one thing that was said, in a history.
EXCERPT_CHARACTERS = 300
# No answer is read aloud beyond this.
SPOKEN_CHARACTERS = 4_000

_FENCE = re.compile(r"`{3,}|~{3,}")


class Obeying:
    """Carries out commands. What there is to say goes to the scene's `told`."""

    def __init__(self, store: Store, budget: Budget, gate: Gate) -> None:
        self._store = store
        self._budget = budget
        self._gate = gate

    async def obey(self, command: Command, scene: Scene) -> None:
        """Do what was told. `DifyError` or `PlatformError` where that could not be done."""
        scene.told.outcome = f"command {command.word}"
        match command.word:
            case Word.NEW:
                await self._begin_anew(scene, english.BEGUN)
            case Word.FORGET:
                await self._forget(scene)
            case Word.STOP:
                await self._stop(scene)
            case Word.HELP:
                scene.told.text = help_text(scene.told.locale)
            case Word.GENERATE:
                await self._generate(scene)
            case Word.SPEAK:
                await self._speak(scene, command.rest)
            case Word.RENAME | Word.HISTORY | Word.VARIABLES | Word.SET if not scene.job.conversation_id:
                scene.told.note(english.NOTHING_YET)
            case Word.RENAME:
                await self._rename(scene, command.rest)
            case Word.HISTORY:
                await self._history(scene)
            case Word.VARIABLES:
                await self._variables(scene)
            case Word.SET:
                await self._set(scene, command.rest)

    async def _begin_anew(self, scene: Scene, notice: str) -> None:
        await scene.notes.forget_conversation(scene.user)
        scene.told.note(notice)
        await self.offer_opening(scene)

    async def offer_opening(self, scene: Scene) -> None:
        """What the app says before anybody has asked anything, and what it would like to be asked."""
        app = await scene.dify.app()
        scene.told.text = app.opening
        if app.opening_questions:
            await self._store.suggest(scene.job.id, app.opening_questions)
            scene.told.buttons.extend(asking_buttons(scene.job.id, app.opening_questions))

    async def _forget(self, scene: Scene) -> None:
        job = scene.job
        if job.conversation_id:
            await scene.dify.forget(job.conversation_id, job.dify_user)
        await self._begin_anew(scene, english.FORGOTTEN)

    async def _stop(self, scene: Scene) -> None:
        """What ran was stopped when this arrived; that its answer says so is enough. Unless it was somebody
        else's."""
        job = scene.job
        if not job.waited:
            scene.told.note(english.NOTHING_RUNS)
            return
        askers = await self._store.ran_beside(job.id)
        groups = groups_moderating(scene.config, job.thread.platform)
        author = await self._gate.known(job.thread, job.message.author, groups)
        if not may_stop(scene.config, job.thread, author or job.message.author, askers):
            raise NotYours("somebody else has asked")

    async def _generate(self, scene: Scene) -> None:
        app = await scene.dify.app()
        if all(field.kind in OF_FILES for field in app.inputs):
            raise DifyLacks("the app has no form")
        scene.told.outcome = UNFILLED
        scene.told.note(english.FILL_IN_FORM)
        scene.told.buttons.append(fill_button(scene.job.id, scene.told.locale))

    async def _speak(self, scene: Scene, rest: str) -> None:
        job, dify = scene.job, scene.dify
        known = await self._store.known(int(rest)) if is_row_number(rest) else None
        if known is not None and known.thread == job.thread and known.dify_message_id:
            # Its conversation may be an earlier one of the thread.
            conversation, user, wanted = known.conversation_id, known.dify_user, known.dify_message_id
        else:
            conversation, user, wanted = job.conversation_id, job.dify_user, ""
        said = await dify.history(conversation, user, MOST_LOOKED_AT) if conversation else ()
        answers = [one for one in said if one.answer and (not wanted or one.id == wanted)]
        if not answers:
            scene.told.note(english.NOTHING_TO_SPEAK)
            return
        text = answers[-1].answer[:SPOKEN_CHARACTERS]
        scene.reply.show_steps()
        scene.reply.write("", step=scene.told.say(english.READING_ALOUD))
        sound = await dify.speak(text, user, answers[-1].id)
        key, locale = f"{scene.key}.f0", scene.told.locale
        problems = await send_made(scene.adapter, self._budget, job.thread, key, sound, locale)
        scene.told.notices.extend(problems)

    async def _rename(self, scene: Scene, name: str) -> None:
        job = scene.job
        name = " ".join(name.split())[:NAME_CHARACTERS]
        title = await scene.dify.rename(job.conversation_id, job.dify_user, name)
        scene.told.note(english.CALLED, title=title)
        scene.told.title = title

    async def _said(self, scene: Scene) -> tuple[Exchange, ...]:
        return await scene.dify.history(scene.job.conversation_id, scene.job.dify_user, MOST_EXCHANGES)

    async def _history(self, scene: Scene) -> None:
        said = await self._said(scene)
        lines = [f"> {_words(one.query)}\n\n{_words(strip_thinking(one.answer).answer)}" for one in said]
        scene.told.text = "\n\n".join(lines)
        if not lines:
            scene.told.note(english.NOTHING_YET)

    async def _variables(self, scene: Scene) -> None:
        found = await scene.dify.variables(scene.job.conversation_id, scene.job.dify_user)
        empty = scene.told.say(english.EMPTY)
        scene.told.text = "\n".join(
            f"- `{one.name}`: {_excerpt(one.value) or empty}" for one in found[:MOST_VARIABLES]
        )
        if not found:
            scene.told.note(english.NO_VARIABLES)

    async def _set(self, scene: Scene, rest: str) -> None:
        name, _, value = " ".join(rest.split(maxsplit=1)).partition(" ")
        found = await scene.dify.variables(scene.job.conversation_id, scene.job.dify_user)
        variable = next((one for one in found if one.name == name), None)
        if not name or not value:
            scene.told.note(english.HOW_TO_SET)
        elif variable is None:
            scene.told.note(english.NO_SUCH_VARIABLE)
        else:
            job = scene.job
            try:
                await scene.dify.set_variable(job.conversation_id, job.dify_user, variable, value.strip())
            except DifyRejected:
                scene.told.note(english.NOT_OF_ITS_KIND, name=name, kind=variable.kind)
            else:
                scene.told.note(english.SET)


def asking_buttons(question_id: int, texts: tuple[str, ...]) -> tuple[Button, ...]:
    """Buttons that ask what is offered."""
    return tuple(Button(text, Action.ASK, f"{question_id}:{number}") for number, text in enumerate(texts))


def fill_button(question_id: int, locale: str = "") -> Button:
    """The button that opens the app's form."""
    return Button(say(english.FILL_IN, locale), Action.FILL, str(question_id), Style.PRIMARY)


def _words(text: str) -> str:
    """What was said, in one line that no code, table or link goes on beyond."""
    return _excerpt(_FENCE.sub("", plain(" ".join(text.split()), targets=False)))


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT_CHARACTERS else f"{line[:EXCERPT_CHARACTERS]}…"
