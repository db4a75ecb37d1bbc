"""Which names a router's token may bring in its outcomes: those that are known, and some more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from evaluations.models import ReportedName
from evaluations.outcomes.bounds import (
    MOST_NAMES,
    KnownNames,
    Name,
    NameKind,
    keep_within,
    unknown_names,
)
from evaluations.outcomes.events import Feedback
from policies.engine.outcomes.events import Event
from policies.models import Bundle, CatalogueModel, Release, RouterToken

# Routers that report are on one of the last releases; older digests are known all the same.
RELEASES_READ = 20


def bound_names(token: RouterToken, events: Sequence[Event | Feedback]) -> None:
    """Put "other" in place of what is beyond the token's allowance. Belongs in the transaction
    that keeps the events."""
    known = known_names(token.environment_id)
    unknown = unknown_names(events, known)
    brought = _brought(token)
    new = [name for name in unknown if name not in brought]
    if new:
        # One batch after the other, so that two cannot both take what is left.
        RouterToken.objects.select_for_update(no_key=True).get(pk=token.pk)
        brought = _brought(token)
        brought |= _add(token, [name for name in new if name not in brought], brought)
    keep_within(events, known, brought.__contains__)


def _brought(token: RouterToken) -> set[Name]:
    rows = ReportedName.objects.filter(token=token).values_list("kind", "name")
    return {(NameKind(kind), name) for kind, name in rows}


def _add(token: RouterToken, new: Sequence[Name], brought: set[Name]) -> set[Name]:
    left = dict(MOST_NAMES)
    for kind, _ in brought:
        left[kind] -= 1
    added: list[Name] = []
    for kind, name in new:
        if left[kind] > 0:
            left[kind] -= 1
            added.append((kind, name))
    ReportedName.objects.bulk_create(
        [ReportedName(token=token, kind=kind, name=name) for kind, name in added], batch_size=500
    )
    return set(added)


def known_names(environment: int) -> KnownNames:
    """What the environment's releases and the catalogue name."""
    releases = Release.objects.filter(environment=environment).order_by("-number")
    rows = list(releases.values_list("bundle_id", "bundle__digest"))
    names: dict[NameKind, set[str]] = {kind: set() for kind in NameKind}
    for bundle, _ in dict.fromkeys(rows[:RELEASES_READ]):
        for kind, found in _named_in(bundle).items():
            names[kind] |= found
    names[NameKind.MODEL] |= set(CatalogueModel.objects.values_list("key", flat=True))
    return KnownNames(names, {digest for _, digest in rows})


@lru_cache(maxsize=256)
def _named_in(bundle: int) -> dict[NameKind, frozenset[str]]:
    """The names of a bundle, which never changes."""
    content = Bundle.objects.values_list("content", flat=True).get(pk=bundle)
    classes = content["request_classification"]["classes"]
    rules = content["router_policy"]["rules"]
    return {
        NameKind.CLASS: frozenset(entry["key"] for entry in classes),
        NameKind.RULE: frozenset({"default", *(rule["id"] for rule in rules)}),
        NameKind.MODEL: frozenset(_models_of(content)),
    }


def _models_of(content: dict[str, object]) -> list[str]:
    catalogue = content.get("catalogue")
    models = catalogue.get("models") if isinstance(catalogue, dict) else None
    return list(models) if isinstance(models, dict) else []
