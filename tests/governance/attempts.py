"""Trying one cell of the matrix by its ways in, and telling where the console did otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from html import unescape

from policies.governance.refusals import Refused
from tests.governance.actors import ABSENT, A, Actor
from tests.governance.digests import audit_has_grown, undone, wrote_anything
from tests.governance.refusal_pages import refusals
from tests.governance.table import ENTERED
from tests.governance.ways import Answer, Way
from tests.governance.world import World

FORBIDDING = frozenset({"role", "four_eyes", "re_authentication"})
NOT_OPEN = "Not open to you"  # the heading of the 403 page
IN_A_BROWSER = frozenset({"form", "htmx"})
OVER_HTTP = IN_A_BROWSER | {"token", "session"}
IN_A_SESSION = IN_A_BROWSER | {"session"}


@dataclass(frozen=True)
class Cell:
    """One field of the matrix: allowed when there is no obstacle."""

    action: str
    actor: Actor
    state: str = ""
    environment: str = ""
    circumstance: str = ""
    obstacles: frozenset[str] = frozenset()
    unseen: int = 0  # what somebody is told who may not even see it; 0 for those who may
    always_writes: bool = True
    is_audited: bool = True

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.state, self.environment, self.circumstance)))
        return f"{self.action} by {self.actor} {where}".strip()

    def obstacles_by(self, name: str) -> frozenset[str]:
        """By one way in: a password just entered counts in the browser alone."""
        if self.circumstance in ENTERED and name in IN_A_BROWSER:
            return self.obstacles - {"re_authentication"}
        return self.obstacles


def tried(
    world: World, ways: Iterable[Way], cell: Cell, only: frozenset[str] | None = None
) -> list[str]:
    """What was otherwise than the cell says, one line each; `only` names ways to keep to."""
    wrong = []
    for way in ways:
        for name, attempt in way.tries().items():
            if only is not None and name not in only:
                continue
            if name == "service" and cell.actor == A.SIGNED_OUT:
                continue  # nobody is no person
            answer, wrote, audited, untold = _try(world, attempt, cell.actor)
            fault = _fault(name, cell, answer, wrote) or (untold if name != "service" else "")
            if not fault and wrote and cell.is_audited and not audited:
                fault = "left no audit row"
            if fault:
                wrong.append(f"{cell}, by {name}: {fault} ({answer.status} {answer.said[:200]})")
    return wrong


def _try(
    world: World, attempt: Callable[[World, Actor], Answer], actor: Actor
) -> tuple[Answer, bool, bool, str]:
    """What came of it, whether rows changed, the audit trail among them, and what of a refusal the
    answer does not tell.
    """
    with undone(), refusals() as raised:
        answer, wrote = wrote_anything(lambda: attempt(world, actor), world.digests)
        audited = wrote and audit_has_grown(world.digests)
    if answer.is_done or not raised:
        return answer, wrote, audited, ""
    last = raised[-1]
    if answer.codes is None:  # a page or a message, which says sentences
        answer = replace(answer, codes=frozenset(last.codes))
    return answer, wrote, audited, _untold(last, answer)


def _untold(refusal: Refused, answer: Answer) -> str:
    """What of a refusal a person is not told; a lack of rights may have the page for that."""
    sentences = {reason.sentence for reason in refusal.reasons}
    told = unescape(answer.said)
    untold = {sentence for sentence in sentences if sentence not in told}
    if not untold or (set(refusal.codes) == {"role"} and NOT_OPEN in answer.said):
        return ""
    return f"does not say {sorted(untold)}"


def _fault(name: str, cell: Cell, answer: Answer, wrote: bool) -> str:
    obstacles = cell.obstacles_by(name)
    if not obstacles:
        is_right = answer.is_done and (wrote or not cell.always_writes)
        return "" if is_right else f"should be allowed; wrote {wrote}"
    if wrote:
        return "was refused, yet rows changed" if not answer.is_done else "should be refused"
    if answer.is_done:
        return "said it was done"
    if cell.actor in ABSENT and name in OVER_HTTP:
        return "" if answer.is_sign_in else "should ask to sign in"
    if cell.actor in ABSENT and name == "command":
        return ""  # there is nobody of that name, or nobody with a role
    if name not in OVER_HTTP:
        return _code_fault(obstacles, answer)
    if cell.unseen:
        return "" if answer.status == cell.unseen else f"should be {cell.unseen}"
    expected = 403 if obstacles & FORBIDDING else 409
    if answer.status != expected:
        return f"should be {expected}"
    return _code_fault(obstacles, answer)


def _code_fault(obstacles: frozenset[str], answer: Answer) -> str:
    named = answer.codes or frozenset()
    if obstacles <= named:
        return ""
    return f"should name {sorted(obstacles)}, named {sorted(named)}"
