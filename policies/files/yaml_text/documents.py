"""Component documents as YAML: written short, read back whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from policies.engine import DocumentError, Problem, parse_component, serialise
from policies.files.yaml_text.defaults import without_defaults
from policies.files.yaml_text.reading import Mark, YamlError, load_yaml, place_of
from policies.files.yaml_text.writing import dump_yaml

COMMENTS = {
    "request_classification": "Which class a request is of. The first rule that holds decides;\n"
    "without one, default_class does.",
    "router_policy": "Which model answers. The first rule that holds decides; without one, the\n"
    "default route does. A split's salt keeps everyone in their place: do not change it.",
    "fallback_matrix": "What happens after a failure, and within which limits.",
    "quality_thresholds": "What must hold. Margins are frozen before a comparison is run.",
}


@dataclass(frozen=True, slots=True)
class ComponentText:
    """A document that was read, its defaults written out, and where in the text things stand."""

    document: dict[str, Any]
    places: Mapping[str, Mark]


def dump_component(kind: str, document: Any) -> str:
    """A component document as a team keeps it: comment, stable order, defaults left out.

    A document that is not right yet is written as it stands, member for member.
    """
    with suppress(DocumentError):
        document = without_defaults(kind, document)
    return dump_yaml(document, comment=COMMENTS[kind])


def load_component(kind: str, text: str) -> ComponentText:
    """Read a component. Raises YamlError with every problem and its line."""
    read = load_yaml(text)
    try:
        document = serialise(parse_component(kind, read.value))
    except DocumentError as error:
        raise located(error.problems, read.places) from None
    return ComponentText(document, read.places)


def located(problems: Iterable[Problem], places: Mapping[str, Mark]) -> YamlError:
    """The same problems with their lines, in the order of the text."""
    return YamlError([(place_of(places, problem.pointer), problem) for problem in problems])
