"""The outbound budget, under a clock of its own."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bridge.budget import Option, Schedule, Ticket
from bridge.types import Lane
from bridge.window import PATIENCE_SECONDS, Priority

CHANNEL = Lane("channel", 5, 5.0)
WORKSPACE = Lane("workspace", 50, 60.0)
POSTS = Lane("posts", 60, 60.0)
GLOBAL = Lane("global", 45, 1.0)


@dataclass
class World:
    """A platform that counts calls strictly where they arrive, and answers after a while."""

    schedule: Schedule = field(default_factory=Schedule)
    now: float = 0.0
    granted: list[tuple[float, Ticket]] = field(default_factory=list)
    arrived: dict[str, list[float]] = field(default_factory=dict)
    answers_due: list[tuple[float, Ticket]] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    def ask(self, ticket: Ticket) -> Ticket:
        self.schedule.ask(ticket, self.now)
        return ticket

    def pass_until(self, end: float, latencies: list[tuple[float, float]] | None = None) -> None:
        """Let time pass; each call takes (seconds to arrive, seconds more to answer), by turns."""
        latencies = latencies or [(0.04, 0.04)]
        while True:
            granted, look_again = self.schedule.grant(self.now)
            for ticket in granted:
                out, back = latencies[len(self.granted) % len(latencies)]
                self.granted.append((self.now, ticket))
                assert ticket.granted is not None
                for lane in ticket.granted.lanes:
                    self.arrived.setdefault(lane.scope, []).append(self.now + out)
                self.answers_due.append((self.now + out + back, ticket))
            coming = min((due for due, _ in self.answers_due), default=end + 1)
            following = min(look_again, coming)
            if following > end:
                self.now = end
                return
            self.now = max(self.now, following)
            for due, ticket in [one for one in self.answers_due if one[0] <= self.now]:
                self.answers_due.remove((due, ticket))
                self._answer(ticket)

    def _answer(self, ticket: Ticket) -> None:
        """Where a limit is set here, the call is refused that came too early for it."""
        assert ticket.granted is not None
        lane = ticket.granted.lanes[0]
        limit = self.limits.get(lane.scope)
        if limit is not None:
            at = self.arrived[lane.scope].pop()
            earlier = [one for one in self.arrived[lane.scope] if one > at - lane.seconds]
            if len(earlier) >= limit:
                self.refused[lane.scope] += 1
                wait = earlier[-limit] + lane.seconds - at
                self.schedule.refused(ticket, self.now, wait)
                self.schedule.answered(ticket, self.now, accepted=False)
                return
            self.arrived[lane.scope].append(at)
        self.schedule.answered(ticket, self.now)

    def on_its_way(self, ticket: Ticket) -> bool:
        return any(one is ticket for _, one in self.answers_due)

    def owners(self, since: int = 0) -> list[str]:
        return [ticket.owner for _, ticket in self.granted[since:]]


def call(priority: Priority, owner: str = "one", lane: Lane = CHANNEL) -> Ticket:
    return Ticket((Option((lane,)),), priority, owner)


def beginning(owner: str, owes: Lane, post: Lane = POSTS) -> Ticket:
    """The first text of a reply whose last words will go through `owes`."""
    return Ticket((Option((post,), owes),), Priority.FIRST, owner)


def growing(world: World, answers: int, lane: Lane, seconds: float) -> list[float]:
    """So many answers ask for intermediate states without end; gives the times at which they were shown."""
    tickets = {
        str(number): world.ask(call(Priority.INTERMEDIATE, str(number), lane)) for number in range(answers)
    }
    seen = len(world.granted)
    while world.now < seconds:
        world.pass_until(world.now + 0.02)
        for owner, ticket in tickets.items():
            if ticket.granted and not world.on_its_way(ticket):
                tickets[owner] = world.ask(call(Priority.INTERMEDIATE, owner, lane))
    for ticket in tickets.values():
        world.schedule.withdraw(ticket)
    return [at for at, _ in world.granted[seen:]]


def test_a_free_scope_grants_at_once() -> None:
    world = World()
    world.ask(call(Priority.FIRST))
    world.pass_until(0.0)
    assert len(world.granted) == 1


def test_finals_go_before_first_texts_before_control_before_intermediate() -> None:
    world = World()
    for _ in range(5):
        world.ask(call(Priority.FINAL))
    world.pass_until(0.1)
    for priority in reversed(Priority):
        world.ask(call(priority))
    world.pass_until(60.0)
    assert [one.priority for _, one in world.granted[5:]] == sorted(Priority)


def test_no_final_waits_behind_the_intermediate_states_of_others() -> None:
    for lane in (CHANNEL, WORKSPACE):
        for seconds in (3.0, 4.4, 5.2, 7.7, 12.3, 18.9, 80.0):
            world = World()
            growing(world, 3, lane, seconds)
            final = world.ask(call(Priority.FINAL, lane=lane))
            world.pass_until(world.now + 0.08)  # no longer than a call takes that is out already
            assert final.granted


def test_a_reply_that_is_alone_grows_faster_and_waits_a_moment_at_most() -> None:
    for seconds in (3.0, 4.4, 5.2, 7.7, 12.3, 18.9):
        world = World()
        world.ask(beginning("0", CHANNEL))
        world.pass_until(0.1)
        shown = growing(world, 1, CHANNEL, seconds)
        assert max(later - earlier for earlier, later in pairwise(shown)) <= 1.1
        final = world.ask(call(Priority.FINAL))
        world.pass_until(world.now + 1.0)
        assert final.granted


def test_equals_take_turns() -> None:
    world = World()
    growing(world, 3, CHANNEL, 20.0)
    order = world.owners()
    assert len(order) > 12
    assert all(len(set(order[at : at + 3])) == 3 for at in range(0, len(order) - 2, 3))


def test_short_windows_are_spent_evenly() -> None:
    shown = growing(World(), 1, CHANNEL, 30.0)
    gaps = [later - earlier for earlier, later in pairwise(shown)]
    assert 1.2 <= min(gaps) <= max(gaps) <= 1.4


def test_long_windows_are_spent_where_a_reader_looks() -> None:
    shown = growing(World(), 1, WORKSPACE, 60.0)
    assert len([at for at in shown if at <= 8.0]) >= 2 * len([at for at in shown if 30.0 <= at <= 38.0])
    gaps = [later - earlier for earlier, later in pairwise(shown)]
    assert gaps == sorted(gaps) or max(gaps) < 5.0


def test_every_reply_that_has_begun_can_end_at_once() -> None:
    world = World()
    for number in range(50):
        world.ask(beginning(str(number), WORKSPACE, Lane(f"posts {number}", 60, 60.0)))
    world.pass_until(1.0)
    begun = len(world.granted)
    growing(world, begun, WORKSPACE, 20.0)
    finals = [world.ask(call(Priority.FINAL, str(number), WORKSPACE)) for number in range(begun)]
    world.pass_until(world.now + PATIENCE_SECONDS)
    assert begun >= 40
    assert all(final.granted for final in finals)


def test_a_reply_whose_last_words_would_not_fit_is_not_begun_before_it_is_whole() -> None:
    world = World()
    begun = [world.ask(beginning(str(number), WORKSPACE)) for number in range(51)]
    world.pass_until(0.1)
    assert [bool(ticket.granted) for ticket in begun] == [True] * 50 + [False]
    world.schedule.change(begun[-1], Priority.FINAL, (Option((POSTS,)),))
    world.pass_until(0.2)
    assert begun[-1].granted


def test_a_debt_that_is_paid_lets_the_next_reply_begin() -> None:
    world = World()
    begun = [world.ask(beginning(str(number), WORKSPACE)) for number in range(51)]
    world.pass_until(0.1)
    world.schedule.paid(begun[0])
    world.pass_until(0.2)
    assert begun[-1].granted


def test_the_next_best_way_is_taken_where_the_best_is_closed() -> None:
    world = World()
    starts, stops = Lane("starts", 20, 60.0), Lane("stops", 20, 60.0)
    both = (Option((starts,), stops), Option((POSTS,), WORKSPACE))
    tickets = [world.ask(Ticket(both, Priority.FIRST, str(number))) for number in range(30)]
    world.pass_until(0.0)
    assert [ticket.granted for ticket in tickets] == [both[0]] * 20 + [both[1]] * 10


def test_a_scope_that_waits_does_not_hold_up_another() -> None:
    world = World()
    other = Lane("elsewhere", 5, 5.0)
    for _ in range(6):
        world.ask(Ticket((Option((CHANNEL, GLOBAL)),), Priority.FINAL, "one"))
    world.ask(Ticket((Option((other, GLOBAL)),), Priority.INTERMEDIATE, "two"))
    world.pass_until(0.0)
    assert world.owners() == ["one"] * 5 + ["two"]


def test_many_answers_in_one_channel_keep_it_free_for_their_last_words_until_they_starve() -> None:
    world = World()
    for number in range(10):
        world.ask(beginning(str(number), CHANNEL, Lane(f"posts {number}", 60, 60.0)))
    world.pass_until(0.0)
    assert len(world.granted) == 10
    shown = growing(world, 10, CHANNEL, 30.0)
    assert not [at for at in shown if at < 9.0]
    assert len([at for at in shown if at > 10.0]) >= 8


def test_a_refusal_keeps_everybody_back_until_it_is_over() -> None:
    world = World()
    first = world.ask(call(Priority.FIRST))
    world.pass_until(0.0)
    world.schedule.refused(first, 0.0, retry_after=7.0)
    world.ask(call(Priority.FINAL))
    world.pass_until(6.9)
    assert len(world.granted) == 1
    world.pass_until(7.1)
    assert len(world.granted) == 2


def test_a_refusal_in_one_scope_leaves_the_others_alone() -> None:
    world = World()
    first = world.ask(Ticket((Option((CHANNEL, GLOBAL)),), Priority.FIRST, "one"))
    world.pass_until(0.0)
    world.schedule.refused(first, 0.0, retry_after=30.0)
    world.ask(Ticket((Option((Lane("elsewhere", 5, 5.0), GLOBAL)),), Priority.INTERMEDIATE, "two"))
    world.pass_until(0.1)
    assert world.owners() == ["one", "two"]
    world.schedule.refused(first, world.now, retry_after=30.0, everywhere=True)
    world.ask(Ticket((Option((Lane("third", 5, 5.0), GLOBAL)),), Priority.FINAL, "three"))
    world.pass_until(29.0)
    assert len(world.granted) == 2


def test_a_refusal_that_names_its_scope_leaves_the_call_s_own_alone() -> None:
    world = World()
    ended = world.ask(Ticket((Option((WORKSPACE, POSTS)),), Priority.FIRST, "one"))
    world.pass_until(0.0)
    world.schedule.refused(ended, 0.0, retry_after=30.0, scope=POSTS.scope)
    world.ask(Ticket((Option((WORKSPACE,)),), Priority.FINAL, "two"))
    world.ask(Ticket((Option((POSTS,)),), Priority.FINAL, "three"))
    world.pass_until(29.0)
    assert world.owners() == ["one", "two"]
    world.pass_until(31.0)
    assert world.owners() == ["one", "two", "three"]


def test_a_refusal_in_a_scope_that_the_call_does_not_spend_from_is_its_own() -> None:
    world = World()
    first = world.ask(call(Priority.FIRST))
    world.pass_until(0.0)
    world.schedule.refused(first, 0.0, retry_after=30.0, scope="nowhere")
    world.ask(call(Priority.FINAL))
    world.pass_until(29.0)
    assert len(world.granted) == 1


def test_what_the_last_answer_said_is_heeded() -> None:
    world = World()
    world.ask(call(Priority.FINAL, lane=Lane("channel", 5, 5.0, shut_until=3.0)))
    world.pass_until(2.9)
    assert not world.granted
    world.pass_until(3.1)
    assert world.granted


def test_a_limit_that_shrinks_costs_one_refusal() -> None:
    for lane, shrunk in ((WORKSPACE, 20), (CHANNEL, 2)):
        world = World(limits={lane.scope: lane.limit})
        growing(world, 4, lane, 12.0)
        world.limits[lane.scope] = shrunk
        growing(world, 4, lane, 12.0 + 9 * lane.seconds)
        assert world.refused[lane.scope] == 1


def test_a_refusal_that_others_have_caused_is_over_when_it_is_over() -> None:
    world = World()
    first = world.ask(call(Priority.FIRST, lane=WORKSPACE))
    world.pass_until(0.0)
    world.schedule.refused(first, 0.0, retry_after=7.0)
    for number in range(30):
        world.ask(call(Priority.FINAL, str(number), WORKSPACE))
    world.pass_until(30.0)
    assert len(world.granted) == 31


def test_a_call_that_hangs_holds_nobody_up_for_long() -> None:
    world = World()
    for number in range(5):
        world.ask(call(Priority.FINAL, str(number), WORKSPACE))
    world.pass_until(3.0, [(15.0, 0.0)])
    assert len(world.granted) == 5


def test_a_first_text_that_cannot_be_promised_its_last_words_begins_all_the_same_after_a_while() -> None:
    world = World()
    begun = [world.ask(beginning(str(number), WORKSPACE)) for number in range(51)]
    world.pass_until(19.0)
    assert not begun[-1].granted
    world.pass_until(21.0)
    assert begun[-1].granted


def test_many_finals_at_once_find_out_with_one_refusal_that_a_limit_has_shrunk() -> None:
    world = World(limits={WORKSPACE.scope: WORKSPACE.limit})
    growing(world, 10, WORKSPACE, 9.0)
    world.limits[WORKSPACE.scope] = 20
    finals = [world.ask(call(Priority.FINAL, str(number), WORKSPACE)) for number in range(10)]
    world.pass_until(world.now + 5.0)
    assert world.refused[WORKSPACE.scope] == 1
    assert [bool(final.granted) for final in finals].count(True) >= 2


def test_where_the_window_has_been_as_full_before_nobody_waits_for_an_answer() -> None:
    world = World()
    for number in range(40):
        world.ask(call(Priority.FINAL, str(number), WORKSPACE))
    world.pass_until(100.0)
    for number in range(40):
        world.ask(call(Priority.FINAL, str(number), WORKSPACE))
    world.pass_until(100.0)
    assert len(world.granted) == 80


def test_what_is_over_is_forgotten() -> None:
    world = World()
    for number in range(3_000):
        world.ask(call(Priority.FIRST, str(number), Lane(f"scope {number}", 5, 5.0)))
        world.pass_until(world.now + 0.1)
    assert len(world.schedule._windows) < 1_000  # noqa: SLF001
    assert len(world.schedule._served) < 1_000  # noqa: SLF001


ASKS = st.lists(
    st.tuples(st.floats(0, 30), st.sampled_from(list(Priority)), st.sampled_from("abcdef"), st.booleans()),
    max_size=80,
)
LATENCIES = st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), min_size=1, max_size=7)


@given(asks=ASKS, latencies=LATENCIES, limit=st.integers(1, 8), seconds=st.sampled_from([1.0, 5.0, 20.0]))
def test_no_window_ever_sees_more_calls_than_the_platform_allows(
    asks: list[tuple[float, Priority, str, bool]],
    latencies: list[tuple[float, float]],
    limit: int,
    seconds: float,
) -> None:
    world = World()
    lanes = {"own": Lane("own", limit, seconds), "shared": Lane("shared", limit + 1, seconds)}
    asked = 0
    for at, priority, owner, both in sorted(asks, key=lambda one: one[0]):
        world.pass_until(at, latencies)
        asked += 1
        ways = (lanes["own"], lanes["shared"]) if both else (lanes["shared"],)
        world.ask(Ticket((Option(ways),), priority, owner))
    world.pass_until(10_000.0, latencies)
    assert len(world.granted) == asked  # nobody starves
    for scope, lane in lanes.items():
        arrived = sorted(world.arrived.get(scope, []))
        for first, last in zip(arrived, arrived[lane.limit :], strict=False):
            assert last - first >= seconds - 1e-6


@given(asks=ASKS, limit=st.integers(1, 8))
def test_nobody_less_urgent_is_served_while_somebody_more_urgent_waits(
    asks: list[tuple[float, Priority, str, bool]], limit: int
) -> None:
    world = World()
    lane = Lane("channel", limit, 5.0)
    asked: list[tuple[float, Ticket]] = []
    for at, priority, owner, _ in sorted(asks, key=lambda one: one[0]):
        world.pass_until(at)
        asked.append((world.now, world.ask(call(priority, owner, lane))))
    world.pass_until(10_000.0)
    served = {id(ticket): at for at, ticket in world.granted}
    for at, ticket in asked:
        for later, other in asked:
            if other.priority < ticket.priority and later < served[id(ticket)] - 1e-9:
                assert served[id(other)] <= served[id(ticket)]
        assert served[id(ticket)] >= at


def test_what_replicas_share_is_divided_and_what_is_private_is_not() -> None:
    world = World()
    world.schedule.share(3)
    private = Lane("thread", 5, 5.0, private=True)
    finals = {lane.scope: 0 for lane in (WORKSPACE, private)}
    for number in range(60):
        for lane in (WORKSPACE, private):
            world.ask(Ticket((Option((lane,)),), Priority.FINAL, f"{lane.scope}{number}"))
    world.pass_until(4.0)
    for _, ticket in world.granted:
        assert ticket.granted is not None
        finals[ticket.granted.lanes[0].scope] += 1
    assert finals == {"workspace": 50 // 3, "thread": 5}
    world.schedule.share(1)
    world.ask(Ticket((Option((WORKSPACE,)),), Priority.FINAL, "one more"))
    world.pass_until(20.0)
    assert len(world.arrived["workspace"]) == 50
