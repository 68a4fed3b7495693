"""Whether somebody is answered: who they are, what they may, and how much was asked already. Whoever is not
is told so in private."""

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bridge.access import denies_groups, groups_asking, may_ask
from bridge.budget import Budget, Option, Ticket
from bridge.commands import command_of
from bridge.errors import PlatformError, StoreError
from bridge.people import locale_of
from bridge.ports import Adapter, KnowsRoles
from bridge.routes import AppConfig, Quota
from bridge.store import REFUSED, By, Job, Limit, Over, Store, asker_named, asker_of
from bridge.types import Message, Person, Thread
from bridge.whispering import whispered
from bridge.window import Priority
from bridge.words import english, say

log = logging.getLogger(__name__)

# Nobody's answer waits longer for what groups they belong to.
KNOWN_WITHIN_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not answered: the outcome, for the books, and the sentence for them with its values;
    empty where silence is better."""

    outcome: str
    sentence: str = ""
    values: Mapping[str, int] = field(default_factory=dict)

    def said(self, locale: str) -> str:
        """The sentence in this language."""
        return say(self.sentence, locale, **self.values)


@dataclass(frozen=True, slots=True)
class Admitted:
    """What is left of a job to be answered; None where it is nothing. `unsaid` are the sentences that could
    not be said in private."""

    job: Job | None
    outcome: str = ""
    unsaid: tuple[str, ...] = ()


class Gate:
    """Everybody goes through it with each question, on every platform."""

    def __init__(self, store: Store, budget: Budget, adapters: Sequence[Adapter]) -> None:
        self._store = store
        self._budget = budget
        self._adapters = {adapter.platform: adapter for adapter in adapters}

    async def admit(self, config: AppConfig, job: Job) -> Admitted:
        """Keep of a job what may be answered, and tell everybody else that theirs may not."""
        asked: list[tuple[int, Message]] = []
        unsaid: list[str] = []
        outcome = REFUSED
        for question_id, message in zip(job.question_ids, job.messages, strict=True):
            taken_back = question_id in job.gone
            begun = bool(job.turn.task_id)
            refusal = None if taken_back else await self._why_not(config, message, question_id, begun=begun)
            if refusal is None:
                asked.append((question_id, message))
                continue
            outcome = refusal.outcome
            log.info("%s: %s", message.thread.key, outcome)
            unsaid.extend(await self._told(message, question_id, refusal))
        if not asked:
            return Admitted(None, outcome, tuple(unsaid))
        ids, messages = zip(*asked, strict=True)
        return Admitted(replace(job, question_ids=ids, messages=messages), unsaid=tuple(unsaid))

    async def why_not(
        self, config: AppConfig, thread: Thread, person: Person, *, counted: bool = True
    ) -> Refusal | None:
        """Why somebody may not ask something here just now, or (not `counted`) do something else with the
        app. None where they may."""
        refusal = await self._why_not_at_all(config, thread, person)
        if refusal is None and counted:
            asker = asker_named(thread.platform, person.id)
            return await self._why_not_now(config, asker, thread, None)
        return refusal

    async def known(self, thread: Thread, person: Person, groups: Sequence[str]) -> Person | None:
        """Somebody, with those of these groups that they belong to; None where that cannot be known just
        now."""
        adapter = self._adapters.get(thread.platform)
        if adapter is None or not isinstance(adapter, KnowsRoles):
            return person
        try:
            async with asyncio.timeout(KNOWN_WITHIN_SECONDS):
                found = [group for group in groups if await self._belongs(adapter, thread, person, group)]
        except TimeoutError:
            log.warning("%s: it was not told in time who belongs to a group", thread.key)
            return None
        except PlatformError as error:
            log.warning("%s: it is not known who belongs to a group: %s", thread.key, error)
            return None
        return replace(person, roles=(*person.roles, *found))

    async def _belongs(self, adapter: KnowsRoles, thread: Thread, person: Person, group: str) -> bool:
        lanes = adapter.belonging_lanes(thread, person, group)
        if not lanes:
            return await adapter.belongs(thread, person, group)
        async with self._budget.slot(Ticket((Option(lanes),), Priority.FIRST, thread.key)):
            return await adapter.belongs(thread, person, group)

    async def _why_not(
        self, config: AppConfig, message: Message, question_id: int, *, begun: bool
    ) -> Refusal | None:
        if begun:
            return None
        refusal = await self._why_not_at_all(config, message.thread, message.author)
        if refusal is not None:
            # Who spoke to others, in a thread that the bot follows, did not ask for anything.
            return refusal if message.addressed else Refusal(refusal.outcome)
        if message.decision is not None or command_of(message.text) is not None:
            return None
        return await self._why_not_now(config, asker_of(message), message.thread, question_id)

    async def _why_not_at_all(self, config: AppConfig, thread: Thread, person: Person) -> Refusal | None:
        if person.outside and not config.outsiders:
            return Refusal(f"{REFUSED}: from outside", english.FROM_OUTSIDE)
        known = await self.known(thread, person, groups_asking(config, thread.platform))
        # What is not known matters unless they may ask whatever groups they belong to.
        unsure = known is None and (
            denies_groups(config, thread.platform) or not may_ask(config, thread, person)
        )
        if unsure:
            return Refusal(f"{REFUSED}: not known", english.NOT_KNOWN)
        if not may_ask(config, thread, known or person):
            return Refusal(f"{REFUSED}: not for them", english.NOT_FOR_YOU)
        return None

    async def _why_not_now(
        self, config: AppConfig, asker: str, thread: Thread, question_id: int | None
    ) -> Refusal | None:
        limits = limits_of(config)
        if not limits:
            return None
        try:
            over = await self._store.over(asker, thread, limits, question_id)
        except StoreError as error:
            log.warning("%s: questions could not be counted: %s", thread.key, error)
            return None
        return None if over is None else refusal_of(over, time.time())

    async def _told(self, message: Message, question_id: int, refusal: Refusal) -> tuple[str, ...]:
        """Say it in private; gives what could not be said so."""
        try:
            await self._store.refuse(question_id, refusal.outcome)
        except StoreError as error:
            log.warning("%s: a refusal was not noted: %s", message.thread.key, error)
        if not refusal.sentence:
            return ()
        adapter = self._adapters[message.thread.platform]
        sentence = refusal.said(await locale_of(adapter, self._budget, message.thread, message.author))
        return () if await whispered(adapter, self._budget, message, sentence) else (sentence,)


def limits_of(config: AppConfig) -> tuple[Limit, ...]:
    """What is to be counted: in all apps together, and in this one."""
    quotas = (("", config.everywhere.quota), (config.name, config.quota))
    return tuple(limit for app, quota in quotas if quota.limits for limit in _limits(quota, app))


def refusal_of(over: Over, now: float) -> Refusal:
    """What to tell whoever has reached a limit. `now` is in seconds since 1970."""
    minutes = max(1, math.ceil((over.free_at - now) / 60))
    limit, outcome = over.limit, f"{REFUSED}: quota"
    if over.free_at > 0:
        of_person, of_channel = english.OVER_PERSON_HOUR, english.OVER_CHANNEL_HOUR
        values = {"limit": limit.hour, "minutes": minutes}
    else:
        of_person, of_channel = english.OVER_PERSON_RUNNING, english.OVER_CHANNEL_RUNNING
        values = {"limit": limit.running}
    return Refusal(outcome, of_person if limit.by is By.PERSON else of_channel, values)


def _limits(quota: Quota, app: str) -> tuple[Limit, ...]:
    return (
        Limit(By.PERSON, quota.person_hour, quota.person_running, app),
        Limit(By.CHANNEL, quota.channel_hour, quota.channel_running, app),
    )
