"""What is wrong with a file of outcomes: where, which field, and the mend."""

from dataclasses import dataclass, field

from policies.engine.errors import showable

SHOWN = 50


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One fault: 1-based line (or row, for Parquet), the field, and a sentence with the mend."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line else "file"
        return (
            f"{where}, {self.field}: {self.message}" if self.field else f"{where}: {self.message}"
        )


@dataclass
class Problems:
    """Collects faults; keeps the first `SHOWN` in full and counts the rest."""

    shown: list[RowProblem] = field(default_factory=list)
    total: int = 0

    def add(self, line: int, name: str, message: str) -> None:
        """Record one fault; what it quotes of the file may be no text that can be shown."""
        self.total += 1
        if len(self.shown) < SHOWN:
            self.shown.append(RowProblem(line, showable(name), showable(message)))

    @property
    def more(self) -> int:
        """How many faults are counted but not kept in full."""
        return self.total - len(self.shown)


class DatasetError(ValueError):
    """The file cannot become a dataset; carries every fault found (the first 50 in full)."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        lines = [str(p) for p in problems.shown]
        if problems.more:
            lines.append(f"… and {problems.more} more.")
        super().__init__("\n".join(lines))


def refuse(message: str, line: int = 0, name: str = "") -> DatasetError:
    """An error of a single fault."""
    problems = Problems()
    problems.add(line, name, message)
    return DatasetError(problems)
