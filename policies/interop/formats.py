"""The formats that a policy is written in for others, and read of: one table, two functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from policies.engine import Bundle, DocumentError, Problem
from policies.engine.reading import Place
from policies.files.yaml_text import Mark, load_yaml
from policies.files.yaml_text.documents import located
from policies.files.yaml_text.reading import MAX_CHARACTERS
from policies.interop.drafting import Read, catalogue_of, documents_of
from policies.interop.envoy_export import export_envoy
from policies.interop.envoy_import import import_envoy
from policies.interop.known_models import Known, as_known
from policies.interop.lanes import lanes_of
from policies.interop.litellm_export import export_litellm
from policies.interop.litellm_import import import_litellm
from policies.interop.losses import Loss, Losses
from policies.interop.openrouter_export import export_openrouter
from policies.interop.openrouter_import import import_openrouter
from policies.interop.portkey_export import export_portkey
from policies.interop.portkey_import import import_portkey

PARTING = "---"
# Each is read with the lines before it left blank.
MOST_DOCUMENTS = 200


@dataclass(frozen=True, slots=True)
class Format:
    """Whose it is, as people call it, what a file of it is called, and how it is written and read.

    ``is_several`` tells that a text may hold several documents, parted by `---`.
    """

    key: str
    label: str
    file_name: str
    export: Callable[[Bundle, Losses], str]
    read: Callable[[Place, Losses], Read | None]
    is_several: bool = False


FORMATS = {
    found.key: found
    for found in (
        Format("litellm", "LiteLLM", "config.yaml", export_litellm, import_litellm),
        Format("portkey", "Portkey", "portkey.json", export_portkey, import_portkey),
        Format("envoy", "Envoy AI Gateway", "envoy.yaml", export_envoy, import_envoy, True),
        Format("openrouter", "OpenRouter", "openrouter.json", export_openrouter, import_openrouter),
    )
}


@dataclass(frozen=True, slots=True)
class Exported:
    """A policy as another router reads it, and what of its meaning arrives there."""

    format: Format
    text: str
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """Documents made of somebody's configuration, the catalogue entries that they need, and what
    of the configuration is in them.
    """

    format: Format
    documents: dict[str, Any]
    catalogue: dict[str, Any]
    losses: tuple[Loss, ...]


def export(bundle: Bundle, key: str) -> Exported:
    """A bundle in a format of FORMATS. Raises DocumentError where no route has a model left."""
    losses = Losses()
    if not lanes_of(bundle, Losses()):
        told = "no route has a candidate that may serve, so there is nothing to write"
        raise DocumentError([Problem("/router_policy", told)])
    text = FORMATS[key].export(bundle, losses)
    return Exported(FORMATS[key], text, losses.as_tuple())


def read(text: str, key: str, known: Known | None = None) -> Imported:
    """Documents of a configuration, in a format of FORMATS; JSON is read as the YAML that it is.

    Models of `known` are called by their keys, whatever the format makes of them. Raises
    DocumentError with every problem, each with its line.
    """
    found = FORMATS[key]
    value, places = _loaded(text, found)
    losses, place = Losses(), Place(value, "", [])
    got = found.read(place, losses)
    if place.log or got is None:
        raise located(place.log, places)
    got = as_known(got, known or {}, losses)
    documents = documents_of(got, losses)
    return Imported(found, documents, catalogue_of(got.models), losses.as_tuple())


def _loaded(text: str, found: Format) -> tuple[object, dict[str, Mark]]:
    if not found.is_several or len(text) > MAX_CHARACTERS:  # which is refused
        loaded = load_yaml(text)
        return loaded.value, dict(loaded.places)
    values: list[object] = []
    places: dict[str, Mark] = {}
    for part in _parts(text):
        loaded = load_yaml(part)
        if loaded.value is not None:
            index = len(values)
            places.update({f"/{index}{at}": mark for at, mark in loaded.places.items()})
            values.append(loaded.value)
    return values, places


def _parts(text: str) -> Iterator[str]:
    """The documents of a text; blank lines before each keep its lines' numbers."""
    lines: list[str] = []
    count = 0
    for number, line in enumerate([*text.split("\n"), PARTING]):
        if line.rstrip() != PARTING:
            lines.append(line)
            continue
        if any(map(str.strip, lines)):
            count += 1
            if count > MOST_DOCUMENTS:
                what = f"must hold at most {MOST_DOCUMENTS} documents"
                raise DocumentError([Problem("", what)])
            yield "\n" * (number - len(lines)) + "\n".join(lines)
        lines = []
