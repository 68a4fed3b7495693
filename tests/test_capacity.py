"""The line before a Dify that gives only so many answers at once."""

import asyncio
from collections import Counter
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from bridge.capacity import Capacities, Capacity, step_text


async def settle() -> None:
    """Let every task do what it can do by now; each step of the line takes a few turns of the loop."""
    for _ in range(20):
        await asyncio.sleep(0)


class Hall:
    """People who come, stay until they are sent home, and what they saw."""

    def __init__(self, most: int) -> None:
        self.capacity = Capacity(most)
        self.inside: list[str] = []
        self.came: list[str] = []
        self.told: dict[str, list[int]] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._home: dict[str, asyncio.Event] = {}

    async def come(self, name: str, thread: str = "") -> None:
        self._home[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._stay(name, thread or name))
        await settle()

    async def go(self, name: str) -> None:
        self.send_home(name)
        await settle()

    def send_home(self, name: str) -> None:
        self._home[name].set()

    async def cancel(self, name: str) -> None:
        self.tasks[name].cancel()
        await settle()

    async def all_go(self) -> None:
        for home in self._home.values():
            home.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)

    async def _stay(self, name: str, thread: str) -> None:
        async with self.capacity.place(thread, self.told.setdefault(name, []).append):
            self.inside.append(name)
            self.came.append(name)
            try:
                await self._home[name].wait()
            finally:
                self.inside.remove(name)


async def test_only_so_many_are_inside_and_the_others_come_in_the_order_of_the_line() -> None:
    hall = Hall(2)
    for name in "abcde":
        await hall.come(name)
    assert hall.inside == ["a", "b"]
    await hall.go("b")
    assert hall.inside == ["a", "c"]
    await hall.all_go()
    assert hall.came == list("abcde")


async def test_whoever_waits_is_told_each_place_once_and_whoever_does_not_is_told_none() -> None:
    hall = Hall(1)
    for name in "abcd":
        await hall.come(name)
    await hall.go("a")
    await hall.go("b")
    assert hall.told == {"a": [], "b": [1], "c": [2, 1], "d": [3, 2, 1]}
    await hall.all_go()


async def test_a_thread_with_many_questions_does_not_keep_others_waiting() -> None:
    hall = Hall(1)
    for name, thread in (("a1", "a"), ("a2", "a"), ("a3", "a"), ("b", "b"), ("c", "c")):
        await hall.come(name, thread)
    assert {name: places[-1:] for name, places in hall.told.items()} == {
        "a1": [],
        "a2": [3],
        "a3": [4],
        "b": [1],
        "c": [2],
    }
    for name in ("a1", "b", "c", "a2"):
        assert hall.inside == [name]
        await hall.go(name)
    assert hall.inside == ["a3"]
    await hall.all_go()


async def test_a_thread_has_one_answer_at_a_time_even_where_nothing_is_limited() -> None:
    hall = Hall(0)
    for name, thread in (("a1", "a"), ("a2", "a"), *((str(n), str(n)) for n in range(50))):
        await hall.come(name, thread)
    assert len(hall.inside) == 51
    assert "a2" not in hall.inside
    assert hall.told["a2"] == [1]
    await hall.go("a1")
    assert "a2" in hall.inside
    await hall.all_go()


async def test_of_one_thread_that_waits_twice_the_first_comes_first() -> None:
    hall = Hall(1)
    for name, thread in (("x", "x"), ("a1", "a"), ("a2", "a"), ("b", "b")):
        await hall.come(name, thread)
    assert [hall.told[name][-1] for name in ("a1", "b", "a2")] == [1, 2, 3]
    await hall.go("x")
    await hall.go("a1")
    assert hall.inside == ["b"]
    await hall.all_go()
    assert hall.came == ["x", "a1", "b", "a2"]


async def test_whoever_gives_up_waiting_leaves_no_gap() -> None:
    hall = Hall(1)
    for name in "abcd":
        await hall.come(name)
    await hall.cancel("b")
    assert hall.told["d"] == [3, 2]
    await hall.go("a")
    assert hall.inside == ["c"]
    await hall.all_go()
    assert (hall.capacity.running, hall.capacity.waiting) == (0, 0)


async def test_a_place_given_to_somebody_cancelled_in_the_same_moment_is_passed_on() -> None:
    hall = Hall(1)
    async with hall.capacity.place("first", ignore):
        await hall.come("b")
        await hall.come("c")
    hall.tasks["b"].cancel()
    await settle()
    assert hall.came == ["c"]
    await hall.all_go()
    assert (hall.capacity.running, hall.capacity.waiting) == (0, 0)


async def test_a_place_is_not_given_to_somebody_who_was_cancelled_a_moment_before() -> None:
    hall = Hall(1)
    async with hall.capacity.place("first", ignore):
        await hall.come("b")
        await hall.come("c")
        hall.tasks["b"].cancel()
    await settle()
    assert hall.came == ["c"]
    await hall.all_go()
    assert (hall.capacity.running, hall.capacity.waiting) == (0, 0)


async def test_another_limit_holds_at_once_and_takes_no_place_away() -> None:
    hall = Hall(1)
    for name in "abcde":
        await hall.come(name)
    hall.capacity.limit(3)
    await settle()
    assert hall.inside == ["a", "b", "c"]
    hall.capacity.limit(1)
    await hall.go("a")
    await hall.go("b")
    assert hall.inside == ["c"]
    hall.capacity.limit(0)
    await settle()
    assert hall.inside == ["c", "d", "e"]
    await hall.all_go()


async def test_a_failure_inside_gives_the_place_back() -> None:
    capacity = Capacity(1)
    with suppress(ValueError):
        async with capacity.place("a", ignore):
            raise ValueError
    async with asyncio.timeout(1), capacity.place("a", ignore):
        assert capacity.running == 1
    assert capacity.running == 0


PEOPLE = st.integers(0, 11)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("come"), PEOPLE),
        st.tuples(st.just("go"), PEOPLE),
        st.tuples(st.just("cancel"), PEOPLE),
        st.tuples(st.just("both at once"), PEOPLE),
    ),
    max_size=40,
)


@given(most=st.integers(0, 4), steps=STEPS)
def test_whatever_happens_no_place_is_lost_and_none_is_given_twice(
    most: int, steps: list[tuple[str, int]]
) -> None:
    asyncio.run(play(most, steps))


async def play(most: int, steps: list[tuple[str, int]]) -> None:
    """Twelve people of four threads come and go."""
    hall = Hall(most)
    for step, number in steps:
        name = f"{number % 4}-{number}"
        match step:
            case "come" if name not in hall.tasks:
                await hall.come(name, thread_of(name))
            case "go" if name in hall.tasks:
                await hall.go(name)
            case "cancel" if name in hall.tasks:
                await hall.cancel(name)
            case "both at once" if name in hall.tasks:
                # Whoever is inside goes, and in the same turn of the loop somebody is cancelled.
                for inside in hall.inside[:1]:
                    hall.send_home(inside)
                await asyncio.sleep(0)
                await hall.cancel(name)
        look_around(hall, most)
    await hall.all_go()
    assert (hall.capacity.running, hall.capacity.waiting) == (0, 0)
    kept = {name for name, task in hall.tasks.items() if not task.cancelled()}
    assert kept <= set(hall.came)


def look_around(hall: Hall, most: int) -> None:
    threads = Counter(thread_of(name) for name in hall.inside)
    assert most == 0 or len(hall.inside) <= most
    assert not threads or max(threads.values()) == 1
    waiting = [n for n, task in hall.tasks.items() if not task.done() and n not in hall.inside]
    assert (hall.capacity.running, hall.capacity.waiting) == (len(hall.inside), len(waiting))
    has_room = most == 0 or len(hall.inside) < most
    assert not (has_room and any(thread_of(name) not in threads for name in waiting))
    # Each place in line is somebody's, and nobody's twice.
    assert sorted(hall.told[name][-1] for name in waiting) == list(range(1, len(waiting) + 1))


def thread_of(name: str) -> str:
    return name.partition("-")[0]


def ignore(place: int) -> None:
    """Nobody looks at this one's place."""


def test_apps_of_one_dify_share_their_places_and_another_dify_has_its_own() -> None:
    capacities = Capacities(3)
    shared = capacities.of("https://dify.example:8443/v1")
    assert capacities.of("https://DIFY.example:8443/other/v1/") is shared
    other = capacities.of("https://dify.example/v1")
    assert other is not shared
    capacities.limit(5)
    assert [one.most for one in (shared, other, capacities.of("http://third/v1"))] == [5, 5, 5]


def test_the_place_in_line_is_told_in_words() -> None:
    assert step_text(1) == "Waiting, next in line"
    assert step_text(2) == "Waiting, number 2 in line"
