"""What whoever starts an evaluation may choose; part of the run's identity and of its report."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from evaluations.datasets.sealing import Part
from evaluations.replay.outcome import NANO
from evaluations.replay.support import Support
from evaluations.replay.walk import Conditions

DEFAULT_ADEQUATE_AT = 0.5
_MAX_TIMEOUT_MS = 3_600_000


class TermsError(ValueError):
    """A term that cannot be; `field` names it."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(f"{field_name}: {message}")
        self.field = field_name
        self.message = message


@dataclass(frozen=True, slots=True)
class Terms:
    """`adequate_at`: quality from which an answer is good enough. `timeout_ms`: by model, "*" for
    all others; recorded calls that took longer count as timeouts.

    The rest is nobody's choice for a single run. `support`: how many requests have to be treated
    differently before a comparison may pass. Of a dataset with a `sealed_share` a run reads the
    open part; a `look` above 0 reads the sealed one, as which look at it
    (`evaluations.replay.looks`).
    """

    adequate_at: float = DEFAULT_ADEQUATE_AT
    timeout_ms: Mapping[str, float] = field(default_factory=dict)
    support: Support = field(default_factory=Support)
    sealed_share: float = 0.0
    look: int = 0

    def part_of(self, dataset_digest: str) -> Part | None:
        """What a run under these terms reads of a dataset; None: all of it."""
        if not self.sealed_share:
            return None
        return Part(dataset_digest, self.sealed_share, is_sealed=self.look > 0)

    def as_json(self) -> dict[str, Any]:
        """As stored with the run."""
        return {
            "adequate_at": self.adequate_at,
            "timeout_ms": dict(sorted(self.timeout_ms.items())),
            "support": asdict(self.support),
            "sealed_share": self.sealed_share,
            "look": self.look,
        }

    def conditions(self, yardstick: tuple[str, ...]) -> Conditions:
        """In the exact units of the replay."""
        return Conditions(
            adequate_at=round(self.adequate_at * NANO),
            timeouts={model: round(ms * 1000) for model, ms in self.timeout_ms.items()},
            yardstick=yardstick,
        )


def parse_terms(raw: Mapping[str, Any]) -> Terms:
    """Terms from plain values; a single `timeout_ms` number holds for every model."""
    unknown = sorted(set(raw) - {"adequate_at", "timeout_ms"})
    if unknown:
        raise TermsError(unknown[0], "is not a setting; there are adequate_at and timeout_ms.")
    adequate_at = raw.get("adequate_at", DEFAULT_ADEQUATE_AT)
    if not _is_number(adequate_at) or not 0 < adequate_at <= 1:
        raise TermsError("adequate_at", "must be a quality above 0 and at most 1.")
    timeouts = raw.get("timeout_ms")
    if timeouts is None:
        timeouts = {}
    if _is_number(timeouts):
        timeouts = {"*": timeouts}
    if not isinstance(timeouts, Mapping):
        raise TermsError("timeout_ms", "must be milliseconds, or an object of them by model.")
    for limit in timeouts.values():
        if not _is_number(limit) or not 0 < limit <= _MAX_TIMEOUT_MS:
            raise TermsError("timeout_ms", f"must be above 0 and at most {_MAX_TIMEOUT_MS} ms.")
    return Terms(float(adequate_at), {str(model): float(ms) for model, ms in timeouts.items()})


def stored_terms(stored: Mapping[str, Any]) -> Terms:
    """Back from what a run keeps."""
    terms = parse_terms({name: stored[name] for name in ("adequate_at", "timeout_ms")})
    return replace(
        terms,
        support=Support(**stored["support"]),
        sealed_share=stored["sealed_share"],
        look=stored["look"],
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
