"""Action × actor × state × environment on a change request, by every way in that exists."""

from __future__ import annotations

import pytest

from policies.governance import transitions
from tests.governance.actors import A, Actor
from tests.governance.attempts import IN_A_SESSION, Cell, tried
from tests.governance.change_ways import ways_of
from tests.governance.circumstances import arranged
from tests.governance.refusal_pages import bare_pages
from tests.governance.table import (
    AS_TRANSITION,
    CHANGE_ACTIONS,
    ENTERED,
    ENVIRONMENTS,
    STATES,
    Circumstance,
)
from tests.governance.world import World

pytestmark = pytest.mark.django_db
BESIDES = tuple(Circumstance)[1:]
CONCERNED = [
    pytest.param(action, circumstance, state, id=f"{action} {circumstance}-{state}")
    for action, rule in CHANGE_ACTIONS.items()
    for circumstance in BESIDES
    for state in sorted(rule.concerned_by(circumstance), key=STATES.index)
]


def test_table__knows_every_transition_and_no_other() -> None:
    named = {AS_TRANSITION.get(name, name) for name in CHANGE_ACTIONS}
    assert named == set(transitions.TRANSITIONS)


@pytest.mark.parametrize("action", CHANGE_ACTIONS)
def test_transition__has_the_states_of_the_table(action: str) -> None:
    transition = transitions.TRANSITIONS[AS_TRANSITION.get(action, action)]
    assert set(map(str, transition.sources)) == CHANGE_ACTIONS[action].states


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", CHANGE_ACTIONS)
def test_action__is_allowed_or_refused_as_the_table_says__by_every_way_in(
    world: World, action: str, state: str, environment: str
) -> None:
    assert wrong_of(world, action, state, environment, Circumstance.ORDINARY) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(("action", "circumstance", "state"), CONCERNED)
def test_action__under_a_circumstance__is_allowed_or_refused_as_the_table_says(
    world: World, action: str, circumstance: Circumstance, state: str, environment: str
) -> None:
    assert wrong_of(world, action, state, environment, circumstance) == []


def wrong_of(
    world: World, action: str, state: str, environment: str, circumstance: Circumstance
) -> list[str]:
    """Everybody by every way, and what came of it otherwise than the table says."""
    rule, ways = CHANGE_ACTIONS[action], ways_of(action, environment, state)
    wrong: list[str] = []
    # A password is entered into a session, so only what has one can make anything of it.
    only = IN_A_SESSION if circumstance in ENTERED else None
    with bare_pages(), arranged(world, environment, circumstance):
        for actor in Actor:
            cell = Cell(
                action,
                actor,
                state,
                environment,
                circumstance,
                rule.obstacles(actor, state, circumstance),
                unseen=404 if actor == A.OUTSIDER else 0,
            )
            wrong += tried(world, ways, cell, only)
    return wrong
