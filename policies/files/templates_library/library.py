"""The templates, as they stand in their files, and documents made of them for a catalogue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from policies.engine import Catalogue, parse_component, serialise
from policies.engine.reading import Place, parsed
from policies.files.templates_library.roles import Role, cast_roles
from policies.files.yaml_text import load_yaml

FOLDER = Path(__file__).parent / "templates"
PICKS = ("cheapest", "dearest")


class TemplateUnavailable(ValueError):
    """The catalogue has nobody for a role; the message says what is missing."""


@dataclass(frozen=True)
class Template:
    """Four documents in which ``$name`` stands for the model of a role."""

    key: str
    title: str
    summary: str
    roles: tuple[Role, ...]
    raw: Mapping[str, Any]

    def cast(self, catalogue: Catalogue, avoided: Collection[str] = ()) -> dict[str, str]:
        """Role → model. Raises TemplateUnavailable when somebody who is needed is missing."""
        found = cast_roles(self.roles, catalogue, avoided)
        for role in self.roles:
            if found[role.name] is None and not role.is_optional:
                raise TemplateUnavailable(f"The catalogue lacks {role.words} for “{role.label}”.")
        return {name: model for name, model in found.items() if model is not None}

    def documents(self, catalogue: Catalogue, avoided: Collection[str] = ()) -> dict[str, Any]:
        """The documents with models of this catalogue, defaults written out."""
        models = self.cast(catalogue, avoided)
        placed = {kind: _placed(document, models) for kind, document in self.raw.items()}
        return {kind: serialise(parse_component(kind, placed[kind])) for kind in placed}


def _placed(value: Any, models: Mapping[str, str]) -> Any:
    """Models in place of roles; what names an optional role that nobody plays is left out."""
    if isinstance(value, dict):
        return {key: _placed(member, models) for key, member in value.items()}
    if isinstance(value, list):
        return [_placed(item, models) for item in value if not _is_vacant(item, models)]
    role = _role_in(value)
    return models[role] if role else value


def _role_in(value: Any) -> str:
    return value[1:] if isinstance(value, str) and value.startswith("$") else ""


def _is_vacant(item: Any, models: Mapping[str, str]) -> bool:
    role = _role_in(item.get("model") if isinstance(item, dict) else item)
    return bool(role) and role not in models


@cache
def templates() -> tuple[Template, ...]:
    """Every template, in the order of its file's name."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.yaml")))


def _read(path: Path) -> Template:
    value = load_yaml(path.read_text(encoding="utf-8")).value
    # `10-one-model.yaml` → `one-model`
    key = path.stem.partition("-")[2]
    return parsed(value, lambda place: _template(place, key))


def _template(place: Place, key: str) -> Template:
    fields = place.fields("title", "summary", "roles", "documents")
    documents = dict(fields.required("documents").members())
    return Template(
        key=key,
        title=fields.required("title").label(),
        summary=fields.required("summary").text(),
        roles=tuple(_role(*member) for member in fields.required("roles").members()),
        raw={kind: document.value for kind, document in documents.items()},
    )


def _role(name: str, place: Place) -> Role:
    fields = place.fields("pick", "region", "unlike", "elsewhere", "optional")
    unlike = fields.optional("unlike", []).items(of="roles")
    return Role(
        name=name,
        pick=fields.required("pick").choice(PICKS),
        region=fields.optional("region", None).nullable(Place.key),
        unlike=tuple(item.key() for item in unlike),
        elsewhere=fields.optional("elsewhere", None).nullable(Place.key),
        is_optional=fields.optional("optional", False).flag(),
    )
