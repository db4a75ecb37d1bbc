"""Why something may not be done now: said once, shown by button, form, REST and command alike."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Reason:
    """One obstacle. `code` is stable for programs; `resolve` says what would remove it."""

    code: str
    sentence: str
    resolve: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


# The person lacks the right itself, however often they try.
FORBIDDEN = frozenset({"role", "four_eyes", "late_role", "re_authentication"})


class Refused(Exception):
    """An action that the rules do not allow; carries every obstacle, not only the first."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(" ".join(reason.sentence for reason in reasons))
        self.reasons = reasons

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(reason.code for reason in self.reasons)

    @property
    def is_forbidden(self) -> bool:
        """True when the person lacks the right itself; else the moment is wrong (a conflict)."""
        return any(code in FORBIDDEN for code in self.codes)

    @property
    def status(self) -> int:
        """As HTTP says it, on every page and over REST."""
        return 403 if self.is_forbidden else 409
