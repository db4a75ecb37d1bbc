"""An approval counts for exactly what was seen, and is enough when enough people gave one."""

from django.contrib.auth.models import User

from policies.models import Environment
from policies.transitions import State
from tests.policies.steps import approved, in_review


def test_approval__one_of_two__stays_in_review(
    production: Environment, author: User, reviewer: User
) -> None:
    change = approved(in_review(production, author), reviewer)
    assert change.state == State.IN_REVIEW
