"""Facts and prices of models that somebody relies on change by two stewards of the catalogue."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from policies.differences.catalogue import FACTS, changes_of
from policies.models import CatalogueModel, ChangeRequest, Release, RuleChange
from policies.models.rule_changes import RuleChangeKind
from policies.pricing.rates import tiers_from_json, windows_from_json
from policies.services.catalogue import entries
from policies.services.catalogue.entries import ModelFacts, Price
from policies.services.rights import can_manage_catalogue
from policies.services.rules.asking import ask
from policies.services.rules.kind import STEWARDS, Kind

PRICES = tuple(field.name for field in fields(Price))
# What a price says by size and hour is a fact like its two main rates.
WEIGHTY = (*FACTS, "tiers", "windows")


@transaction.atomic
def change_model(
    model: CatalogueModel, facts: ModelFacts, *, acting_user: User, why: str = ""
) -> RuleChange | None:
    """Ask that the catalogue says something else of a model. None where it says so already.

    Facts of a model that a release in force or an open change request uses wait for a second
    steward. Raises DocumentError for facts that no bundle could hold.
    """
    entries.require_facts(model, facts, acting_user=acting_user)
    return _ask(model, "facts", _plain(asdict(facts)), acting_user, why)


@transaction.atomic
def add_price(
    model: CatalogueModel, price: Price, *, acting_user: User, why: str = ""
) -> RuleChange | None:
    """Ask that a price begins. That of a model in use waits for a second steward."""
    entries.require_price(model, price, acting_user=acting_user)
    return _ask(model, "price", _plain(price.columns()), acting_user, why)


def _ask(
    model: CatalogueModel, what: str, proposed: dict[str, Any], acting_user: User, why: str
) -> RuleChange | None:
    model = _held(model.key)
    said = said_of(model, _day_of(proposed))
    before = {name: value for name, value in said.items() if name in proposed}
    if before == proposed:
        return None
    named = {"model": model.key}
    change = RuleChange(
        kind=RuleChangeKind.CATALOGUE_FACTS,
        subject=f"{model.key}, {what}",
        before=named | before,
        proposed=named | proposed,
        weakens=_weighty(model.key, before, proposed),
        why=why.strip(),
        proposed_by=acting_user,
    )
    return ask(change, CATALOGUE_FACTS, is_bound=is_used(model.key))


def _weighty(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Sentences of what decisions, estimates and gates depend on.

    That a model retires, or sooner than was said, is told at once: it only stops changes.
    """
    found = [change.sentence for change in changes_of(key, before, after, WEIGHTY)]
    old, new = before.get("retires_on"), after.get("retires_on")
    if old is not None and (new is None or new > old):
        found += [change.sentence for change in changes_of(key, before, after, ("retires_on",))]
    return found


def is_used(key: str) -> bool:
    """Whether a release in force or an open change request names the model."""
    names_it = Q(bundle__content__catalogue__models__has_key=key)
    return (
        Release.objects.active().filter(names_it).exists()
        or ChangeRequest.objects.open().filter(names_it).exists()
    )


def _day_of(proposed: Mapping[str, Any]) -> datetime.date:
    """When it begins: what it replaces is what would hold then."""
    day = proposed.get("effective_from")
    return datetime.date.fromisoformat(day) if day else timezone.now().date()


def said_of(model: CatalogueModel, day: datetime.date) -> dict[str, Any]:
    """What the catalogue says of a model on a day, its price among it, as plain JSON."""
    facts = {field.name: getattr(model, field.name) for field in fields(ModelFacts)}
    price = model.price_on(day)
    prices = {name: getattr(price, name) for name in PRICES} if price else {}
    return _plain({**facts, **prices})


def _held(key: str) -> CatalogueModel:
    CatalogueModel.objects.select_for_update(no_key=True).values_list("pk").get(key=key)
    return CatalogueModel.objects.select_related("provider").get(key=key)


def _current(change: RuleChange) -> dict[str, Any]:
    key = change.proposed["model"]
    said = {"model": key, **said_of(_held(key), _day_of(change.proposed))}
    return {name: said[name] for name in change.before if name in said}


def _concerned(change: RuleChange) -> Q:
    return Q(bundle__content__catalogue__models__has_key=change.proposed["model"])


def _put_in_force(change: RuleChange) -> None:
    proposed = {name: value for name, value in change.proposed.items() if name != "model"}
    model = _held(change.proposed["model"])
    if "effective_from" in proposed:
        price, today = _price(proposed), timezone.now().date()
        # It could not begin before two agreed.
        price = replace(price, effective_from=max(price.effective_from, today))
        entries.add_price(model, price, acting_user=change.proposed_by)
    else:
        entries.change_model(model, _facts(proposed), acting_user=change.proposed_by)


def _facts(said: Mapping[str, Any]) -> ModelFacts:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in said.items()
    }
    day = given["retires_on"]
    return ModelFacts(**{**given, "retires_on": day and datetime.date.fromisoformat(day)})


def _price(said: Mapping[str, Any]) -> Price:
    return Price(
        datetime.date.fromisoformat(said["effective_from"]),
        Decimal(said["input_usd_per_mtok"]),
        Decimal(said["output_usd_per_mtok"]),
        tiers_from_json(said["tiers"]),
        windows_from_json(said["windows"]),
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON keeps them: prices without zeros at their end, words in order."""

    def plain(value: Any) -> Any:
        match value:
            case Decimal():
                return f"{value.normalize():f}"
            case datetime.date():
                return value.isoformat()
            case tuple():
                return sorted(value)
        return value

    return {name: plain(value) for name, value in values.items()}


CATALOGUE_FACTS = Kind(
    lambda user, change: can_manage_catalogue(user),
    lambda user, change: can_manage_catalogue(user),
    lambda change: STEWARDS,
    _current,
    _concerned,
    _put_in_force,
)
