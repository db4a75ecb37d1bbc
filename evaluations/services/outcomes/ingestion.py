"""Take in what routers report: outcomes once each, feedback whenever it is known."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction

from evaluations.models import Grain, Outcome, OutcomeSummary
from evaluations.outcomes.events import Feedback, read_event, read_feedback
from evaluations.outcomes.names import Listed, Names
from evaluations.outcomes.summaries import Summary, read_summary
from evaluations.services.outcomes.allowances import bound_names
from evaluations.services.outcomes.claims import CLAIMED, claimed_by_others
from evaluations.services.outcomes.counting import count_reported, requests_told
from evaluations.services.outcomes.pricing import compute_costs, compute_costs_of_sums
from evaluations.services.outcomes.rollups import hour_of, mark
from evaluations.services.outcomes.storing import Getter, Inserter
from evaluations.services.outcomes.words import LEARNT_LATER, keep_words
from policies.engine.errors import Problem
from policies.engine.outcomes.events import Event
from policies.models import CatalogueModel, Environment, RouterToken

LARGEST_BATCH = 1000
# Keys that nobody knows stand in pointers, and a receipt is to be no larger than clients read.
LONGEST_POINTER = 300


@dataclass(frozen=True)
class Rejection:
    """Why one event of a batch was not taken in; `pointer` points into that event."""

    index: int
    pointer: str
    message: str


@dataclass(frozen=True)
class Receipt:
    """What became of a batch. `duplicates` were taken in before and are left as they were."""

    accepted: int
    duplicates: int
    rejected: tuple[Rejection, ...]


def ingest(
    environment: Environment,
    events: Sequence[object],
    *,
    now: datetime.datetime,
    token: RouterToken | None = None,
) -> Receipt:
    """Keep the good events and summaries of a batch, each id once, and mark their hours.

    One transaction: an outcome is never kept without its hour being marked to be summed. What
    comes with a token is remembered as its, and may bring only so many names.
    """
    good, summaries, rejected = _read(events, now)
    # In one order, so that two batches with the same ids wait for one another instead of locking
    # each other out; of two events with one id the first of the batch counts.
    good.sort(key=lambda event: event.request_id)
    summaries.sort(key=lambda summary: summary.summary_id)
    computed = compute_costs(good)
    compute_costs_of_sums(summaries)
    told = [*good, *(summary.shared for summary in summaries)]
    getters = {**_NOT_LATE, "cost_is_computed": lambda event: event.request_id in computed}
    outcomes = Inserter(Outcome, "request_id", getters)
    same = {
        "environment_id": environment.pk,
        "token_id": None if token is None else token.pk,
        "received_at": now,
    }
    with transaction.atomic():
        if token is not None:
            bound_names(token, told)
        kept = outcomes.insert(good, **same)
        accepted = kept + _SUMMARIES.insert(summaries, **same)
        if accepted:
            mark(environment, Grain.HOUR, {hour_of(event.time) for event in told}, now)
        if accepted and token is not None:
            requests = requests_told(token, summaries, now)
            count_reported(token, now, outcomes=kept, requests_in_sums=requests)
        is_all_new = kept == len(good)
        claimed = set() if token is None or is_all_new else claimed_by_others(token, good)
    lost = [event for event in good if event.request_id in claimed]
    rejected += _claims(events, claimed)
    rejected.sort(key=lambda rejection: rejection.index)
    return Receipt(accepted, len(told) - accepted - len(lost), tuple(rejected))


def _claims(events: Sequence[object], claimed: set[str]) -> Iterator[Rejection]:
    for index, raw in enumerate(events):
        request_id = raw.get("request_id") if isinstance(raw, dict) else None
        if isinstance(request_id, str) and request_id in claimed:
            yield Rejection(index, "/request_id", CLAIMED)


def _read(
    events: Sequence[object], now: datetime.datetime
) -> tuple[list[Event], list[Summary], list[Rejection]]:
    good: list[Event] = []
    summaries: list[Summary] = []
    rejected: list[Rejection] = []
    names = Names(_listed)
    for index, raw in enumerate(events):
        if isinstance(raw, dict) and "summary_id" in raw:
            summary, problems = read_summary(raw, now, names)
            if summary is not None:
                summaries.append(summary)
        else:
            event, problems = read_event(raw, now, names)
            if event is not None:
                good.append(event)
        rejected += _rejections(index, problems)
    return good, summaries, rejected


_NOT_LATE: dict[str, Getter] = {
    "late_quality": lambda event: False,
    "late_label": lambda event: False,
}
_SUMMARIES = Inserter(
    OutcomeSummary,
    "summary_id",
    {
        "minute": lambda summary: summary.shared.time,
        "release_digest": lambda summary: summary.shared.release_digest,
        "class_key": lambda summary: summary.shared.class_key,
        "labelled_class": lambda summary: summary.shared.labelled_class,
        "model": lambda summary: summary.shared.model,
        "served_model": lambda summary: summary.shared.served_model,
        "tried": lambda summary: [attempt["model"] for attempt in summary.shared.attempts],
    },
)


def _listed() -> Listed:
    aliases_by_key = dict(CatalogueModel.objects.values_list("key", "aliases"))
    meant = {alias: key for key, aliases in aliases_by_key.items() for alias in aliases}
    return Listed(frozenset(aliases_by_key), meant)


def _rejections(index: int, problems: Iterable[Problem]) -> Iterator[Rejection]:
    for problem in problems:
        pointer = problem.pointer
        if len(pointer) > LONGEST_POINTER:
            pointer = f"{pointer[:LONGEST_POINTER]}…"
        yield Rejection(index, pointer, problem.message)


def take_feedback(
    environment: Environment,
    items: Sequence[object],
    *,
    now: datetime.datetime,
    token: RouterToken | None = None,
) -> Receipt:
    """Add qualities and labels to outcomes already known; the latest word counts, and each token's
    is kept.

    What repeats what is known counts as a duplicate. Feedback on a request whose outcome has not
    arrived is rejected, so that the sender sends it again.
    """
    told: list[tuple[int, Feedback]] = []
    rejected: list[Rejection] = []
    for index, raw in enumerate(items):
        feedback, problems = read_feedback(raw)
        if feedback is None:
            rejected += _rejections(index, problems)
        else:
            told.append((index, feedback))
    with transaction.atomic():
        if token is not None:
            bound_names(token, [feedback for _, feedback in told])
        known = _outcomes_by_id(environment, {feedback.request_id for _, feedback in told})
        said: list[tuple[Outcome, Feedback]] = []
        for index, feedback in told:
            outcome = known.get(feedback.request_id)
            if outcome is None:
                rejected.append(Rejection(index, "/request_id", _UNHEARD_OF))
            else:
                said.append((outcome, feedback))
        keep_words(said, token, now)
        news = [outcome for outcome, feedback in said if _apply(feedback, outcome)]
        changed = {outcome.pk: outcome for outcome in news}.values()
        Outcome.objects.bulk_update(changed, LEARNT_LATER, batch_size=500)
        mark(environment, Grain.HOUR, {hour_of(row.time) for row in changed}, now)
        if news and token is not None:
            count_reported(token, now, feedback=len(news))
    rejected.sort(key=lambda rejection: rejection.index)
    return Receipt(len(news), len(said) - len(news), tuple(rejected))


_UNHEARD_OF = (
    "no outcome with this request_id has arrived in this environment; "
    "report the outcome first, then send the feedback again"
)


def _outcomes_by_id(environment: Environment, request_ids: set[str]) -> dict[str, Outcome]:
    """Locked in one order, so that two feedback batches cannot wait for one another."""
    found = Outcome.objects.select_for_update().filter(
        environment=environment, request_id__in=request_ids
    )
    return {outcome.request_id: outcome for outcome in found.order_by("pk")}


def _apply(feedback: Feedback, outcome: Outcome) -> bool:
    """Write what is new into the row; whether anything was."""
    before = (outcome.quality_nano, outcome.labelled_class)
    if feedback.quality_nano is not None:
        outcome.late_quality |= outcome.quality_nano is None
        outcome.quality_nano = feedback.quality_nano
    if feedback.labelled_class:
        outcome.late_label |= not outcome.labelled_class
        outcome.labelled_class = feedback.labelled_class
    return before != (outcome.quality_nano, outcome.labelled_class)
