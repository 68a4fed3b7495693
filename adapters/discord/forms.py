"""Forms as Discord's modals, page by page, and what was filled in. Pure.

A modal has few places, so a longer form has pages. What a field means stands in its custom id where there is
room for that; a form that is `plain` can therefore be read back by whoever is sent it. Any other has to be
remembered, and is read back by the numbers of its fields and options.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar, assert_never

from adapters.discord.buttons import Component
from adapters.discord.labels import label, shortened
from adapters.discord.render import render
from bridge.markdown import utf16_length, whole
from bridge.types import Body, Field, FieldKind, Filled, Form
from bridge.words import english, say

# discord.com/developers, "Component Reference" and "Interaction Response Object".
MOST_PLACES = 5
TITLE_LIMIT = 45
LABEL_LIMIT = 45
DESCRIPTION_LIMIT = 100
TEXT_LIMIT = 4000
OPTION_LIMIT = 100
PLACEHOLDER_LIMIT = 100
MOST_OPTIONS = 25
NAME_LIMIT = 100
STRING_SELECT: Final = 3
TEXT_INPUT: Final = 4
TEXT_DISPLAY: Final = 10
LABEL: Final = 18
_SHORT, _PARAGRAPH = 1, 2

Numbered: TypeAlias = tuple[int, Field]
Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Entry:
    """What was sent of one component: its custom id, and the text or the chosen option's value."""

    name: str
    value: str
    chosen: bool = False


def page_count(form: Form) -> int:
    return len(_pages(form))


def is_plain(form: Form) -> bool:
    """Whether what is sent of it can be read without it."""
    return page_count(form) == 1 and all(
        _is_whole(name) for index, field in enumerate(form.fields) for name in _names(index, field)
    )


def modal(form: Form, page: int, name: str, locale: str = "") -> Component:
    """One page of the form, with this custom id, for somebody with this locale."""
    pages = _pages(form)
    part = f" ({page + 1}/{len(pages)})" if len(pages) > 1 else ""
    title = label(form.title, TITLE_LIMIT - len(part), say(english.DISCORD_FORM, locale)) + part
    places = [_label(index, field, locale) for index, field in pages[page]]
    intro = render(Body(form.intro, final=True)) if page == 0 else ""
    if intro or not places:
        places.insert(0, {"type": TEXT_DISPLAY, "content": shortened(intro or title, TEXT_LIMIT)})
    return {"custom_id": name, "title": title, "components": places}


def filled_plainly(entries: Sequence[Entry]) -> Filled:
    """What was filled into a plain form."""
    return tuple((_meant(one.name), _meant(one.value) if one.chosen else one.value) for one in entries)


def filled(form: Form, entries: Sequence[Entry]) -> Filled:
    """What was filled into this form, or a page of it. What it has no field for is left out."""
    found: list[tuple[str, str]] = []
    for one in entries:
        field = _numbered(form.fields, one.name)
        if field is None:
            continue
        texts = [text for text, _ in _options(field)]
        value = (_numbered(texts, one.value) or "") if one.chosen else one.value
        found.append((field.name, value))
    return tuple(found)


def _pages(form: Form) -> tuple[tuple[Numbered, ...], ...]:
    """The fields of each page, with their numbers. An introduction takes a place on the first."""
    numbered = tuple(enumerate(form.fields))
    first = MOST_PLACES - bool(form.intro.strip())
    starts = range(first, len(numbered), MOST_PLACES)
    return (numbered[:first], *(numbered[start : start + MOST_PLACES] for start in starts))


def _label(index: int, field: Field, locale: str) -> Component:
    full = label(field.label, DESCRIPTION_LIMIT, field.name.strip() or "…")
    words = label(full, LABEL_LIMIT)
    shown: Component = {"type": LABEL, "label": words, "component": _input(index, field, locale)}
    return shown if words == full else {**shown, "description": full}


def _input(index: int, field: Field, locale: str) -> Component:
    name = shortened(f"{index}:{field.name}", NAME_LIMIT)
    options = _options(field, locale)
    if options:
        return _select(name, field, options)
    longest = min(field.longest or TEXT_LIMIT, TEXT_LIMIT)
    shown: Mapping[str, object] = {
        "type": TEXT_INPUT,
        "custom_id": name,
        "style": _PARAGRAPH if field.kind is FieldKind.PARAGRAPH else _SHORT,
        "required": field.required,
        "min_length": 1 if field.required else 0,
        "max_length": longest,
    }
    choices = ", ".join(_choices(field))
    hint = say(english.ONE_OF, locale, options=choices) if choices else ""
    return {
        **shown,
        **({"value": _cut(field.default, longest)} if field.default else {}),
        **({"placeholder": label(hint, PLACEHOLDER_LIMIT)} if hint else {}),
    }


def _cut(text: str, limit: int) -> str:
    """The beginning, without a sign that there was more: whoever changes nothing sends it as it stands."""
    if utf16_length(text) <= limit:
        return text
    return shortened(f"{text}  ", limit + 1).removesuffix("…")


def _select(name: str, field: Field, options: Sequence[tuple[str, str]]) -> Component:
    required = field.required or field.kind is FieldKind.CHECK
    default = field.default
    if field.kind is FieldKind.CHECK:
        # Somebody always says yes or no, also by saying nothing.
        default = "true" if field.default == "true" else "false"
    return {
        "type": STRING_SELECT,
        "custom_id": name,
        "required": required,
        "min_values": int(required),
        "max_values": 1,
        "options": [
            {
                "label": label(words, OPTION_LIMIT, "—"),
                "value": shortened(f"{number}:{text}", OPTION_LIMIT),
                "default": text == default,
            }
            for number, (text, words) in enumerate(options)
        ],
    }


def _options(field: Field, locale: str = "") -> Sequence[tuple[str, str]]:
    """What can be chosen, each with the words for it; none where something is to be written. That is so, too,
    where Discord cannot show all of it: what is left out could never be chosen."""
    match field.kind:
        case FieldKind.CHECK:
            return (("true", say(english.YES, locale)), ("false", say(english.NO, locale)))
        case FieldKind.CHOICE:
            choices = _choices(field)
            return tuple((text, text) for text in choices) if len(choices) <= MOST_OPTIONS else ()
        case FieldKind.TEXT | FieldKind.PARAGRAPH | FieldKind.NUMBER:
            return ()
        case _:
            assert_never(field.kind)


def _choices(field: Field) -> Sequence[str]:
    return tuple(dict.fromkeys(field.options)) if field.kind is FieldKind.CHOICE else ()


def _names(index: int, field: Field) -> Sequence[str]:
    """All that has to be read back, as it is sent out."""
    return (
        f"{index}:{field.name}",
        *(f"{number}:{text}" for number, (text, _) in enumerate(_options(field))),
    )


def _is_whole(name: str) -> bool:
    return utf16_length(name) <= NAME_LIMIT and whole(name) == name


def _meant(name: str) -> str:
    return name.partition(":")[2]


def _numbered(things: Sequence[Thing], name: str) -> Thing | None:
    number = name.partition(":")[0]
    there = number.isascii() and number.isdecimal() and int(number[:9]) < len(things)
    return things[int(number)] if there else None
