"""The component ``fallback_matrix``: what happens after a failure, and within which limits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from .reading import Place, parsed, unique_words
from .routing import read_model_name

ANY_MODEL = "*"
FAILURE_KINDS = (
    "rate_limit",
    "quota_exhausted",
    "timeout",
    "stream_interrupted",
    "server_error",
    "overloaded",
    "network",
    "auth",
    "not_found",
    "bad_request",
    "content_policy",
    "context_window",
    "capability_unsupported",
    "budget_exceeded",
    "invalid_output",
    "low_quality",
)
# The request itself is wrong: never retried nor sent elsewhere, so no row may answer it.
NEVER_ANSWERED = ("bad_request",)
ANSWERABLE = tuple(kind for kind in FAILURE_KINDS if kind not in NEVER_ANSWERED)
# Failures that befall a provider; from the others, a sister model at the same one may help.
OUTAGES = ("rate_limit", "quota_exhausted", "timeout", "server_error", "overloaded", "network")
# The same call to the same model fails alike; only another target or a change elsewhere helps.
REPEATING = (
    "quota_exhausted",
    "auth",
    "not_found",
    "content_policy",
    "context_window",
    "capability_unsupported",
    "budget_exceeded",
)
JITTERS = ("full", "none")


@dataclass(frozen=True, slots=True)
class Retries:
    """Further tries on the same target. Before the k-th (k = 1, 2, …) the wait is at most
    ``min(max_ms, base_ms · factor^(k−1))`` milliseconds, of which jitter takes a share.
    """

    count: int = 0
    base_ms: float = 200
    factor: float = 2
    max_ms: float = 2000
    jitter: str = "full"
    honour_retry_after: bool = True

    def to_json(self) -> dict[str, object]:
        return {
            "count": self.count,
            "base_ms": self.base_ms,
            "factor": self.factor,
            "max_ms": self.max_ms,
            "jitter": self.jitter,
            "honour_retry_after": self.honour_retry_after,
        }


@dataclass(frozen=True, slots=True)
class FallbackRow:
    """What to do when ``model`` ("*": any) fails on class ``class_key`` (None: any) with one of
    the kinds in ``on``: retry, then go to the first target of ``then`` not yet visited.
    """

    model: str
    class_key: str | None
    on: tuple[str, ...]
    retries: Retries = Retries()
    then: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "model": self.model,
            "class": self.class_key,
            "on": list(self.on),
            "retries": self.retries.to_json(),
            "then": list(self.then),
        }


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """Retries on the same target may be at most ``ratio`` of requests, but always
    ``min_per_second``. The router counts; the engine is told by ``Runtime.retry_allowed``.
    """

    ratio: float = 0.1
    min_per_second: float = 1

    def to_json(self) -> dict[str, object]:
        return {"ratio": self.ratio, "min_per_second": self.min_per_second}


@dataclass(frozen=True, slots=True)
class Breaker:
    """A target is left alone for ``cooldown_s`` seconds once ``failure_ratio`` of at least
    ``min_requests`` requests within ``window_s`` seconds have failed.
    """

    failure_ratio: float = 0.5
    min_requests: int = 20
    window_s: float = 30
    cooldown_s: float = 15

    def to_json(self) -> dict[str, object]:
        return {
            "failure_ratio": self.failure_ratio,
            "min_requests": self.min_requests,
            "window_s": self.window_s,
            "cooldown_s": self.cooldown_s,
        }


@dataclass(frozen=True, slots=True)
class Preserve:
    """Which requirements of the route a fallback may not break."""

    regions: bool = True
    capabilities: bool = True
    context: bool = True

    def to_json(self) -> dict[str, object]:
        return {
            "regions": self.regions,
            "capabilities": self.capabilities,
            "context": self.context,
        }


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a whole chain. A null cost cap, retry budget or breaker is no limit."""

    max_attempts: int = 4
    deadline_ms: float = 30_000
    cost_cap_usd: float | None = None
    retry_budget: RetryBudget | None = RetryBudget()
    breaker: Breaker | None = Breaker()
    preserve: Preserve = Preserve()

    def to_json(self) -> dict[str, object]:
        return {
            "max_attempts": self.max_attempts,
            "deadline_ms": self.deadline_ms,
            "cost_cap_usd": self.cost_cap_usd,
            "retry_budget": self.retry_budget and self.retry_budget.to_json(),
            "breaker": self.breaker and self.breaker.to_json(),
            "preserve": self.preserve.to_json(),
        }


@dataclass(frozen=True)
class FallbackMatrix:
    """The whole component document."""

    rows: tuple[FallbackRow, ...] = ()
    limits: Limits = Limits()

    @cached_property
    def _cells(self) -> dict[tuple[str, str | None, str], FallbackRow]:
        return {(row.model, row.class_key, kind): row for row in self.rows for kind in row.on}

    def row_for(self, model: str, class_key: str | None, failure_kind: str) -> FallbackRow | None:
        """The row that answers a failure: model and class, then model, then class, then any."""
        for key in (
            (model, class_key, failure_kind),
            (model, None, failure_kind),
            (ANY_MODEL, class_key, failure_kind),
            (ANY_MODEL, None, failure_kind),
        ):
            row = self._cells.get(key)
            if row is not None:
                return row
        return None

    def to_json(self) -> dict[str, object]:
        return {
            "schema": 1,
            "rows": [row.to_json() for row in self.rows],
            "limits": self.limits.to_json(),
        }


def parse_fallback_matrix(raw: object) -> FallbackMatrix:
    """Parses the document on its own: names of classes and models stay unchecked."""
    return parsed(raw, read_fallback_matrix)


def read_fallback_matrix(
    place: Place,
    classes: Collection[str] | None = None,
    models: Collection[str] | None = None,
) -> FallbackMatrix:
    """Reads the document; checks names against ``classes`` and ``models`` where given."""
    fields = place.fields("schema", "rows", "limits")
    fields.required("schema").schema()
    items = fields.optional("rows", []).items(of="rows")
    rows = tuple(_read_row(item, classes, models) for item in items)
    _report_repeated_cells(items, rows)
    return FallbackMatrix(rows, _read_limits(fields.optional("limits", {})))


def _report_repeated_cells(items: list[Place], rows: tuple[FallbackRow, ...]) -> None:
    first: dict[tuple[str, str | None, str], str] = {}
    for item, row in zip(items, rows, strict=True):
        for index, kind in enumerate(row.on):
            cell = (row.model, row.class_key, kind)
            earlier = first.setdefault(cell, item.pointer)
            if earlier != item.pointer and all(part != "" for part in cell):
                scope = f'class "{row.class_key}"' if row.class_key else "any class"
                item.child("on", None).child(index, None).report(
                    f'"{kind}" of model "{row.model}" and {scope} is already answered at {earlier}'
                )


def _read_row(
    place: Place, classes: Collection[str] | None, models: Collection[str] | None
) -> FallbackRow:
    fields = place.fields("model", "class", "on", "retries", "then")
    model = fields.required("model")
    name = ANY_MODEL if model.value == ANY_MODEL else read_model_name(model, models)
    then = fields.optional("then", [])
    targets = unique_words(then, lambda item: read_model_name(item, models), "target")
    if name and name in targets:
        then.child(targets.index(name), name).report("must not be the model that has just failed")
    return FallbackRow(
        model=name,
        class_key=fields.optional("class", None).nullable(lambda item: _class(item, classes)),
        on=_read_kinds(fields.required("on")),
        retries=_read_retries(fields.optional("retries", {})),
        then=targets,
    )


def _class(place: Place, classes: Collection[str] | None) -> str:
    if place.value == "*":
        place.report("must be null for any class")
        return ""
    return place.key() if classes is None else place.choice(classes, what="null or a class")


def _read_kinds(place: Place) -> tuple[str, ...]:
    kinds = unique_words(place, lambda item: item.choice(FAILURE_KINDS), "failure kind")
    if isinstance(place.value, list | tuple) and not kinds:
        place.report(f"must name at least one failure kind: {', '.join(FAILURE_KINDS)}")
    for index, kind in enumerate(kinds):
        if kind in NEVER_ANSWERED:
            place.child(index, kind).report(
                f"must not be {kind}, which is never retried nor sent elsewhere: "
                "the request itself is wrong"
            )
    return kinds


def _read_retries(place: Place) -> Retries:
    fields = place.fields("count", "base_ms", "factor", "max_ms", "jitter", "honour_retry_after")
    base = fields.optional("base_ms", 200).number(at_least=0)
    # A base above the default ceiling raises the ceiling with it when none is written.
    longest = fields.optional("max_ms", max(2000, base))
    if longest.number(at_least=0) < base:
        longest.report(f"must be at least base_ms ({base:g})")
    return Retries(
        count=fields.optional("count", 0).integer(at_most=20),
        base_ms=base,
        factor=fields.optional("factor", 2).number(at_least=1, at_most=100),
        max_ms=longest.number(),
        jitter=fields.optional("jitter", "full").choice(JITTERS),
        honour_retry_after=fields.optional("honour_retry_after", True).flag(),
    )


def _read_limits(place: Place) -> Limits:
    fields = place.fields(
        "max_attempts", "deadline_ms", "cost_cap_usd", "retry_budget", "breaker", "preserve"
    )
    return Limits(
        max_attempts=fields.optional("max_attempts", 4).integer(at_least=1, at_most=100),
        deadline_ms=fields.optional("deadline_ms", 30_000).number(at_least=0, above=True),
        cost_cap_usd=fields.optional("cost_cap_usd", None).nullable(
            lambda cap: cap.number(at_least=0, above=True)
        ),
        retry_budget=fields.optional("retry_budget", {}).nullable(_read_retry_budget),
        breaker=fields.optional("breaker", {}).nullable(_read_breaker),
        preserve=_read_preserve(fields.optional("preserve", {})),
    )


def _read_retry_budget(place: Place) -> RetryBudget:
    fields = place.fields("ratio", "min_per_second")
    return RetryBudget(
        ratio=fields.optional("ratio", 0.1).number(at_least=0, at_most=10),
        min_per_second=fields.optional("min_per_second", 1).number(at_least=0),
    )


def _read_breaker(place: Place) -> Breaker:
    fields = place.fields("failure_ratio", "min_requests", "window_s", "cooldown_s")
    return Breaker(
        failure_ratio=fields.optional("failure_ratio", 0.5).number(
            at_least=0, at_most=1, above=True
        ),
        min_requests=fields.optional("min_requests", 20).integer(at_least=1),
        window_s=fields.optional("window_s", 30).number(at_least=0, above=True),
        cooldown_s=fields.optional("cooldown_s", 15).number(at_least=0),
    )


def _read_preserve(place: Place) -> Preserve:
    fields = place.fields("regions", "capabilities", "context")
    return Preserve(
        regions=fields.optional("regions", True).flag(),
        capabilities=fields.optional("capabilities", True).flag(),
        context=fields.optional("context", True).flag(),
    )
