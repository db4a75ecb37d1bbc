"""What an entry of the matrix says: an action, who may do it, and every way in to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.governance.actors import GUARDIANS, OWNERS, A, Actor
from tests.governance.table import Circumstance
from tests.governance.ways import Told, Way

ADMINISTRATORS = frozenset({A.ADMINISTRATOR})
OPERATORS = frozenset({A.OPERATOR})
ANSWERING = OWNERS | GUARDIANS  # for the shared catalogue
CONTRACT_TEXT = dict.fromkeys(
    ("inputs", "outputs", "failure", "humans_step_in", "playbook"), "Said anew."
)


@dataclass(frozen=True)
class Action:
    """One thing that writes. `unseen`: what those who may not see it are told, by actor.

    `obstacles` names those of whoever may not for another reason than their role.
    It is just the same in each of the circumstances `same`, where one may think otherwise.
    """

    name: str
    who: frozenset[Actor]
    ways: tuple[Way, ...]
    environment: str = ""
    unseen: Mapping[Actor, int] = field(default_factory=dict)
    obstacles: Mapping[Actor, frozenset[str]] = field(default_factory=dict)
    outsider: int = 404
    always_writes: bool = True
    is_audited: bool = True  # not so what concerns nobody but the person
    same: tuple[Circumstance, ...] = ()


def one(name: str) -> Told:
    """The workflow, and one more part of the address."""
    return lambda w: {"slug": w.workflow.slug, **({"pk": getattr(w, name).pk} if name else {})}


IN_WORKFLOW = one("")


def said(**fields: Any) -> Told:
    return lambda world: fields
