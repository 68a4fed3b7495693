"""Whether what people see at the end is what they should see. Pure.

An answer is a row of numbered tokens, "q17-0 q17-1 ... q17-29": so it can be told of every text which answer
it belongs to, whether it is whole, and whether anything stands there beside answers.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

TOKEN = re.compile(r"\b(q\d+)-(\d+)\b")


def answer_to(word: str, tokens: int) -> str:
    return " ".join(f"{word}-{number}" for number in range(tokens))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its word, in which room it was asked, and of how many tokens its answer is. `sorry` is what
    a question that is to be given up gets instead."""

    word: str
    room: str
    tokens: int
    sorry: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot as it stands there at the end."""

    text: str
    streaming: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """A thread at the end: the bot's messages from top to bottom, and the texts of messages with a mark that
    they wait."""

    shown: Sequence[Shown] = ()
    marked: Sequence[str] = ()


@dataclass(slots=True)
class Verdict:
    """What is wrong, one sentence each, by kind."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    left_open: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(self._kinds())

    @property
    def grave(self) -> bool:
        """Whether there is more than marks: whoever is killed may leave one, which says too long that a
        question waits."""
        return any(kind for kind in self._kinds() if kind is not self.marked)

    def __str__(self) -> str:
        return "\n".join(sentence for kind in self._kinds() for sentence in kind) or "nothing is wrong"

    def counted(self) -> str:
        return (
            f"{len(self.lost)} lost, {len(self.twice)} answered twice, {len(self.disordered)} out of order, "
            f"{len(self.left_open)} left open, {len(self.marked)} marks left, "
            f"{len(self.strange)} strange texts"
        )

    def _kinds(self) -> tuple[list[str], ...]:
        return self.lost, self.twice, self.disordered, self.left_open, self.marked, self.strange


def judge(
    asked: Sequence[Asked], rooms: Mapping[str, Room], accepted: Mapping[str, Sequence[str]]
) -> Verdict:
    """`accepted` gives for each room the words of its questions in the order in which they were begun."""
    verdict = Verdict()
    for name in dict.fromkeys(one.room for one in asked):
        here = [one for one in asked if one.room == name]
        _judge_room(name, here, rooms.get(name, Room()), accepted.get(name, ()), verdict)
    return verdict


def _judge_room(
    name: str, asked: Sequence[Asked], room: Room, accepted: Sequence[str], verdict: Verdict
) -> None:
    verdict.left_open += [
        f"{name}: still streaming: {one.text[:60]!r}" for one in room.shown if one.streaming
    ]
    verdict.marked += [f"{name}: still marked as waiting: {text!r}" for text in room.marked]
    spoken = [word for word, _ in _tokens(room)]
    for one in asked:
        if one.word not in accepted:
            verdict.lost.append(f"{name}: {one.word} was never stored")
        if one.sorry:
            _judge_sorry(name, one, room, verdict)
        else:
            _judge_answer(name, one, room, verdict)
    begun = list(dict.fromkeys(spoken))
    expected = [word for word in accepted if word in begun]
    if begun != expected:
        verdict.disordered.append(f"{name}: {begun} instead of {expected}")
    known = {one.sorry for one in asked if one.sorry}
    for shown in room.shown:
        rest = TOKEN.sub("", shown.text).strip()
        if rest and rest not in known:
            verdict.strange.append(f"{name}: {rest[:200]!r}")
        if not shown.text.strip():
            verdict.left_open.append(f"{name}: an empty message")


def _judge_answer(name: str, one: Asked, room: Room, verdict: Verdict) -> None:
    """Its tokens stand there once each, in their order, with no other answer's between them."""
    places = [(place, number) for place, (word, number) in enumerate(_tokens(room)) if word == one.word]
    numbers = [number for _, number in places]
    if not numbers:
        verdict.lost.append(f"{name}: {one.word} has no answer")
    elif max(Counter(numbers).values()) > 1:
        verdict.twice.append(f"{name}: {one.word} is answered twice: {_runs(numbers)}")
    elif set(numbers) != set(range(one.tokens)):
        verdict.left_open.append(f"{name}: {one.word} has half an answer, {_runs(numbers)} of {one.tokens}")
    elif numbers != sorted(numbers) or places[-1][0] - places[0][0] != one.tokens - 1:
        verdict.disordered.append(f"{name}: the messages of {one.word} are out of order: {_runs(numbers)}")


def _judge_sorry(name: str, one: Asked, room: Room, verdict: Verdict) -> None:
    said = sum(one.sorry in shown.text for shown in room.shown)
    if said == 0:
        verdict.lost.append(f"{name}: {one.word} was not given up with a word")
    if said > 1:
        verdict.twice.append(f"{name}: {one.word} was given up {said} times")


def _tokens(room: Room) -> Iterator[tuple[str, int]]:
    for shown in room.shown:
        for word, number in TOKEN.findall(shown.text):
            yield word, int(number)


def _runs(numbers: Sequence[int]) -> str:
    """[0, 1, 2, 0, 1] as "0-2 0-1"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return " ".join(f"{run[0]}-{run[-1]}" for run in runs)
