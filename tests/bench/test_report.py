"""The report says what was measured, what was possible, and which targets were met."""

import math
from dataclasses import replace

from bench import rules
from bench.machine import Machine
from bench.process import Lag, Use
from bench.report import Failure, report
from bench.rules import bound_of, rules_of
from bench.scenarios import Scenario, scenarios
from bench.targets import Verdict, rows
from bench.trial import Result, System
from bench.world import Calls
from sandbox import discord, slack

BY_NAME = {scenario.name: scenario for scenario in scenarios()}
MACHINE = Machine("a fast one", 2, "3.11", "2026-01-01", "python -m bench")


def result(scenario: Scenario) -> Result:
    """A result without any fault, and just as good as the bound where there is one."""
    possible = bound_of(scenario)
    return Result(
        scenario=scenario,
        system=System.BRIDGE,
        first_mean=possible.first_mean if possible else 0.1,
        first_max=possible.first_max if possible else 0.1,
        stale_mean=possible.stale_mean if possible else 0.1,
        stale_max=possible.stale_max if possible else 0.1,
        last_max=possible.last_max if possible else 0.1,
        words=100,
        lost=0,
        repeated=0,
        disordered=0,
        torn=0,
        open=0,
        tokens=1000,
        source_late=0.001,
        calls=Calls({"post": 1, "edit": 7}, too_fast=0, last_at=0.0),
        use=Use(0.05, 50_000_000, 1_000_000),
        lag=Lag(0.001, 0.002, 0.003),
    )


def test_the_bound_meets_every_target_that_can_be_met() -> None:
    found = rows({name: result(scenario) for name, scenario in BY_NAME.items()})
    assert {row.verdict for row in found} == {Verdict.MET, Verdict.FORBIDDEN}
    forbidden = [row.target for row in found if row.verdict is Verdict.FORBIDDEN]
    assert all("no-threads" in target for target in forbidden)


def test_what_was_not_run_is_not_judged() -> None:
    assert {row.verdict for row in rows({})} == {Verdict.NOT_RUN}


def test_one_word_lost_anywhere_is_a_miss() -> None:
    one = BY_NAME["discord-1-mixed"]
    found = rows({one.name: replace(result(one), lost=1)})
    missed = [row.target for row in found if row.verdict is Verdict.MISSED]
    assert missed == ["words lost, repeated or disordered, all scenarios"]


def test_the_report_shows_each_bot_beside_the_bound_and_what_never_came() -> None:
    one = BY_NAME["discord-1-mixed"]
    naive = replace(result(one), system=System.NAIVE, last_max=math.inf, lag=None)
    text = report(MACHINE, [result(one), naive], [Failure(one, System.NAIVE, "TimeoutError: ")])
    assert "a fast one, 2 cores" in text
    lines = [line for line in text.splitlines() if line.startswith("| discord-1-mixed | ")]
    assert ["bridge" in lines[0], "naive" in lines[1], "never" in lines[1]] == [True, True, True]
    assert text.count("*bound* |") == 1
    assert "7 edit, 1 post" in lines[0]
    assert "## Trials without an end" in text


def test_the_limits_of_a_scenario_are_shared_as_the_platforms_share_them() -> None:
    assert rules_of(BY_NAME["discord-10-mixed"]).answers == 1
    assert rules_of(BY_NAME["discord-10-mixed-no-threads"]).answers == 10
    assert rules_of(BY_NAME["slack-edit-10-mixed-channels"]).answers == 10
    assert rules_of(BY_NAME["discord-1-long"]).posts == 3
    assert rules_of(BY_NAME["slack-edit-1-long"]).posts == 1
    assert rules_of(BY_NAME["slack-native-10-mixed"]).edit.calls == 100
    assert rules_of(BY_NAME["slack-auto-30-mixed-direct"]).edit.calls == 150
    assert bound_of(BY_NAME["discord-1-shrink"]) is None


def test_the_limits_are_those_that_the_stand_ins_enforce() -> None:
    usual = slack.Limits()
    enforced = (usual.post, usual.update, usual.start_stream, usual.append_stream, usual.stop_stream)
    assumed = (rules.SLACK_POST, rules.SLACK_UPDATE, rules.SLACK_START, rules.SLACK_APPEND, rules.SLACK_STOP)
    for window, real in zip(assumed, enforced, strict=True):
        assert real is not None
        assert (window.calls, window.seconds) == (real.calls, real.seconds)
    for kind in (discord.Limits().create, discord.Limits().edit):
        assert kind is not None
        assert (rules.DISCORD_WINDOW.calls, rules.DISCORD_WINDOW.seconds) == (kind.calls, kind.seconds)
