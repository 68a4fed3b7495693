"""What the messages of a reply should show: the answer so far, cut into messages, without a model's thoughts.

Written often and looked at seldom: what is written is only kept, and worked out when somebody looks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge import split
from bridge.markdown import settled_links, strip_thinking, without_own_links
from bridge.markdown.aside import aside
from bridge.ports import Adapter
from bridge.types import Body, Button, Thread
from bridge.words import english, say

NOTHING = Body("")
# A reply begins with at least so much, so that its first message has something to say.
FIRST_TEXT_CHARACTERS = 4
# Enough of a model's thoughts to see what it was about.
ASIDE_LIMIT_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Grown:
    """A message that shows something: how many characters of its text stand there already, and whether it is
    `worn`, so that it should end where the next paragraph does."""

    length: int
    worn: bool


GrownOf = Callable[[int], Grown | None]


class Draft:
    """The newest state of one reply in one thread. `stale` while something was written that nobody has looked
    at, `closed` once its last state was given. While it grows, the buttons `growing` stand below it. Of a
    link for which `is_own_link` holds, only the label is shown."""

    def __init__(
        self,
        adapter: Adapter,
        thread: Thread,
        growing: tuple[Button, ...] = (),
        *,
        show_reasoning: bool = False,
        is_own_link: Callable[[str], bool] | None = None,
    ) -> None:
        self._adapter = adapter
        self._thread = thread
        self._is_own_link = is_own_link
        self._sources: tuple[str, ...] = ()
        self._buttons = growing
        self._locale = ""
        self._show_reasoning = show_reasoning
        self._written = ""
        self._thought = ""
        self._step = ""
        self._notice = ""
        self._shows_steps = False
        self.stale = True
        self._aside: str | None = None
        self._text = ""
        self._heads: list[str] = []
        self._tail = ""
        self._bodies: list[Body] = []
        self.closed = False

    def write(self, text: str, step: str, thought: str) -> None:
        """Keep the whole answer so far, the title of what runs, and the model's thoughts so far."""
        if text != self._written:
            step = ""  # a growing text says enough
        elif thought != self._thought:
            step = step or say(english.THINKING, self._locale)
        self._written, self._step, self._thought = text, step, thought
        self.stale = True

    @property
    def step(self) -> str:
        """What the app is busy with just now."""
        return self._step

    def begin_anew(self, step: str) -> None:
        """Forget the answer so far, for another one; until that has words, say what runs, if anything is."""
        self._written = self._thought = self._text = self._tail = ""
        self._aside = None
        self._heads.clear()
        self._bodies = []
        self._step, self._shows_steps = step, bool(step)
        self.stale = True

    def show_steps(self) -> None:
        """Say what runs even where there is no text yet."""
        self._shows_steps = self.stale = True

    def speak(self, locale: str, growing: tuple[Button, ...]) -> None:
        """From now on, say in this language what is said around the answer, such as what its buttons do."""
        if not self.closed:
            self._locale, self._buttons = locale, growing
            self.stale = True

    def close(
        self, text: str, notice: str, sources: tuple[str, ...] = (), buttons: tuple[Button, ...] = ()
    ) -> None:
        """Keep the last state."""
        self._written, self._step, self._notice = text, "", notice
        self._sources, self._buttons = sources, buttons
        self.stale = self.closed = True

    def bodies(self, grown: GrownOf) -> list[Body]:
        """What each message should show now. `grown(number)` tells of a message that shows something already;
        None for all others."""
        if self.stale:
            self.stale = False
            self._take()
            self._cut(grown)
            self._bodies = self._laid_out()
        return self._bodies

    def _laid_out(self) -> list[Body]:
        last = self._last()
        heads = [Body(head, final=True) for head in self._heads]
        if not self._adapter.empty(self._thread, last):
            return [*heads, last]
        # What is said of a step stays until there is something better to say.
        only_step = not self.closed and len(self._bodies) == 1 and not self._bodies[0].text.strip()
        return self._bodies if only_step and not heads else heads

    def _take(self) -> None:
        """Follow the answer. Messages that are full keep their text while the answer only grows."""
        thinking = strip_thinking(self._written)
        text = self._without_own_links(thinking.answer)
        if thinking.open and not self.closed:
            self._step = self._step or say(english.THINKING, self._locale)
        if text.strip() and self._show_reasoning:
            # Fixed with the first words: what stands above an answer must not change any more.
            if self._aside is None:
                self._aside = aside(self._thought or thinking.thought, ASIDE_LIMIT_CHARACTERS)
            text = f"{self._aside}\n\n{text}" if self._aside else text
        words = self._text.rstrip()
        if text.startswith(self._text):
            self._tail += text[len(self._text) :]
        elif text.startswith(words):
            # White space at the end comes and goes.
            self._tail = self._tail.rstrip() + text[len(words) :]
        else:
            self._heads.clear()
            self._tail = text
        self._text = text

    def _without_own_links(self, text: str) -> str:
        """Files are put into the thread themselves; of their links, only what they are called is shown."""
        if self._is_own_link is None:
            return text
        # Of an address that still grows, nobody knows yet what it will be.
        return without_own_links(text if self.closed else settled_links(text), self._is_own_link)[0]

    def _cut(self, grown: GrownOf) -> None:
        while (cut := self._next_cut(grown(len(self._heads)))) is not None:
            if cut.head.strip():
                self._heads.append(cut.head)
            self._tail = cut.rest

    def _next_cut(self, grown: Grown | None) -> split.Cut | None:
        if grown is None:
            return split.cut(self._tail, self._fits)
        full = split.cut(self._tail, self._fits, grown.length)
        if full is not None or not grown.worn or self.closed:
            return full
        return split.cut_at_block(self._tail, grown.length)

    def _last(self) -> Body:
        """The message that still grows, with what runs below its text, if there is room."""
        body = self._body(self._tail, final=self.closed)
        alone = not (self._tail.strip() or self._heads)
        if not (self.closed or self._tail.strip()):
            body = replace(body, buttons=())
        if not (self.closed or self._heads) and len(self._text) < FIRST_TEXT_CHARACTERS:
            body = NOTHING
        if not self._step or (alone and not self._shows_steps):
            return body
        with_step = replace(body, step=self._step, buttons=self._buttons)
        return with_step if self._adapter.fits(self._thread, with_step) else body

    def _fits(self, text: str) -> bool:
        """A message must hold its text both while it is half written and when it is complete."""
        return all(self._adapter.fits(self._thread, self._body(text, final=final)) for final in (False, True))

    def _body(self, text: str, *, final: bool) -> Body:
        return Body(
            text,
            self._notice,
            final,
            sources=self._sources,
            buttons=self._buttons,
            locale=self._locale,
        )
