"""The forms and sentences of the platforms' own commands, and the questions that come of them. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.dify import AppInfo, InputKind
from bridge.inputs import fillable, form_of, to_ask_for
from bridge.types import (
    WHISPER_CHARACTERS,
    Action,
    Begin,
    Field,
    FieldKind,
    Filled,
    Form,
    Invocation,
    Message,
    Order,
    Press,
    Reaction,
)
from bridge.words import english, say

# Of a text that is written into a form, as far as every platform's forms can hold it.
FIELD_CHARACTERS = 2_900
# The names of the fields that are ours. In the app's own form, no field of an app is called so: Dify's names
# have no dot.
QUESTION, MESSAGE = "question", "message"
WITH_FORM = "the.question"
# There is one form for each place and app, so that there is nothing to tell it by.
FORM_VALUE = "form"

_ORDERS = {
    Order.ASK: english.HELP_ASK,
    Order.NEW: english.HELP_NEW,
    Order.STOP: english.HELP_STOP_YOURS,
    Order.GENERATE: english.HELP_GENERATE,
    Order.HELP: english.HELP_HELP,
}


def question_form(value: str, locale: str, problem: str = "") -> Form:
    """The form that asks for a question."""
    title, label = say(english.ASK_TITLE, locale), say(english.ASK_FIELD, locale)
    return Form(title, (_long_field(QUESTION, label, required=True),), Action.ABOUT, value, intro=problem)


def about_form(message: str, value: str, locale: str, problem: str = "") -> Form:
    """The form that asks for a question about a message, which may be shortened there to what matters."""
    fields = (
        _long_field(QUESTION, say(english.ASK_FIELD, locale), say(english.ABOUT_QUESTION, locale)),
        _long_field(MESSAGE, say(english.ABOUT_MESSAGE, locale), message),
    )
    return Form(say(english.ABOUT_TITLE, locale), fields, Action.ABOUT, value, intro=problem)


def asked(press: Press, about: str) -> Reaction:
    """The question that was written into either form, with the message that it is about; or the form once
    more."""
    given, locale = dict(press.filled or ()), press.person.locale
    question, message = given.get(QUESTION, "").strip(), given.get(MESSAGE, "").strip()
    if message:
        question = question or say(english.ABOUT_QUESTION, locale)
        return Begin(f"{question}\n\n{_quoted(message)}", about=about)
    if question:
        return Begin(question, about=about)
    problem = say(english.NOTHING_TO_ASK, locale)
    if MESSAGE in given:
        return about_form("", press.value, locale, problem)
    return question_form(press.value, locale, problem)


def app_form(app: AppInfo, invocation: Invocation, configured: Mapping[str, str], before: Filled) -> Form:
    """The app's whole form. What was written behind the command is the question that goes with it, or fills
    the first field for words of an app that answers once."""
    text, person = invocation.text.strip(), invocation.person
    message = Message(invocation.id, invocation.place, person, text, invocation.at, addressed=True)
    fields = to_ask_for(app, message, configured, whole=True)
    wordy = next((one.name for one in fields if one.kind in _WORDY and not one.default), "")
    filled = ((wordy, text),) if text and wordy and not app.mode.conversing else before
    form = form_of(fields, _title(app, person.locale), FORM_VALUE, filled, action=Action.GENERATE)
    return _with_question(form, app, text, person.locale)


def app_form_again(app: AppInfo, press: Press, problem: str) -> Form:
    """The fields that were shown, as they were filled in, and what was wrong with that."""
    given, locale = dict(press.filled or ()), press.person.locale
    fields = [field for field in fillable(app) if field.name in given]
    title = _title(app, locale)
    form = form_of(fields, title, press.value, press.filled or (), problem, Action.GENERATE)
    return _with_question(form, app, given.get(WITH_FORM, ""), locale)


def generated(app: AppInfo, given: Filled) -> Begin:
    """What was filled into the app's form, as a question."""
    question = dict(given).get(WITH_FORM, "").strip()
    filled = tuple((name, value) for name, value in given if name != WITH_FORM)
    # Whatever a platform leaves out of a form that was sent empty, it was sent.
    return Begin(question, filled or tuple((field.name, "") for field in fillable(app)))


def help_for(invocation: Invocation, app: str, written: str) -> str:
    """What can be done here: the platform's commands, and those that can be `written`. Markdown."""
    locale = invocation.person.locale
    answered_by = say(english.ANSWERED_BY, locale, name=app) if app else ""
    orders = "\n".join(
        f"- `{invocation.prefix}{order}`: {say(what, locale)}" for order, what in _ORDERS.items()
    )
    parts = (answered_by, orders, say(english.WRITTEN_COMMANDS, locale), written)
    return "\n\n".join(part for part in parts if part)[:WHISPER_CHARACTERS]


# Fields that take whatever somebody writes.
_WORDY = (InputKind.TEXT, InputKind.PARAGRAPH)


def _title(app: AppInfo, locale: str) -> str:
    return app.name or say(english.DETAILS, locale)


def _with_question(form: Form, app: AppInfo, text: str, locale: str) -> Form:
    """An app that converses is asked something with its form."""
    if not app.mode.conversing:
        return form
    return replace(form, fields=(*form.fields, _long_field(WITH_FORM, say(english.ASK_FIELD, locale), text)))


def _long_field(name: str, label: str, text: str = "", *, required: bool = False) -> Field:
    return Field(
        name,
        label,
        FieldKind.PARAGRAPH,
        required=required,
        default=text[:FIELD_CHARACTERS],
        longest=FIELD_CHARACTERS,
    )


def _quoted(message: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in message.splitlines())
