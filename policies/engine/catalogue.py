"""The catalogue entries of a bundle: providers and models, with the prices in force."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .reading import Place, parsed, unique_words

STATUSES = ("active", "deprecated", "retired")
TOKENS_PER_PRICE = 1_000_000


@dataclass(frozen=True, slots=True)
class Provider:
    """Who runs models."""

    key: str
    label: str

    def to_json(self) -> dict[str, object]:
        return {"label": self.label}


@dataclass(frozen=True, slots=True)
class PriceTier:
    """What all tokens of a request cost whose input is longer than so many tokens."""

    above_input_tokens: int
    input_usd_per_mtok: float
    output_usd_per_mtok: float

    def to_json(self) -> dict[str, object]:
        return {
            "above_input_tokens": self.above_input_tokens,
            "input_usd_per_mtok": self.input_usd_per_mtok,
            "output_usd_per_mtok": self.output_usd_per_mtok,
        }


@dataclass(frozen=True, slots=True)
class Model:
    """One model at one provider. Prices are USD per 1 M tokens, the window is in tokens;
    None means unknown, which is neither free nor unlimited. Tiers ascend.
    """

    name: str
    provider: str
    label: str = ""
    context_window: int | None = None
    regions: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    status: str = "active"
    input_usd_per_mtok: float | None = None
    output_usd_per_mtok: float | None = None
    price_tiers: tuple[PriceTier, ...] = ()

    def estimated_cost_usd(self, input_tokens: int, output_tokens: int) -> float | None:
        """USD of a request of these sizes; None where a price is unknown.

        At the prices of the last tier that the input is above, else at the model's own. In
        doubles, in this order: (input · price + output · price) / 1 000 000.
        """
        priced: Model | PriceTier = self
        for tier in self.price_tiers:
            if input_tokens > tier.above_input_tokens:
                priced = tier
        if priced.input_usd_per_mtok is None or priced.output_usd_per_mtok is None:
            return None
        sent = input_tokens * priced.input_usd_per_mtok
        return (sent + output_tokens * priced.output_usd_per_mtok) / TOKENS_PER_PRICE

    def to_json(self) -> dict[str, object]:
        """Without tiers where there are none: bundles of before have the digest that they had."""
        tiers = [tier.to_json() for tier in self.price_tiers]
        return {
            "provider": self.provider,
            "label": self.label,
            "context_window": self.context_window,
            "regions": list(self.regions),
            "capabilities": list(self.capabilities),
            "status": self.status,
            "input_usd_per_mtok": self.input_usd_per_mtok,
            "output_usd_per_mtok": self.output_usd_per_mtok,
            **({"price_tiers": tiers} if tiers else {}),
        }


@dataclass(frozen=True)
class Catalogue:
    """Providers by key and models by name."""

    providers: Mapping[str, Provider]
    models: Mapping[str, Model]

    def only(self, names: Collection[str]) -> Catalogue:
        """The entries of the named models and of their providers."""
        models = {name: model for name, model in self.models.items() if name in names}
        used = {model.provider for model in models.values()}
        return Catalogue(
            {key: provider for key, provider in self.providers.items() if key in used}, models
        )

    def to_json(self) -> dict[str, object]:
        return {
            "providers": {key: entry.to_json() for key, entry in self.providers.items()},
            "models": {name: entry.to_json() for name, entry in self.models.items()},
        }


def parse_catalogue(raw: object) -> Catalogue:
    """Parses ``{"providers": …, "models": …}``; raises DocumentError with every problem."""
    return parsed(raw, read_catalogue)


def read_catalogue(place: Place) -> Catalogue:
    fields = place.fields("providers", "models")
    providers = dict(map(_read_provider, fields.required("providers").members()))
    models = [
        _read_model(name, item, providers) for name, item in fields.required("models").members()
    ]
    return Catalogue(providers, {model.name: model for model in models})


def _read_provider(member: tuple[str, Place]) -> tuple[str, Provider]:
    key, place = member
    Place(key, place.pointer, place.log).key()
    label = place.fields("label").optional("label", key).label()
    return key, Provider(key, label)


def _read_model(name: str, place: Place, providers: Collection[str]) -> Model:
    fields = place.fields(*MODEL_KEYS)
    if name == "*":
        place.report('must not be named "*", which stands for any model')
    Place(name, place.pointer, place.log).label()
    return Model(
        name=name,
        provider=_read_provider_key(fields.required("provider"), providers),
        label=fields.optional("label", "").text(max_length=200),
        context_window=fields.optional("context_window", None).nullable(
            lambda window: window.integer(at_least=1)
        ),
        regions=unique_words(fields.optional("regions", []), Place.key, "region"),
        capabilities=unique_words(fields.optional("capabilities", []), Place.key, "capability"),
        status=fields.optional("status", "active").choice(STATUSES),
        input_usd_per_mtok=_read_price(fields.optional("input_usd_per_mtok", None)),
        output_usd_per_mtok=_read_price(fields.optional("output_usd_per_mtok", None)),
        price_tiers=_read_tiers(fields.optional("price_tiers", [])),
    )


TIER_KEYS = tuple(PriceTier(0, 0, 0).to_json())
MODEL_KEYS = (*Model("", "").to_json(), "price_tiers")


def _read_tiers(place: Place) -> tuple[PriceTier, ...]:
    tiers: list[PriceTier] = []
    for item in place.items():
        fields = item.fields(*TIER_KEYS)
        above = fields.required("above_input_tokens")
        least = tiers[-1].above_input_tokens + 1 if tiers else 1
        tiers.append(
            PriceTier(
                above.integer(at_least=least),
                fields.required("input_usd_per_mtok").number(at_least=0),
                fields.required("output_usd_per_mtok").number(at_least=0),
            )
        )
    return tuple(tiers)


def _read_price(place: Place) -> float | None:
    return place.nullable(lambda price: price.number(at_least=0))


def _read_provider_key(place: Place, providers: Collection[str]) -> str:
    key = place.key()
    if key and key not in providers:
        place.report(
            f'unknown provider "{key}"{place.guess(key, providers)}; list it in "providers"'
        )
    return key
