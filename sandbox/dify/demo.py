"""The app of the demo: how it is set up, and what it answers to people who try it."""

from collections.abc import Callable, Mapping

from sandbox.dify.artwork import bridge_png, tune_wav
from sandbox.dify.human import Decision, Form, FormField
from sandbox.dify.setup import AppSetup, FileRules, FormInput
from sandbox.dify.types import Answer, ChatRequest, MadeFile, Source

TOKENS_PER_SECOND = 40.0
FIRST_TOKEN_AFTER_SECONDS = 0.4
TONES = ("plain", "poetic", "terse")


def demo_setup() -> AppSetup:
    """With everything switched on that can be tried."""
    return AppSetup(
        description="Knows a little about bridges, and shows what a Dify app can do in a chat.",
        opening_statement="Good day! I am a stand-in for **your Dify app**. Ask me anything about bridges.",
        suggested_questions=("What is a bridge good for?", "Draw a bridge", "What does the handbook say?"),
        suggested_questions_after_answer=True,
        follow_ups=("What does the handbook say?", "Make a file", "Draw a bridge"),
        speech_to_text=True,
        transcript="Please draw a bridge.",
        text_to_speech=True,
        speech_type="audio/wav",
        speech=tune_wav(),
        inputs=(
            FormInput("tone", "Tone of the answer", kind="select", options=TONES),
            FormInput("sentences", "Sentences at most", kind="number"),
        ),
        files=FileRules(),
    )


def demo_script(request: ChatRequest, earlier: int) -> Answer:
    """An answer that depends on a word in the question, on what came with it, and on how often one has asked
    before."""
    words = request.query.lower()
    if request.files:
        return _spoken(_seen(request))
    if any(request.inputs.get(name) for name in _OURS):
        return _spoken(_toned(request.inputs))
    for word, answer in _ANSWERS.items():
        if word in words:
            return answer()
    return _spoken(_first(request.query) if earlier == 0 else _later(request.query, earlier))


def _spoken(
    text: str,
    *,
    fail_after: int | None = None,
    pause_after: int | None = None,
    form: Form | None = None,
    files: tuple[MadeFile, ...] = (),
    sources: tuple[Source, ...] = (),
) -> Answer:
    return Answer(
        text,
        first_token_after=FIRST_TOKEN_AFTER_SECONDS,
        tokens_per_second=TOKENS_PER_SECOND,
        steps=("Knowledge retrieval",),
        fail_after=fail_after,
        pause_after=pause_after,
        form=form,
        files=files,
        sources=sources,
    )


def _quoted(query: str) -> str:
    return " ".join(query.split())[:120]


def _first(query: str) -> str:
    return f"""You asked: *{_quoted(query)}*

I am a stand-in for **your Dify app**. What you see is real nonetheless:

- the bridge heard you over the platform's own protocol,
- it asked Dify, and Dify streams this answer,
- the message grows by edits, as fast as the platform's limits permit.

```python
reply.write("the newest text wins")
reply.close("and the last words always land")
```

Write again in this thread, without a mention: the conversation goes on."""


def _later(query: str, earlier: int) -> str:
    turns = "one question" if earlier == 1 else f"{earlier} questions"
    return f"""*{_quoted(query)}* — and before that you asked me **{turns}** in this same conversation.

Each thread holds a conversation of its own; the table beside shows its id.
A restart would not lose it."""


def _seen(request: ChatRequest) -> str:
    kinds = ", ".join(sorted({file.kind for file in request.files}))
    count = "One file" if len(request.files) == 1 else f"{len(request.files)} files"
    return f"""{count} came with your message (*{kinds}*), by way of Dify's own upload.

A real app would now look at what is in there. This one only tells you that it has arrived."""


def _toned(inputs: Mapping[str, object]) -> str:
    sentences = {
        "poetic": ("Over the river a line is drawn,", "and night may cross it into dawn."),
        "terse": ("Bridges connect.", "Use one."),
    }.get(str(inputs.get("tone")), ("A bridge carries people over what is in their way.", "So do I."))
    asked = inputs.get("sentences")
    most = int(asked) if isinstance(asked, int | float) and asked >= 1 else len(sentences)
    filled = ", ".join(f"`{name}` is **{value}**" for name, value in inputs.items() if name in _OURS)
    return f"{' '.join(sentences[:most])}\n\nFilled into the app's form: {filled}."


def _long() -> Answer:
    prose = (
        "A bridge that is built well is hardly noticed by those who cross it, and that is its praise. " * 9
    )
    code = "\n".join(
        f"def span_{number}(load: float) -> float:\n    return load / {number + 2}" for number in range(40)
    )
    return _spoken(f"## A long answer\n\n{prose}\n\n```python\n{code}\n```\n\n{prose}\n\nThat was all of it.")


def _drawn() -> Answer:
    text = "Here is one: a suspension bridge at dusk."
    return _spoken(text, files=(MadeFile("bridge.png", bridge_png()),))


def _file() -> Answer:
    rows = "".join(f"{name},{built},{metres}\n" for name, built, metres in _BRIDGES)
    made = MadeFile("bridges.csv", f"bridge,built,span_m\n{rows}".encode(), "text/csv", "document")
    return _spoken("Three famous bridges, as a file to open or to download.", files=(made,))


def _handbook() -> Answer:
    sources = (
        Source("Bridges, an introduction.pdf", page=12),
        Source("Inspection rules.docx"),
        Source("Loads and spans.md", dataset="Engineering"),
    )
    text = (
        "The handbook says: **look at every bearing once a year**, and close the bridge in a storm of "
        "more than 25 m/s. What it rests on is listed below."
    )
    return _spoken(text, sources=sources)


def _approval() -> Answer:
    """A flow that waits for a person's decision."""
    text = "Let me see whether the bridge can be closed tonight."
    form = Form(
        title="Close the bridge?",
        content="From 22:00 to 04:00, for an inspection.",
        fields=(FormField("remark"),),
        then=_decided,
    )
    return _spoken(text, pause_after=len(text) // 4 + 1, form=form)


def _decided(decision: Decision) -> Answer:
    remark = decision.filled.get("remark", "").strip()
    noted = f" Your remark is noted: *{_quoted(remark)}*" if remark else ""
    verdict = "It will be closed" if decision.action == "approve" else "It stays open"
    return _spoken(f" {verdict} tonight.{noted}")


def _table() -> Answer:
    rows = "\n".join(f"| {name} | {built} | {metres:,} m |" for name, built, metres in _BRIDGES)
    return _spoken(
        f"Here is a table:\n\n| bridge | built | span |\n|---|---:|---:|\n{rows}\n\nAll of them still stand."
    )


def _mention() -> Answer:
    return _spoken(
        "A model may write <!channel>, @everyone or <@U1>, and [a link](https://example.com): "
        "nobody is notified by any of it."
    )


def _error() -> Answer:
    return _spoken(
        "This answer will not get very far, because the model behind it is about to", fail_after=15
    )


_OURS = ("tone", "sentences")
_BRIDGES = (("Ironbridge", 1779, 30), ("Golden Gate", 1937, 1280), ("Akashi Kaikyō", 1998, 1991))
_ANSWERS: Mapping[str, Callable[[], Answer]] = {
    "long": _long,
    "table": _table,
    "mention": _mention,
    "draw": _drawn,
    "file": _file,
    "handbook": _handbook,
    "source": _handbook,
    "close the bridge": _approval,
    "error": _error,
}
