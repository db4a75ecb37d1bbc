"""Take in what routers report: outcomes once each, feedback whenever it is known."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from evaluations.models import Grain, Outcome
from evaluations.outcomes.events import Feedback, read_event, read_feedback
from evaluations.outcomes.names import Listed, Names
from evaluations.services.outcomes.allowances import bound_names
from evaluations.services.outcomes.rollups import hour_of, mark
from policies.engine.errors import Problem
from policies.engine.outcomes.events import Event
from policies.models import CatalogueModel, Environment, ModelPrice, RouterToken

LARGEST_BATCH = 1000
# USD per million tokens times tokens, in 10^-9 USD: 10^9 / 10^6.
NANO_PER_MTOK_USD = 1000
_ROWS_A_STATEMENT = 5000


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
    """Keep the good events of a batch, each request id once, and mark their hours.

    One transaction: an outcome is never kept without its hour being marked to be summed. What
    comes with a token is remembered as its, and may bring only so many names.
    """
    good: list[Event] = []
    rejected: list[Rejection] = []
    names = Names(_listed)
    for index, raw in enumerate(events):
        event, problems = read_event(raw, now, names)
        if event is None:
            rejected += _rejections(index, problems)
        else:
            good.append(event)
    # In one order, so that two batches with the same ids wait for one another instead of locking
    # each other out; of two events with one id the first of the batch counts.
    good.sort(key=lambda event: event.request_id)
    computed = _compute_costs(good)
    with transaction.atomic():
        if token is not None:
            bound_names(token, good)
        accepted = _insert(environment, good, computed, now, token)
        if accepted:
            mark(environment, Grain.HOUR, {hour_of(event.time) for event in good}, now)
    return Receipt(accepted, len(good) - accepted, tuple(rejected))


def _listed() -> Listed:
    aliases_by_key = dict(CatalogueModel.objects.values_list("key", "aliases"))
    meant = {alias: key for key, aliases in aliases_by_key.items() for alias in aliases}
    return Listed(frozenset(aliases_by_key), meant)


def _rejections(index: int, problems: Iterable[Problem]) -> list[Rejection]:
    return [Rejection(index, problem.pointer, problem.message) for problem in problems]


def _compute_costs(events: Sequence[Event]) -> set[str]:
    """Price the events that came without a cost, where it can be told; their request ids.

    Only a request that one attempt served can be priced by its tokens: what failed attempts
    before it cost is not known then, and a price without them would read as a saving.
    """
    without = [
        event
        for event in events
        if event.cost_nusd is None
        and event.served_model
        and event.input_tokens is not None
        and event.output_tokens is not None
        and len(event.attempts) <= 1
    ]
    names = {event.served_model for event in without}
    models = CatalogueModel.objects.filter(key__in=names).prefetch_related("prices")
    catalogue = {model.key: model for model in models} if names else {}
    computed = set()
    for event in without:
        model = catalogue.get(event.served_model or "")
        price = model.price_on(event.time.date()) if model else None
        if price is not None:
            event.cost_nusd = _priced(event, price)
            computed.add(event.request_id)
    return computed


def _priced(event: Event, price: ModelPrice) -> int:
    """In 10^-9 USD, by the price of the request's size at its hour."""
    sent, written = event.input_tokens or 0, event.output_tokens or 0
    price_in, price_out = price.rates.at(event.time, sent)
    return round((price_in * sent + price_out * written) * NANO_PER_MTOK_USD)


_COLUMNS = tuple(entry.attname for entry in Outcome._meta.concrete_fields if not entry.primary_key)
# Every name in it is the model's own, none a caller's.
_INSERT = (
    f"INSERT INTO {Outcome._meta.db_table} ({', '.join(_COLUMNS)}) "  # noqa: S608
    f"VALUES ({', '.join(['%s'] * len(_COLUMNS))}) "
    "ON CONFLICT (environment_id, request_id) DO NOTHING"
)


def _insert(
    environment: Environment,
    events: Sequence[Event],
    computed: set[str],
    now: datetime.datetime,
    token: RouterToken | None,
) -> int:
    """Insert what is new and count it.

    One prepared statement run over the rows: `bulk_create` with ignored conflicts is five times
    slower and cannot say how many rows were new.
    """
    accepted = 0
    with connection.cursor() as cursor:
        for start in range(0, len(events), _ROWS_A_STATEMENT):
            batch = events[start : start + _ROWS_A_STATEMENT]
            rows = [_row(environment, event, computed, now, token) for event in batch]
            cursor.executemany(_INSERT, rows)
            accepted += cursor.rowcount
    return accepted


def _row(
    environment: Environment,
    event: Event,
    computed: set[str],
    now: datetime.datetime,
    token: RouterToken | None,
) -> tuple[Any, ...]:
    """An event in the order of `_COLUMNS`, as the database's own adapter wants the values."""
    adapt = connection.ops
    values: dict[str, Any] = {
        "environment_id": environment.pk,
        "token_id": None if token is None else token.pk,
        "received_at": adapt.adapt_datetimefield_value(now),
        "cost_is_computed": event.request_id in computed,
    }
    for column in _COLUMNS:
        if column not in values:
            values[column] = getattr(event, column)
    values["time"] = adapt.adapt_datetimefield_value(event.time)
    values["attributes"] = adapt.adapt_json_value(event.attributes, None)
    values["attempts"] = adapt.adapt_json_value(event.attempts, None)
    return tuple(values[column] for column in _COLUMNS)


def take_feedback(
    environment: Environment,
    items: Sequence[object],
    *,
    now: datetime.datetime,
    token: RouterToken | None = None,
) -> Receipt:
    """Add qualities and labels to outcomes already known; the latest word counts.

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
        changed: dict[int, Outcome] = {}
        accepted = 0
        for index, feedback in told:
            outcome = known.get(feedback.request_id)
            if outcome is None:
                rejected.append(Rejection(index, "/request_id", _UNHEARD_OF))
            elif _apply(feedback, outcome):
                changed[outcome.pk] = outcome
                accepted += 1
        Outcome.objects.bulk_update(
            changed.values(), ["quality_nano", "labelled_class"], batch_size=500
        )
        mark(environment, Grain.HOUR, {hour_of(row.time) for row in changed.values()}, now)
    found = sum(feedback.request_id in known for _, feedback in told)
    rejected.sort(key=lambda rejection: rejection.index)
    return Receipt(accepted, found - accepted, tuple(rejected))


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
        outcome.quality_nano = feedback.quality_nano
    if feedback.labelled_class:
        outcome.labelled_class = feedback.labelled_class
    return before != (outcome.quality_nano, outcome.labelled_class)
