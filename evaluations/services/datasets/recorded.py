"""The recorded requests that answer for a workflow: datasets of a plan, or its last week."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Mod
from django.utils import timezone

from evaluations.datasets.sealing import Part
from evaluations.impact.reading import division, read_traffic
from evaluations.impact.traffic import NOTHING, Source, TrafficRequest, Use
from evaluations.models import Dataset, Grain, Outcome, OutcomeRollup
from evaluations.services.datasets.sealed import datasets_of, furthest_plan, open_part, requests_in
from policies.engine import Request
from policies.models import Environment, EvidencePlan, Workflow
from policies.wording.numbers import number

# Of more requests than these a part is looked at, always the same: some three seconds' work.
MOST_REQUESTS = 50_000
WEEK = datetime.timedelta(days=7)
_COLUMNS = (
    "request_id", "conversation_id", "tenant", "attributes", "served_model", "cost_nusd",
    "input_tokens", "output_tokens", "attempts",
)  # fmt: skip


@dataclass(frozen=True)
class Recorded:
    """A source that can be read; nothing is read before it is asked for."""

    source: Source
    dataset: Dataset | None = None
    part: Part | None = None
    environment: Environment | None = None
    until: datetime.datetime | None = None

    def read(self, models: Collection[str], *, with_prompts: bool) -> Iterator[TrafficRequest]:
        """Its requests, with what the named models recorded for them."""
        share = min(1.0, MOST_REQUESTS / max(1, self.source.requests))
        if self.dataset is not None:
            yield from read_traffic(
                self.dataset.path,
                models,
                with_prompts=with_prompts,
                divided_by=self.source.divided_by,
                share=share,
                part=self.part,
            )
        elif self.environment is not None and self.until is not None:
            rows = _outcomes(self.environment, self.until)
            for row in _part(rows, share).values_list(*_COLUMNS).iterator(chunk_size=2000):
                yield _of_outcome(row, self.source.divided_by)


def recorded_requests(workflow: Workflow) -> Recorded:
    """What previews read: the first dataset of the furthest plan, else the last week, else
    nothing.
    """
    plan = furthest_plan(workflow)
    for dataset in datasets_of(plan) if plan else []:
        return of_dataset(dataset)
    return last_week(workflow) or Recorded(NOTHING)


def recorded_on(plan: EvidencePlan) -> list[Recorded]:
    """What impact is measured on where a plan binds it: each of its datasets that is there."""
    return [of_dataset(dataset) for dataset in datasets_of(plan)]


def of_dataset(dataset: Dataset) -> Recorded:
    """The open part of a dataset."""
    part = open_part(dataset)
    divided_by = division(dataset.summary.get("attributes", {}))
    requests = requests_in(dataset, part)
    source = Source("dataset", dataset.digest, f"“{dataset.name}”", requests, divided_by)
    return Recorded(source, dataset=dataset, part=part)


def last_week(workflow: Workflow) -> Recorded | None:
    """The last seven days of the environment furthest along that reported any; to the hour, so
    that within one nothing is computed twice.
    """
    until = timezone.now().replace(minute=0, second=0, microsecond=0) + datetime.timedelta(hours=1)
    for environment in Environment.objects.filter(workflow=workflow).order_by("-position"):
        rows = _outcomes(environment, until)
        requests = rows.count()
        if requests:
            key = f"week:{environment.pk}:{until:%Y-%m-%dT%H}"
            name = f"the last seven days in {environment.name}"
            if unseen := _in_sums_alone(environment, until, rows):
                name += f" ({number(unseen)} more were told in sums alone)"
            source = Source("week", key, name, requests, _division_of(rows))
            return Recorded(source, environment=environment, until=until)
    return None


def _outcomes(environment: Environment, until: datetime.datetime) -> QuerySet[Outcome]:
    return Outcome.objects.filter(environment=environment, time__gte=until - WEEK, time__lt=until)


def _in_sums_alone(
    environment: Environment, until: datetime.datetime, rows: QuerySet[Outcome]
) -> int:
    """Requests of the week that nobody can look at, as far as they are rolled up."""
    hours = OutcomeRollup.objects.filter(
        environment=environment, grain=Grain.HOUR, start__gte=until - WEEK, start__lt=until
    )
    told = hours.aggregate(told=Sum("in_sums"))["told"] or 0
    return max(0, told - rows.filter(in_sums=True).count()) if told else 0


def _part(rows: QuerySet[Outcome], share: float) -> QuerySet[Outcome]:
    """Every n-th row by number."""
    step = round(1 / share)
    if step <= 1:
        return rows
    return rows.annotate(left=Mod(F("pk"), step)).filter(left=0)


def _division_of(rows: QuerySet[Outcome]) -> str:
    if rows.exclude(tenant="").exists():
        return "tenant"
    first = rows.first()
    return division(first.attributes) if first else ""


def _of_outcome(row: tuple[object, ...], divided_by: str) -> TrafficRequest:
    values = dict(zip(_COLUMNS, row, strict=True))
    attributes, served, attempts = values["attributes"], values["served_model"], values["attempts"]
    known = attributes if isinstance(attributes, dict) else {}
    tries = len(attempts) if isinstance(attempts, list) else 0
    # An outcome's cost is of all its attempts: only of a single one is it the model's own.
    cost = values["cost_nusd"] if tries <= 1 else None
    use = Use(_whole(cost), _whole(values["input_tokens"]), _whole(values["output_tokens"]))
    request = Request(
        attributes=known,
        request_id=str(values["request_id"]),
        input_tokens=_whole(values["input_tokens"]),
    )
    return TrafficRequest(
        request,
        cluster=str(values["conversation_id"] or values["request_id"]),
        calls={str(served): use} if served else {},
        tenant=str(values["tenant"] or known.get(divided_by, "")),
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
