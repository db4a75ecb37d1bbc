"""What is asked of each kind of rule change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from policies.models import RuleChange


@dataclass(frozen=True)
class Kind:
    """One kind of rule change.

    `capability` is what its proposer has to hold, still when it is decided. `current` gives what
    stands now, in the form of `before`, and holds its row; `concerned` the open change requests
    that it could help; `put_in_force` applies it on behalf of the person who proposed it.
    """

    capability: str
    current: Callable[[RuleChange], dict[str, Any]]
    concerned: Callable[[RuleChange], Q]
    put_in_force: Callable[[RuleChange], None]
