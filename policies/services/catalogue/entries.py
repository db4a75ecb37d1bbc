"""The catalogue's write path: providers, models, and prices that only ever begin, never change."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.engine import DocumentError, Problem, parse_catalogue
from policies.governance.refusals import Reason, Refused
from policies.models import CatalogueModel, ModelPrice, Provider
from policies.models.catalogue import ModelStatus
from policies.pricing.rates import Tier, Window
from policies.pricing.soundness import problems_of
from policies.services import audit
from policies.services.review.settling import settle_users_of
from policies.services.rights import can_manage_catalogue


@dataclass(frozen=True)
class ModelFacts:
    """What the catalogue says of a model besides its prices.

    ``context_window`` in tokens; ``aliases`` are other names under which answers tell it.
    """

    label: str
    context_window: int
    regions: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    status: str = ModelStatus.ACTIVE
    retires_on: datetime.date | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Price:
    """USD per million tokens, from a day on; other ones for longer requests and by the hour."""

    effective_from: datetime.date
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    tiers: tuple[Tier, ...] = ()
    windows: tuple[Window, ...] = ()

    def columns(self) -> dict[str, Any]:
        return {
            "effective_from": self.effective_from,
            "input_usd_per_mtok": self.input_usd_per_mtok,
            "output_usd_per_mtok": self.output_usd_per_mtok,
            "tiers": [tier.to_json() for tier in self.tiers],
            "windows": [window.to_json() for window in self.windows],
        }


def require_manager(acting_user: User) -> None:
    if not can_manage_catalogue(acting_user):
        raise Refused(
            Reason(
                "role",
                "Only an owner, operator or administrator of a team may edit the catalogue.",
            )
        )


@transaction.atomic
def add_provider(slug: str, label: str, *, acting_user: User) -> Provider:
    require_manager(acting_user)
    if Provider.objects.filter(slug=slug).exists():
        raise Refused(
            Reason("duplicate", f"There is a provider {slug} already.", "Use another key.")
        )
    _require_sound({"providers": {slug: {"label": label}}, "models": {}})
    provider = Provider.objects.create(slug=slug, label=label)
    audit.record(
        "provider.added", provider, acting_user=acting_user, detail={"slug": slug, "label": label}
    )
    return provider


@transaction.atomic
def add_model(
    provider: Provider, key: str, facts: ModelFacts, price: Price, *, acting_user: User
) -> CatalogueModel:
    """A new model with its first price: without one no policy could name it."""
    require_manager(acting_user)
    if CatalogueModel.objects.filter(key=key).exists():
        raise Refused(Reason("duplicate", f"There is a model {key} already.", "Use another name."))
    _require_sound(_document(provider, key, facts))
    _require_own_names(key, facts.aliases)
    _require_sound_price(price, "/price")
    model = CatalogueModel.objects.create(provider=provider, key=key, **_columns(facts))
    _create_price(model, price, acting_user)
    audit.record(
        "model.added",
        model,
        acting_user=acting_user,
        detail={"key": key, **_told(asdict(facts)), "price": _told(price.columns())},
    )
    return model


@transaction.atomic
def change_model(model: CatalogueModel, facts: ModelFacts, *, acting_user: User) -> CatalogueModel:
    """Changes what is said of a model. Released bundles keep what was said when they were made.

    Whether one may alone is asked by `services/rules`.
    """
    require_facts(model, facts, acting_user=acting_user)
    kept = CatalogueModel.objects.select_for_update().get(pk=model.pk)
    columns = _columns(facts)
    changed = {name: value for name, value in columns.items() if getattr(kept, name) != value}
    if not changed:
        return kept
    before = {name: getattr(kept, name) for name in changed}
    for name, value in changed.items():
        setattr(kept, name, value)
    kept.save(update_fields=list(changed))
    audit.record(
        "model.changed",
        kept,
        acting_user=acting_user,
        detail={"key": kept.key, "before": _told(before), "after": _told(changed)},
    )
    because = f"The catalogue says something else of {kept.key}."
    settle_users_of([kept.key], acting_user=acting_user, because=because)
    return kept


def require_facts(model: CatalogueModel, facts: ModelFacts, *, acting_user: User) -> None:
    """Raise Refused or DocumentError for what may not be said of a model."""
    require_manager(acting_user)
    _require_sound(_document(model.provider, model.key, facts))
    if sorted(facts.aliases) != model.aliases:
        _require_own_names(model.key, facts.aliases)


@transaction.atomic
def add_price(model: CatalogueModel, price: Price, *, acting_user: User) -> ModelPrice:
    """A price from a day on, today at the earliest: what was paid in the past stays as it was."""
    CatalogueModel.objects.select_for_update().get(pk=model.pk)
    require_price(model, price, acting_user=acting_user)
    created = _create_price(model, price, acting_user)
    audit.record(
        "price.added",
        created,
        acting_user=acting_user,
        detail={"model": model.key, **_told(price.columns())},
    )
    return created


def require_price(model: CatalogueModel, price: Price, *, acting_user: User) -> None:
    """Raise Refused for a price that cannot begin then, DocumentError for one that is none."""
    require_manager(acting_user)
    _require_sound_price(price)
    today = timezone.now().date()
    if price.effective_from < today:
        raise Refused(
            Reason(
                "past",
                f"{price.effective_from} is past, and costs of that time are already counted.",
                f"Let the price begin on {today} or later.",
            )
        )
    if model.prices.filter(effective_from=price.effective_from).exists():
        raise Refused(
            Reason(
                "duplicate",
                f"{model.key} has a price from {price.effective_from} already.",
                "Choose another day; prices are not overwritten.",
            )
        )


def _create_price(model: CatalogueModel, price: Price, acting_user: User) -> ModelPrice:
    return ModelPrice.objects.create(model=model, created_by=acting_user, **price.columns())


def _require_sound_price(price: Price, place: str = "") -> None:
    problems = problems_of(price.tiers, price.windows)
    if problems:
        raise DocumentError(problem.under(place) for problem in problems)


def _columns(facts: ModelFacts) -> dict[str, Any]:
    return {
        **asdict(facts),
        "regions": sorted(facts.regions),
        "capabilities": sorted(facts.capabilities),
        "aliases": sorted(facts.aliases),
    }


def _require_own_names(key: str, aliases: Collection[str]) -> None:
    """A name means one model. Whoever gives aliases holds all rows, so that no two give one away.

    Raises DocumentError for what is no name, Refused for a name that is taken.
    """
    problems = [
        Problem(f"/aliases/{index}", "must be one line of printable text, and not “*”")
        for index, alias in enumerate(aliases)
        if alias in ("", "*") or not alias.isprintable() or alias != alias.strip()
    ]
    if problems:
        raise DocumentError(problems)
    rows = CatalogueModel.objects.order_by("pk")
    taken: dict[str, str] = {}
    for other, theirs in (rows.select_for_update() if aliases else rows).values_list(
        "key", "aliases"
    ):
        if other != key:
            taken |= dict.fromkeys((other, *theirs), other)
    reasons = [
        Reason(
            "duplicate",
            f"{name} means {taken[name]} already.",
            "Take the name off there first, or leave it out here.",
        )
        for name in (key, *aliases)
        if name in taken
    ]
    if reasons:
        raise Refused(*reasons)


def _document(provider: Provider, key: str, facts: ModelFacts) -> dict[str, Any]:
    return {
        "providers": {provider.slug: {"label": provider.label}},
        "models": {
            key: {
                "provider": provider.slug,
                "label": facts.label,
                "context_window": facts.context_window,
                "regions": list(facts.regions),
                "capabilities": list(facts.capabilities),
                "status": facts.status,
            }
        },
    }


def _require_sound(document: dict[str, Any]) -> None:
    """Refuses what the engine would not read: one bad entry would spoil every bundle."""
    try:
        parse_catalogue(document)
    except DocumentError as error:
        raise DocumentError(_last_steps(error.problems)) from error


def _last_steps(problems: Iterable[Problem]) -> list[Problem]:
    """Pointers at the entry's own members: ``/models/m/regions/0`` → ``/regions/0``."""
    found = []
    for problem in problems:
        steps = problem.pointer.split("/")[3:]
        found.append(Problem("".join(f"/{step}" for step in steps), problem.message))
    return found


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """Values as the audit trail can keep them."""
    return {
        name: str(value) if isinstance(value, Decimal | datetime.date) else value
        for name, value in values.items()
    }
