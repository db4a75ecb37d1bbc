"""What decisions have in common, so that they can be made without their constructor.

A frozen dataclass sets each field through ``object.__setattr__``, which takes more time than all
the rest of a decision. So the fields of one are filled at once from what does not depend on the
request; nobody has seen the object yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..suitability import Exclusion

Fields = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What classification says, and the boxes of the policy that hold for its class."""

    class_key: str
    class_rule: str | None
    source: str
    policy_mask: int


def template_of(
    outcome: Outcome,
    policy_rule: str,
    candidates: tuple[str, ...],
    excluded: tuple[Exclusion, ...],
) -> Fields:
    """The fields of a decision for the first of ``candidates`` that holds for any request."""
    return {
        "class_key": outcome.class_key,
        "class_rule": outcome.class_rule,
        "class_source": outcome.source,
        "policy_rule": policy_rule,
        "model": candidates[0] if candidates else None,
        "candidates": candidates,
        "excluded": excluded,
        "bucket": None,
        "refused": None,
        "unchecked": (),
        "requirements": None,
        "fell_to_default": False,
    }
