"""Action × actor × environment for every write outside a change request, by every way in."""

from __future__ import annotations

import pytest

from tests.governance.action import Action
from tests.governance.actions import all_actions
from tests.governance.actors import Actor
from tests.governance.attempts import Cell, tried
from tests.governance.circumstances import arranged
from tests.governance.table import Circumstance
from tests.governance.world import World

pytestmark = pytest.mark.django_db


def name_of(action: Action, circumstance: str = "") -> str:
    return " ".join(filter(None, (action.name, action.environment, circumstance)))


CELLS = [
    pytest.param(action, circumstance, id=name_of(action, circumstance))
    for action in all_actions()
    for circumstance in (Circumstance.ORDINARY, *action.same)
]


@pytest.mark.parametrize(("action", "circumstance"), CELLS)
def test_action__is_allowed_or_refused_as_the_table_says__by_every_way_in(
    world: World, action: Action, circumstance: Circumstance
) -> None:
    wrong = []
    with arranged(world, action.environment, circumstance):
        for actor in Actor:
            wrong += tried(world, action.ways, cell_of(action, actor, circumstance))
    assert wrong == []


def cell_of(action: Action, actor: Actor, circumstance: Circumstance) -> Cell:
    otherwise = action.obstacles.get(actor, frozenset({"role"}))
    obstacles = frozenset() if actor in action.who else otherwise
    unseen = action.outsider if actor == Actor.OUTSIDER else 0
    return Cell(
        action.name,
        actor,
        environment=action.environment,
        circumstance=circumstance,
        obstacles=obstacles,
        unseen=action.unseen.get(actor, unseen) if obstacles else 0,
        always_writes=action.always_writes,
        is_audited=action.is_audited,
    )
