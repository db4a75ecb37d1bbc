"""The routers of an environment, one by one and in groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import BooleanField, Case, CharField, Count, ExpressionWrapper, F, Value, When
from django.db.models.functions import Cast

from policies.fleet.standing import TROUBLES, WORDS, Standing, StandingWords
from policies.models import Release, RouterInstance
from policies.models.fleet import RouterInstanceQuerySet, is_live, is_on, standings
from policies.services.routers.convergence import Fleet, live
from policies.services.routers.fleet import gone_after

GONE = "gone"
STATES = (*(str(standing) for standing in Standing), GONE)
MOST_GROUPS = 20


@dataclass(frozen=True)
class Wanted:
    """Which routers are asked for. `state` is a Standing, or `gone`; `search` is part of a name;
    what is empty narrows nothing."""

    state: str = ""
    search: str = ""
    release: int | None = None
    region: str = ""
    version: str = ""

    @property
    def narrows(self) -> bool:
        """Besides by state."""
        return bool(self.search or self.release or self.region or self.version)

    @property
    def columns(self) -> dict[str, str | int]:
        compared = {
            "active_number": self.release,
            "region": self.region,
            "client_version": self.version,
            "instance_id__icontains": self.search,
        }
        return {column: value for column, value in compared.items() if value}


def instances_of(fleet: Fleet, wanted: Wanted) -> RouterInstanceQuerySet:
    """Those of a fleet that were asked for, what is in trouble first. Each row has
    `is_<standing>` for every Standing."""
    environment = fleet.environment.pk
    asked = standings(environment, fleet.in_force, fleet.now)
    rows = RouterInstance.objects.filter(environment=environment, **wanted.columns)
    running = is_live(fleet.now, gone_after())
    if wanted.state == GONE:
        rows = rows.exclude(running)
    else:
        rows = rows.filter(running)
        if wanted.state:
            rows = rows.filter(asked[Standing(wanted.state)])
    told = rows.annotate(
        **{
            f"is_{standing}": ExpressionWrapper(which, BooleanField())
            for standing, which in asked.items()
        },
        rank=Case(
            *(When(asked[trouble], then=place) for place, trouble in enumerate(TROUBLES)),
            default=len(TROUBLES),
        ),
    )
    return told.order_by("rank", "instance_id")


def standings_of(instance: RouterInstance) -> list[tuple[Standing, StandingWords]]:
    """What is the matter with a row of `instances_of`, worst first."""
    return [
        (trouble, WORDS[trouble])
        for trouble in TROUBLES
        if getattr(instance, f"is_{trouble}", False)
    ]


@dataclass(frozen=True)
class Group:
    """Routers that have a value in common; `have` of them decide with the release in force."""

    value: str
    routers: int
    have: int
    detail: str = ""
    release: Release | None = None


@dataclass(frozen=True)
class Groups:
    """The largest groups by release, region and client version. Two queries."""

    by_release: list[Group] = field(default_factory=list)
    by_region: list[Group] = field(default_factory=list)
    by_version: list[Group] = field(default_factory=list)


def groups_of(fleet: Fleet) -> Groups:
    """Of more than MOST_GROUPS the smallest are left out."""
    rows = live(fleet.environment.pk, fleet.now).order_by()
    current = is_on(fleet.in_force) if fleet.in_force else None
    have = Count("pk", filter=current) if current is not None else Value(0)
    keys = {
        "release": (Cast("active_number", CharField()), F("active_digest")),
        "region": (F("region"), Value("")),
        "version": (F("client_version"), F("client_name")),
    }
    parts = [
        rows.annotate(kind=Value(kind), value=value, detail=detail)
        .values_list("kind", "value", "detail")
        .annotate(routers=Count("pk"), have=have)
        for kind, (value, detail) in keys.items()
    ]
    found: dict[str, list[Group]] = {kind: [] for kind in keys}
    for kind, value, detail, routers, having in parts[0].union(*parts[1:], all=True):
        found[kind].append(Group(value or "", routers, having, detail))
    for kind, groups in found.items():
        groups.sort(key=lambda group: (-group.routers, group.value))
        del groups[MOST_GROUPS:]
        if kind == "release":
            found[kind] = _with_releases(fleet, groups)
    return Groups(found["release"], found["region"], found["version"])


def _with_releases(fleet: Fleet, groups: list[Group]) -> list[Group]:
    rows = Release.objects.filter(
        environment=fleet.environment,
        number__in=[int(group.value) for group in groups if group.value],
    ).select_related("workflow", "environment", "bundle")
    rows = rows.defer("body", "signature", "bundle__content")
    known: Mapping[tuple[str, str], Release] = {
        (str(row.number), row.bundle.digest): row for row in rows
    }
    return [
        Group(
            group.value,
            group.routers,
            group.have,
            group.detail,
            known.get((group.value, group.detail)),
        )
        for group in groups
    ]
