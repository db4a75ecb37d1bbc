"""Decisions made without their constructor.

A frozen dataclass sets each field through ``object.__setattr__``, which takes more time than all
the rest of a decision. Here the fields of one are filled at once from what does not depend on the
request; nobody has seen the object yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..decision import Decision
from ..suitability import Exclusion, Requirements

_new = object.__new__
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


def decision_of(template: Fields, requirements: Requirements) -> tuple[Decision, Fields]:
    """A decision and its fields, which may still be set."""
    made = _new(Decision)
    fields = made.__dict__
    fields.update(template)
    fields["requirements"] = requirements
    return made, fields


def requirements_of(
    limits: Fields, input_tokens: int | None, max_output_tokens: int | None
) -> Requirements:
    """``limits`` are the fields that a route sets: regions and capabilities."""
    made = _new(Requirements)
    fields = made.__dict__
    fields.update(limits)
    fields["input_tokens"], fields["max_output_tokens"] = input_tokens, max_output_tokens
    return made
