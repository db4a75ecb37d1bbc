"""Findings about models: retired, deprecated or unknown ones, and candidates that never serve."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..bundle import Bundle
from ..errors import pointer_token
from ..fallback import ANY_MODEL
from ..routing import DEFAULT_RULE, Route
from .findings import ERROR, INFO, WARNING, Finding, name_of
from .regions import POLICY, Region
from .route_effects import able, never_served_by

STANDING = {
    "unknown": (ERROR, "is not in the catalogue"),
    "retired": (ERROR, "is retired and no longer serves"),
    "deprecated": (WARNING, "is deprecated; plan for another model"),
}


def model_findings(bundle: Bundle) -> Iterator[Finding]:
    """Models that no longer serve, or soon will not, each once with all places that name it."""
    for name, places in _uses(bundle).items():
        model = bundle.catalogue.models.get(name)
        status = model.status if model else "unknown"
        if status not in STANDING:
            continue
        severity, words = STANDING[status]
        only_rows = all(place.endswith("/model") and "/rows/" in place for place in places)
        yield Finding(
            kind=f"model_{status}",
            name=name_of(f"model_{status}", name),
            severity=WARNING if only_rows else severity,
            pointer=places[0],
            sentence=f"{name} {words}; it is named in {_count(places)}.",
            related=(*places[1:], "/catalogue/models" + pointer_token(name)),
            region=Region(POLICY, models=(name,)),
        )


def _count(places: list[str]) -> str:
    return "one place" if len(places) == 1 else f"{len(places)} places"


def _uses(bundle: Bundle) -> dict[str, list[str]]:
    """Model → pointers to where it is named."""
    uses: dict[str, list[str]] = {}
    for pointer, _, route in routes_of(bundle):
        for index, candidate in enumerate(route.candidates):
            uses.setdefault(candidate.model, []).append(f"{pointer}/candidates/{index}/model")
    for number, row in enumerate(bundle.fallback_matrix.rows):
        for index, target in enumerate(row.then):
            uses.setdefault(target, []).append(f"/fallback_matrix/rows/{number}/then/{index}")
        if row.model != ANY_MODEL:
            uses.setdefault(row.model, []).append(f"/fallback_matrix/rows/{number}/model")
    return uses


def routes_of(bundle: Bundle) -> list[tuple[str, str, Route]]:
    """(pointer, rule id, route) of every route, the default last."""
    rules = bundle.router_policy.rules
    own = [
        (f"/router_policy/rules/{index}/route", rule.id, rule.route)
        for index, rule in enumerate(rules)
    ]
    return [*own, ("/router_policy/default", DEFAULT_RULE, bundle.router_policy.default)]


def candidate_findings(bundle: Bundle, reached: Collection[str]) -> Iterator[Finding]:
    """Candidates that no request can be sent to, and routes without any other."""
    for pointer, rule_id, route in routes_of(bundle):
        if able(bundle.catalogue, route):
            yield from _never_chosen(bundle, pointer, rule_id, route)
        else:
            yield _route_without_candidate(bundle, pointer, rule_id, route, rule_id in reached)


def _never_chosen(bundle: Bundle, pointer: str, rule_id: str, route: Route) -> Iterator[Finding]:
    for index, candidate in enumerate(route.candidates):
        out = never_served_by(bundle.catalogue, route, candidate)
        # Retired and unknown models are told of once, with all their places.
        if out is None or out.reason in ("retired", "unknown_model"):
            continue
        yield Finding(
            kind="candidate_never_chosen",
            name=name_of("candidate_never_chosen", rule_id, candidate.model),
            severity=INFO if out.reason == "zero_weight" else WARNING,
            pointer=f"{pointer}/candidates/{index}",
            sentence=f'"{rule_id}" can never choose {candidate.model}: {out.sentence}',
            related=(f"{pointer}/constraints",) if out.reason != "zero_weight" else (),
            rules=(rule_id,),
            region=Region(POLICY, decided_by=(rule_id,)),
        )


def _route_without_candidate(
    bundle: Bundle, pointer: str, rule_id: str, route: Route, reached: bool
) -> Finding:
    falls = route.on_no_candidate == "default"
    reasons = [never_served_by(bundle.catalogue, route, entry) for entry in route.candidates]
    said = " ".join(reason.sentence for reason in reasons if reason)
    then = "goes to the default route" if falls else "is refused"
    return Finding(
        kind="route_without_candidate",
        name=name_of("route_without_candidate", rule_id),
        severity=ERROR if reached and not falls else WARNING,
        pointer=f"{pointer}/candidates",
        sentence=f'No candidate of "{rule_id}" may serve, so every request {then}. {said}',
        related=(f"{pointer}/constraints",),
        rules=(rule_id,),
        region=Region(POLICY, decided_by=(rule_id,)),
    )
