"""Price maps: kept, previewed against the catalogue of the moment, applied by choice."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from policies.engine import DocumentError
from policies.engine.errors import showable
from policies.governance.refusals import Reason, Refused
from policies.models import CatalogueModel, PriceImport, Provider, RuleChange
from policies.models.catalogue import ModelStatus
from policies.pricing import Entry, Held, PriceMap, Row, RowKind, compare, read_price_map
from policies.services import audit
from policies.services.catalogue import entries
from policies.services.catalogue.entries import ModelFacts, Price
from policies.services.rules.catalogue import add_price, change_model

MOST_AT_ONCE = 500
# Names that title-casing the map's key would get wrong.
PROVIDER_LABELS = {
    "ai21": "AI21 Labs",
    "azure": "Azure",
    "bedrock": "Amazon Bedrock",
    "deepseek": "DeepSeek",
    "gemini": "Google AI Studio",
    "openai": "OpenAI",
    "openrouter": "OpenRouter",
    "vertex_ai": "Google Vertex AI",
    "xai": "xAI",
    "zai": "Z.ai",
}


@dataclass(frozen=True)
class Applied:
    """Counts of what an import did, and of what waits for a second person."""

    prices: int = 0
    models: int = 0
    facts: int = 0
    waiting: int = 0

    @property
    def sentence(self) -> str:
        counts = ((self.prices, "price"), (self.models, "new model"), (self.facts, "other fact"))
        said = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count]
        told = [f"Taken over: {', '.join(said)}."] if said else []
        if self.waiting:
            told.append(f"Waiting: {self.waiting} for a second steward: the models are in use.")
        return " ".join(told) or "Nothing was left to take over."


def held_models(day: datetime.date) -> list[Held]:
    """The catalogue's models with the prices of a day. Two queries."""
    models = CatalogueModel.objects.select_related("provider").prefetch_related("prices")
    return [_held(model, day) for model in models]


def _held(model: CatalogueModel, day: datetime.date) -> Held:
    price = model.price_on(day)
    return Held(
        key=model.key,
        provider=model.provider.slug,
        input_usd=price.input_usd_per_mtok if price else None,
        output_usd=price.output_usd_per_mtok if price else None,
        context_window=model.context_window,
        retires_on=model.retires_on,
        tiers=price.rates.tiers if price else (),
        windows=price.rates.windows if price else (),
    )


@transaction.atomic
def keep_price_map(file_name: str, raw: bytes, *, acting_user: User) -> PriceImport:
    """Read a file and keep what it says; the same bytes again give the import that is there, with
    what is read of them today.

    Raises DocumentError when it is no price map, Refused when the person may not.
    """
    entries.require_manager(acting_user)
    digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    found = read_price_map(raw)
    said = {
        "entries": [entry.to_json() for entry in found.entries],
        "skipped": {why: list(keys) for why, keys in found.skipped.items()},
    }
    kept, is_new = PriceImport.objects.get_or_create(
        digest=digest,
        defaults={**said, "file_name": showable(file_name)[:200], "created_by": acting_user},
    )
    if (kept.entries, kept.skipped) != (said["entries"], said["skipped"]):
        kept.entries, kept.skipped = said["entries"], said["skipped"]
        kept.save(update_fields=["entries", "skipped"])
    if is_new:
        audit.record(
            "prices.uploaded",
            kept,
            acting_user=acting_user,
            after=digest,
            detail={"file": kept.file_name, "models": len(found.entries)},
        )
    return kept


def price_map_of(kept: PriceImport) -> PriceMap:
    skipped = {why: tuple(keys) for why, keys in kept.skipped.items()}
    return PriceMap(tuple(map(Entry.from_json, kept.entries)), skipped)


def rows_of(kept: PriceImport) -> list[Row]:
    """What the file would change of the catalogue as it is now."""
    return compared(price_map_of(kept))


def compared(found: PriceMap) -> list[Row]:
    """What a price map would change of the catalogue as it is now."""
    today = timezone.now().date()
    return compare(found.entries, held_models(today), today)


@transaction.atomic
def apply_price_map(
    kept: PriceImport,
    keys: Collection[str],
    effective_from: datetime.date,
    *,
    acting_user: User,
) -> Applied:
    """Take the named models' prices and facts over, all of them or none; those of models in use
    wait for a second steward.

    Prices begin on `effective_from`. Raises Refused with an obstacle for each model that has one.
    """
    entries.require_manager(acting_user)
    rows = _chosen(kept, keys)
    reasons: list[Reason] = []
    why = f"From the price map {kept.file_name}."
    applied = Applied()
    for row in rows:
        try:
            applied = _apply(row, effective_from, applied, why, acting_user=acting_user)
        except Refused as refused:
            reasons += refused.reasons
        except DocumentError as error:
            said = "; ".join(problem.message for problem in error.problems)
            reasons.append(Reason("document", f"{row.key}: {said}.", "Add it by hand."))
    if reasons:
        raise Refused(*reasons)
    kept.applied_at = timezone.now()
    kept.save(update_fields=["applied_at"])
    audit.record(
        "prices.imported",
        kept,
        acting_user=acting_user,
        after=kept.digest,
        detail={
            "file": kept.file_name,
            "effective_from": str(effective_from),
            "models": sorted(row.key for row in rows),
        },
    )
    return applied


def _chosen(kept: PriceImport, keys: Collection[str]) -> list[Row]:
    wanted = set(keys)
    if not wanted:
        raise Refused(Reason("nothing", "No model is chosen.", "Choose at least one."))
    if len(wanted) > MOST_AT_ONCE:
        raise Refused(
            Reason("many", f"{len(wanted)} models are chosen.", f"Take {MOST_AT_ONCE} at a time.")
        )
    rows = {row.key: row for row in rows_of(kept)}
    unknown = sorted(wanted - set(rows))
    if unknown:
        named = ", ".join(unknown[:5])
        raise Refused(Reason("unknown", f"The file has no usable entry for {named}."))
    return [rows[key] for key in sorted(wanted) if rows[key].kind != RowKind.UNCHANGED]


def _apply(
    row: Row, day: datetime.date, so_far: Applied, why: str, *, acting_user: User
) -> Applied:
    entry = row.entry
    price = Price(day, entry.input_usd, entry.output_usd, entry.tiers, entry.windows)
    if row.held is None:
        _add(row.entry, price, acting_user=acting_user)
        return replace(so_far, models=so_far.models + 1)
    model = CatalogueModel.objects.select_related("provider").get(key=row.key)
    if row.price_changes:
        change = add_price(model, price, acting_user=acting_user, why=why)
        so_far = _counted(so_far, change, "prices", 1)
    if row.fact_changes:
        new = {name: getattr(row.entry, name) for name in row.fact_changes}
        facts = replace(_facts(model), **new)
        change = change_model(model, facts, acting_user=acting_user, why=why)
        so_far = _counted(so_far, change, "facts", len(new))
    return so_far


def _counted(so_far: Applied, change: RuleChange | None, name: str, count: int) -> Applied:
    if change is not None and change.is_waiting:
        return replace(so_far, waiting=so_far.waiting + count)
    return replace(so_far, **{name: getattr(so_far, name) + count})


def _facts(model: CatalogueModel) -> ModelFacts:
    return ModelFacts(
        label=model.label,
        context_window=model.context_window,
        regions=tuple(model.regions),
        capabilities=tuple(model.capabilities),
        status=model.status,
        retires_on=model.retires_on,
        aliases=tuple(model.aliases),
    )


def _add(entry: Entry, price: Price, *, acting_user: User) -> None:
    if entry.context_window is None:
        raise Refused(
            Reason(
                "no_window",
                f"The file gives no context window for {entry.key}.",
                "Add the model by hand.",
            )
        )
    provider = Provider.objects.filter(slug=entry.provider).first()
    if provider is None:
        label = PROVIDER_LABELS.get(entry.provider, entry.provider.replace("_", " ").title())
        provider = entries.add_provider(entry.provider, label, acting_user=acting_user)
    facts = ModelFacts(
        label=entry.key.rsplit("/", 1)[-1],
        context_window=entry.context_window,
        capabilities=entry.capabilities,
        status=_status_of(entry),
        retires_on=entry.retires_on,
    )
    entries.add_model(provider, entry.key, facts, price, acting_user=acting_user)


def _status_of(entry: Entry) -> ModelStatus:
    """A model that its maker no longer serves is no candidate of any route."""
    is_past = entry.retires_on is not None and entry.retires_on <= timezone.now().date()
    return ModelStatus.RETIRED if is_past else ModelStatus.ACTIVE


def chosen_at_first(rows: Iterable[Row]) -> list[str]:
    """Names of the models that are safe to take over without looking."""
    return [row.key for row in rows if row.is_chosen_at_first]
