"""Trying one cell of the matrix by its ways in, and telling where the console did otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.governance.actors import ABSENT, A, Actor
from tests.governance.digests import undone, wrote_anything
from tests.governance.ways import Answer, Way
from tests.governance.world import World

FORBIDDING = frozenset({"role", "four_eyes", "re_authentication"})


@dataclass(frozen=True)
class Cell:
    """One field of the matrix: allowed when there is no obstacle."""

    action: str
    actor: Actor
    state: str = ""
    environment: str = ""
    obstacles: frozenset[str] = frozenset()
    unseen: int = 0  # what somebody is told who may not even see it; 0 for those who may

    always_writes: bool = True

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.state, self.environment)))
        return f"{self.action} by {self.actor} {where}".strip()


def tried(
    world: World, ways: Iterable[Way], cell: Cell, only: Callable[[str], bool] = lambda name: True
) -> list[str]:
    """What was otherwise than the cell says, one line each; by the ways whose names are `only`."""
    wrong = []
    for way in ways:
        for name, attempt in way.tries().items():
            if not only(name) or (name == "service" and cell.actor == A.SIGNED_OUT):
                continue  # nobody is no person
            with undone():
                answer, wrote = wrote_anything(lambda: attempt(world, cell.actor), world.digest)  # noqa: B023
            fault = _fault(name, cell, answer, wrote)
            if fault:
                wrong.append(f"{cell}, by {name}: {fault} ({answer.status} {answer.said[:200]})")
    return wrong


def _fault(name: str, cell: Cell, answer: Answer, wrote: bool) -> str:
    if not cell.obstacles:
        is_right = answer.is_done and (wrote or not cell.always_writes)
        return "" if is_right else f"should be allowed; wrote {wrote}"
    if wrote:
        return "was refused, yet rows changed" if not answer.is_done else "should be refused"
    if name in ("service", "command"):
        return _code_fault(cell.obstacles, answer) if not answer.is_done else "said it was done"
    if cell.actor in ABSENT:
        return "" if answer.is_sign_in else "should ask to sign in"
    if cell.unseen:
        return "" if answer.status == cell.unseen else f"should be {cell.unseen}"
    expected = 403 if cell.obstacles & FORBIDDING else 409
    if answer.status != expected:
        return f"should be {expected}"
    return _code_fault(cell.obstacles, answer)


def _code_fault(obstacles: frozenset[str], answer: Answer) -> str:
    if answer.codes is None or obstacles <= answer.codes:
        return ""
    return f"should name {sorted(obstacles)}, named {sorted(answer.codes)}"
