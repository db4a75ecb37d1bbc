"""Rows of one request seen together: what they must agree on, and which features are attributes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from evaluations.datasets.problems import Problems
from evaluations.datasets.rows import OutcomeRow, Scalar

DERIVED = ("task", "dataset", "prompt_tokens_est")
VARIES = "differs between the rows of one request: it is an outcome, unknown when deciding"
TAKEN = "has the name of a field that is already an attribute"
OVERRIDDEN = "the rows give explicit attributes, which are used alone"


def by_request(rows: Iterable[OutcomeRow]) -> Iterator[list[OutcomeRow]]:
    """Groups of rows sorted by request id."""
    for _, group in groupby(rows, key=lambda row: row.request_id):
        yield list(group)


@dataclass
class FeatureSplit:
    """Which features are known when deciding (attributes) and which are outcomes, and why."""

    excluded: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def observe(self, group: Sequence[OutcomeRow]) -> None:
        """Look at all rows of one request."""
        names = {name for row in group for name in row.features}
        self.seen |= names
        for name in names - self.excluded.keys():
            if name in DERIVED:
                self.excluded[name] = TAKEN
            elif group[0].attributes is not None:
                self.excluded[name] = OVERRIDDEN
            elif any(not _same(row, group[0], name) for row in group):
                self.excluded[name] = VARIES

    def attributes(self, row: OutcomeRow) -> dict[str, Scalar]:
        """The attributes of the request `row` belongs to; nulls are left out."""
        if row.attributes is not None:
            given = row.attributes
        else:
            kept = {k: v for k, v in row.features.items() if k not in self.excluded}
            given = {**kept, **row.derived}
        return {name: value for name, value in sorted(given.items()) if value is not None}


def check_group(group: Sequence[OutcomeRow], problems: Problems) -> None:
    """Note rows of one request that contradict each other or repeat (model, attempt)."""
    first = group[0]
    seen: dict[tuple[str, int], int] = {}
    for row in group:
        earlier = seen.setdefault((row.model, row.attempt), row.line)
        if earlier != row.line:
            problems.add(
                row.line,
                "attempt",
                f"repeats model “{row.model}”, attempt {row.attempt} of request "
                f"“{row.request_id}” on line {earlier}; number repeated attempts 0, 1, 2 ….",
            )
        for name in _disagreements(row, first):
            problems.add(
                row.line,
                name,
                f"differs from line {first.line} of the same request “{row.request_id}”; "
                "all rows of a request describe one request.",
            )


def _disagreements(row: OutcomeRow, first: OutcomeRow) -> list[str]:
    found = [
        name
        for name in ("prompt", "conversation_id", "attributes")
        if getattr(row, name) != getattr(first, name)
    ]
    return found + [name for name in DERIVED if row.derived.get(name) != first.derived.get(name)]


def _same(row: OutcomeRow, first: OutcomeRow, name: str) -> bool:
    absent = object()
    mine, other = row.features.get(name, absent), first.features.get(name, absent)
    # True == 1 in Python, but a flag and a number are different attributes.
    return mine == other and type(mine) is type(other)
