"""Counts, and the text that Prometheus reads (exposition format 0.0.4). Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "routing_console_"
# Routers' own words become label values in no unbounded number.
MOST_SERIES = 500
OTHER = "other"

Sample = tuple[Sequence[str], float]


@dataclass(frozen=True)
class Family:
    """A metric: its name without prefix, kind (counter or gauge), help, label names, samples."""

    name: str
    kind: str
    help: str
    labels: Sequence[str]
    samples: Iterable[Sample]


class Counter:
    """A count by label values. From one thread only, as the sidecar's loop is."""

    def __init__(self, name: str, help: str, *labels: str) -> None:
        self._name, self._help, self._labels = name, help, labels
        self._counts: dict[tuple[str, ...], float] = {} if labels else {(): 0}

    def add(self, *values: str, count: float = 1) -> None:
        """Count for these label values; beyond `MOST_SERIES` combinations all are "other"."""
        if values not in self._counts and len(self._counts) >= MOST_SERIES:
            values = (OTHER,) * len(values)
        self._counts[values] = self._counts.get(values, 0) + count

    @property
    def family(self) -> Family:
        return Family(self._name, "counter", self._help, self._labels, sorted(self._counts.items()))


def gauge(name: str, help: str, value: float | None) -> Family:
    """A gauge without labels; one that is None has no sample."""
    samples: list[Sample] = [] if value is None else [((), value)]
    return Family(name, "gauge", help, (), samples)


def exposition(families: Iterable[Family]) -> str:
    """The whole text."""
    return "".join(_lines_of(family) for family in families)


def _lines_of(family: Family) -> str:
    name = PREFIX + family.name
    lines = [f"# HELP {name} {_escaped_help(family.help)}", f"# TYPE {name} {family.kind}"]
    for values, number in family.samples:
        lines.append(f"{name}{_labels(dict(zip(family.labels, values, strict=True)))} {number!r}")
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _escaped_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")
