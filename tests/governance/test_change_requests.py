"""Action × actor × state × environment on a change request, by every way in that exists."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policies import transitions
from tests.governance.actors import Actor
from tests.governance.attempts import Cell, tried
from tests.governance.change_ways import ways_of
from tests.governance.table import AS_TRANSITION, CHANGE_ACTIONS, ENVIRONMENTS, STATES
from tests.governance.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.once]
TAKING_TURNS = ("token", "", "form", "", "session", "", "htmx", "")


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
    wrong = []
    ways = ways_of(action, lambda w: w.change(environment, state))
    for actor in Actor:
        obstacles = CHANGE_ACTIONS[action].obstacles(actor, state)
        cell = Cell(
            action, actor, state, environment, obstacles, 404 if actor == Actor.OUTSIDER else 0
        )
        wrong += tried(world, ways, cell, ways_for(cell))
    assert wrong == []


def ways_for(cell: Cell) -> Callable[[str], bool]:
    """Which ways in to try in a cell.

    All of them for everybody in a state where the action exists, and in every state for somebody
    who holds the role: each in one environment of the two in turn. Elsewhere the service that all
    ways end at, and, where a single obstacle decides, every other time one of the others.
    """
    rule = CHANGE_ACTIONS[cell.action]
    names = list(CHANGE_ACTIONS)
    place = names.index(cell.action) + STATES.index(cell.state)
    place += ENVIRONMENTS.index(cell.environment)
    at_home = cell.state == min(rule.states, key=STATES.index)
    if place % 2 and (at_home or cell.actor == rule.exemplar(cell.state)):
        return lambda name: True
    turn = TAKING_TURNS[(place + list(Actor).index(cell.actor)) % len(TAKING_TURNS)]
    chosen = {"service", turn} if len(cell.obstacles) < 2 else {"service"}
    return lambda name: name in chosen
