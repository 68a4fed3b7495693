"""Answers for people who try the demo."""

from sandbox.dify.types import Answer, ChatRequest

TOKENS_PER_SECOND = 40.0
FIRST_TOKEN_AFTER_SECONDS = 0.4


def demo_script(request: ChatRequest, earlier: int) -> Answer:
    """An answer that depends on a word in the question, and on how often one has asked before."""
    words = request.query.lower()
    for word, text in _TEXTS.items():
        if word in words:
            return _spoken(text)
    if "error" in words:
        return _spoken(
            "This answer will not get very far, because the model behind it is about to", fail_after=15
        )
    return _spoken(_first(request.query) if earlier == 0 else _later(request.query, earlier))


def _spoken(text: str, fail_after: int | None = None) -> Answer:
    return Answer(
        text,
        first_token_after=FIRST_TOKEN_AFTER_SECONDS,
        tokens_per_second=TOKENS_PER_SECOND,
        steps=("Knowledge retrieval",),
        fail_after=fail_after,
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


def _long() -> str:
    prose = (
        "A bridge that is built well is hardly noticed by those who cross it, and that is its praise. " * 9
    )
    code = "\n".join(
        f"def span_{number}(load: float) -> float:\n    return load / {number + 2}" for number in range(40)
    )
    return f"## A long answer\n\n{prose}\n\n```python\n{code}\n```\n\n{prose}\n\nThat was all of it."


_TEXTS = {
    "long": _long(),
    "table": "Here is a table:\n\n| bridge | built | span |\n|---|---:|---:|\n| Ironbridge | 1779 | 30 m |\n"
    "| Golden Gate | 1937 | 1,280 m |\n| Akashi Kaikyō | 1998 | 1,991 m |\n\nAll of them still stand.",
    "mention": "A model may write <!channel>, @everyone or <@U1>, and [a link](https://example.com): "
    "nobody is notified by any of it.",
}
