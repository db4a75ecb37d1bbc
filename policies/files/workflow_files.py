"""A workflow's documents as the files of a folder: one for each component, and what they are. Pure.

`workflow.yaml` says whose documents these are and what they were when they were exported. It is for
people and for noticing mix-ups; the meaning is in the four others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.engine import COMPONENTS, DocumentError, Problem, digest, parse_component, serialise
from policies.engine.reading import Place, nearest, parsed, quoted
from policies.files.yaml_text import (
    Mark,
    YamlError,
    dump_component,
    dump_yaml,
    load_component,
    load_yaml,
    place_of,
)
from policies.files.yaml_text.documents import located

HEADER = "workflow.yaml"
FILE_NAMES = {f"{kind}.yaml": kind for kind in COMPONENTS}
_HEADER_COMMENT = (
    "Documents of one workflow, as exported. Edit the four other files; constant defaults are\n"
    "left out. The digest is of the documents with every default written out."
)


@dataclass(frozen=True)
class Header:
    """Whose documents these are, where they came from, and their digest then."""

    workflow: str
    environment: str | None = None
    release: int | None = None
    draft: int | None = None
    digest: str | None = None

    def to_json(self) -> dict[str, object]:
        return {
            "schema": 1,
            "workflow": self.workflow,
            **{
                key: value
                for key in ("environment", "release", "draft", "digest")
                if (value := getattr(self, key)) is not None
            },
        }


@dataclass(frozen=True)
class WorkflowFiles:
    """What a folder holds. ``documents`` have their defaults written out; a component without a
    file is not in it. ``header`` is None without ``workflow.yaml``.
    """

    documents: Mapping[str, dict[str, Any]]
    header: Header | None
    places: Mapping[str, Mapping[str, Mark]] = field(default_factory=dict, repr=False)

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(name for name, kind in FILE_NAMES.items() if kind not in self.documents)

    def where(self, pointer: str) -> str:
        """``router_policy.yaml line 12`` for a pointer into the bundle; empty without a file."""
        _, kind, *rest = [*pointer.split("/", 2), ""][:3]
        if kind not in self.places:
            return ""
        mark = place_of(self.places[kind], f"/{rest[0]}" if rest and rest[0] else "")
        return f"{kind}.yaml line {mark.line}"


def documents_digest(documents: Mapping[str, object]) -> str:
    """Digest of the meaning of four sound documents, whatever the catalogue says of their models.

    Raises DocumentError when one is not sound.
    """
    return digest({kind: serialise(parse_component(kind, documents[kind])) for kind in COMPONENTS})


def write_files(header: Header, documents: Mapping[str, object]) -> dict[str, str]:
    """File name → text, `workflow.yaml` first. The same documents give the same texts."""
    return {
        HEADER: dump_yaml(header.to_json(), comment=_HEADER_COMMENT),
        **{name: dump_component(kind, documents[kind]) for name, kind in FILE_NAMES.items()},
    }


def read_files(files: Mapping[str, str]) -> WorkflowFiles:
    """Read the texts of a folder's YAML files by name.

    Raises DocumentError with every problem of every file: pointers start with the component (or
    ``/workflow``), messages with the file and end with the line.
    """
    problems: list[Problem] = list(_stray_files(files))
    documents: dict[str, dict[str, Any]] = {}
    places: dict[str, Mapping[str, Mark]] = {}
    header: Header | None = None
    for name, text in files.items():
        try:
            if name == HEADER:
                header = _read_header(text)
            elif name in FILE_NAMES:
                kind = FILE_NAMES[name]
                read = load_component(kind, text)
                documents[kind], places[kind] = read.document, read.places
        except YamlError as error:
            problems += _in_file(name, error)
    if problems:
        raise DocumentError(problems)
    return WorkflowFiles(documents, header, places)


def _stray_files(files: Mapping[str, str]) -> list[Problem]:
    """A misspelt name would silently leave its component as it is in force."""
    known = (HEADER, *FILE_NAMES)
    if not set(files) & set(FILE_NAMES):
        return [Problem("", f"none of the files is there: {quoted(FILE_NAMES)}")]
    return [
        Problem("", f"{name}: unknown file{nearest(name, known)}; known are {quoted(known)}")
        for name in files
        if name not in known
    ]


def _in_file(name: str, error: YamlError) -> list[Problem]:
    place = "/" + name.removesuffix(".yaml")
    return [
        Problem(place + problem.pointer, f"{name}: {problem.message}") for problem in error.problems
    ]


def _read_header(text: str) -> Header:
    read = load_yaml(text)
    try:
        return parsed(read.value, _header)
    except DocumentError as error:
        raise located(error.problems, read.places) from None


def _header(place: Place) -> Header:
    fields = place.fields("schema", "workflow", "environment", "release", "draft", "digest")
    fields.required("schema").schema()
    return Header(
        workflow=fields.required("workflow").key(),
        environment=fields.optional("environment", None).nullable(Place.key),
        release=fields.optional("release", None).nullable(Place.integer),
        draft=fields.optional("draft", None).nullable(Place.integer),
        digest=fields.optional("digest", None).nullable(Place.text),
    )
