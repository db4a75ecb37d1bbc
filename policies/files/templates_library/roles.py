"""Which model of a catalogue plays which part in a template."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from policies.engine import Catalogue, Model

# A typical request reads about three times as many tokens as it writes.
INPUT_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Role:
    """A part that some model plays: the cheapest or the dearest one that fits.

    ``unlike`` and ``elsewhere`` name roles cast before: another model than these, and if there is
    one, at another provider. ``region`` must be among the model's.
    """

    name: str
    pick: str
    region: str | None = None
    unlike: tuple[str, ...] = ()
    elsewhere: str | None = None
    is_optional: bool = False

    @property
    def label(self) -> str:
        """``EU backup`` for ``eu_backup``."""
        words = self.name.split("_")
        shown = " ".join(word.upper() if word == self.region else word for word in words)
        return shown[:1].upper() + shown[1:]

    @property
    def words(self) -> str:
        """What is looked for: ``another model in eu``."""
        other = "another" if self.unlike else "a"
        return f"{other} model in {self.region}" if self.region else f"{other} model"


def cast_roles(
    roles: Collection[Role], catalogue: Catalogue, avoided: Collection[str] = ()
) -> dict[str, str | None]:
    """Role → name of a model; None where nobody fits. Only active models with prices are asked."""
    cast: dict[str, str | None] = {}
    for role in roles:
        found = _fitting(role, catalogue, cast, avoided)
        pick = min if role.pick == "cheapest" else max
        cast[role.name] = pick(found, key=_rank).name if found else None
    return cast


def _fitting(
    role: Role, catalogue: Catalogue, cast: Mapping[str, str | None], avoided: Collection[str]
) -> list[Model]:
    taken = {cast[name] for name in role.unlike}
    found = [
        model
        for model in catalogue.models.values()
        if model.status == "active"
        and model.estimated_cost_usd(1, 1) is not None
        and model.name not in taken
        and model.name not in avoided
        and (role.region is None or role.region in model.regions)
    ]
    partner = catalogue.models.get(cast.get(role.elsewhere or "") or "")
    elsewhere = [model for model in found if partner and model.provider != partner.provider]
    return elsewhere or found


def _rank(model: Model) -> tuple[float, str]:
    dollars_in, dollars_out = model.input_usd_per_mtok or 0, model.output_usd_per_mtok or 0
    return INPUT_SHARE * dollars_in + (1 - INPUT_SHARE) * dollars_out, model.name
