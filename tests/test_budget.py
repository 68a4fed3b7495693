"""The outbound budget, under a clock of its own."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from bridge.budget import Priority, Schedule, Ticket
from bridge.types import Lane

LANE = Lane("channel", 5, 5.0)


@dataclass
class World:
    """A platform that counts calls strictly where they arrive, and answers after a while."""

    schedule: Schedule = field(default_factory=Schedule)
    now: float = 0.0
    granted: list[tuple[float, Ticket]] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    answers_due: list[tuple[float, Ticket]] = field(default_factory=list)

    def ask(self, ticket: Ticket) -> None:
        self.schedule.ask(ticket)

    def pass_until(self, end: float, latencies: list[tuple[float, float]] | None = None) -> None:
        """Let time pass; each call takes (seconds to arrive, seconds more to answer), by turns."""
        latencies = latencies or [(0.04, 0.04)]
        while True:
            granted, look_again = self.schedule.grant(self.now)
            for ticket in granted:
                out, back = latencies[len(self.granted) % len(latencies)]
                self.granted.append((self.now, ticket))
                self.arrived.append(self.now + out)
                self.answers_due.append((self.now + out + back, ticket))
            coming = min((due for due, _ in self.answers_due), default=end + 1)
            following = min(look_again, coming)
            if following > end:
                self.now = end
                return
            self.now = max(self.now, following)
            for due, ticket in [one for one in self.answers_due if one[0] <= self.now]:
                self.answers_due.remove((due, ticket))
                self.schedule.answered(ticket, self.now)


def ticket(priority: Priority, owner: str = "one", lane: Lane = LANE) -> Ticket:
    return Ticket((lane,), priority, owner)


def test_a_free_scope_grants_at_once() -> None:
    world = World()
    world.ask(ticket(Priority.FIRST))
    world.pass_until(0.0)
    assert len(world.granted) == 1


def test_finals_go_before_first_texts_before_control_before_intermediate() -> None:
    world = World()
    for _ in range(5):
        world.ask(ticket(Priority.FINAL))
    world.pass_until(0.1)
    for priority in reversed(Priority):
        world.ask(ticket(priority))
    world.pass_until(60.0)
    assert [one.priority for _, one in world.granted[5:]] == sorted(Priority)


def test_intermediate_states_leave_a_reserve_for_finals() -> None:
    world = World()
    for owner in range(20):
        world.ask(ticket(Priority.INTERMEDIATE, str(owner)))
    world.pass_until(4.9)
    assert len(world.granted) <= 4
    world.ask(ticket(Priority.FINAL))
    before = world.now
    world.pass_until(before)
    assert world.granted[-1][1].priority is Priority.FINAL


def test_equals_take_turns() -> None:
    world = World()
    waiting = ["a", "b", "c"]
    for _ in range(12):
        asked = {one.owner for _, one in world.granted[-3:]}
        for owner in waiting:
            if owner not in {one.owner for one in world.schedule._waiting}:  # noqa: SLF001
                world.ask(ticket(Priority.INTERMEDIATE, owner))
        world.pass_until(world.now + 1.25)
        del asked
    order = [one.owner for _, one in world.granted]
    assert all(len(set(order[at : at + 3])) == 3 for at in range(0, len(order) - 2, 3))


def test_a_scope_that_waits_does_not_hold_up_another() -> None:
    world = World()
    other = Lane("elsewhere", 5, 5.0)
    everything = Lane("global", 50, 1.0)
    for _ in range(6):
        world.ask(Ticket((LANE, everything), Priority.FINAL, "one"))
    world.ask(Ticket((other, everything), Priority.INTERMEDIATE, "two"))
    world.pass_until(0.0)
    assert [one.owner for _, one in world.granted] == ["one"] * 5 + ["two"]


def test_a_refusal_keeps_everybody_back_until_it_is_over() -> None:
    world = World()
    first = ticket(Priority.FIRST)
    world.ask(first)
    world.pass_until(0.0)
    world.schedule.refused(first, 0.0, retry_after=7.0)
    world.ask(ticket(Priority.FINAL))
    world.pass_until(6.9)
    assert len(world.granted) == 1
    world.pass_until(7.1)
    assert len(world.granted) == 2


def test_a_refusal_in_one_scope_leaves_the_others_alone() -> None:
    world = World()
    everything = Lane("global", 50, 1.0)
    first = Ticket((LANE, everything), Priority.FIRST, "one")
    world.ask(first)
    world.pass_until(0.0)
    world.schedule.refused(first, 0.0, retry_after=30.0)
    world.ask(Ticket((Lane("elsewhere", 5, 5.0), everything), Priority.INTERMEDIATE, "two"))
    world.pass_until(0.1)
    assert [one.owner for _, one in world.granted] == ["one", "two"]
    world.schedule.refused(first, world.now, retry_after=30.0, everywhere=True)
    world.ask(Ticket((Lane("third", 5, 5.0), everything), Priority.FINAL, "three"))
    world.pass_until(29.0)
    assert len(world.granted) == 2


def test_what_is_over_is_forgotten() -> None:
    world = World()
    for number in range(100):
        world.ask(ticket(Priority.FIRST, str(number), Lane(f"scope {number}", 5, 5.0)))
    world.pass_until(20.0)
    world.schedule.grant(20.0)
    assert not world.schedule._windows  # noqa: SLF001


@given(
    asks=st.lists(
        st.tuples(st.floats(0, 30), st.sampled_from(list(Priority)), st.sampled_from("abcdef")), max_size=80
    ),
    latencies=st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), min_size=1, max_size=7),
    limit=st.integers(1, 8),
)
def test_no_window_ever_sees_more_calls_than_the_platform_allows(
    asks: list[tuple[float, Priority, str]], latencies: list[tuple[float, float]], limit: int
) -> None:
    world = World()
    lane = Lane("channel", limit, 5.0)
    for at, priority, owner in sorted(asks, key=lambda one: one[0]):
        world.pass_until(at, latencies)
        world.ask(ticket(priority, owner, lane))
    world.pass_until(10_000.0, latencies)
    assert len(world.granted) == len(asks)
    arrived = sorted(world.arrived)
    for first, last in zip(arrived, arrived[limit:], strict=False):
        assert last - first >= 5.0 - 1e-6
