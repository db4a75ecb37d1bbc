"""Decisions made without their constructor.

A frozen dataclass sets each field through ``object.__setattr__``, which takes more time than all
the rest of a decision. Its slots may be set as well, and nobody has seen the object yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..decision import Decision
from ..suitability import Exclusion, Requirements


def _setters(kind: type) -> list[Any]:
    return [kind.__dict__[name].__set__ for name in kind.__dataclass_fields__]  # type: ignore[attr-defined]


(
    _class_key,
    _class_rule,
    _class_source,
    _policy_rule,
    _model,
    _candidates,
    _excluded,
    _bucket,
    _refused,
    _unchecked,
    _requirements,
    _fell_to_default,
) = _setters(Decision)
_regions, _capabilities, _input_tokens, _max_output_tokens = _setters(Requirements)
_new = object.__new__


@dataclass(frozen=True, eq=False)
class Outcome:
    """What classification says, and the boxes of the policy that hold for its class."""

    class_key: str
    class_rule: str | None
    source: str
    policy_mask: int


def decision_of(
    outcome: Outcome,
    policy_rule: str,
    candidates: tuple[str, ...],
    excluded: tuple[Exclusion, ...],
    bucket: float | None,
    unchecked: tuple[str, ...],
    requirements: Requirements,
) -> Decision:
    """A decision for the first of ``candidates``, which are not empty."""
    made = _new(Decision)
    _class_key(made, outcome.class_key)
    _class_rule(made, outcome.class_rule)
    _class_source(made, outcome.source)
    _policy_rule(made, policy_rule)
    _model(made, candidates[0])
    _candidates(made, candidates)
    _excluded(made, excluded)
    _bucket(made, bucket)
    _refused(made, None)
    _unchecked(made, unchecked)
    _requirements(made, requirements)
    _fell_to_default(made, False)
    return made


def requirements_of(
    regions: tuple[str, ...],
    capabilities: tuple[str, ...],
    input_tokens: int | None,
    max_output_tokens: int | None,
) -> Requirements:
    made = _new(Requirements)
    _regions(made, regions)
    _capabilities(made, capabilities)
    _input_tokens(made, input_tokens)
    _max_output_tokens(made, max_output_tokens)
    return made
