"""Action × actor × environment for every write outside a change request, by every way in."""

from __future__ import annotations

import pytest

from tests.governance.action import Action
from tests.governance.actions import all_actions
from tests.governance.actors import Actor
from tests.governance.attempts import Cell, tried
from tests.governance.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def name_of(action: Action) -> str:
    return f"{action.name} {action.environment}".strip()


@pytest.mark.parametrize("action", all_actions(), ids=name_of)
def test_action__is_allowed_or_refused_as_the_table_says__by_every_way_in(
    world: World, action: Action
) -> None:
    wrong = []
    for actor in Actor:
        obstacles = frozenset() if actor in action.who else frozenset({"role"})
        unseen = action.outsider if actor == Actor.OUTSIDER else 0
        unseen = action.unseen.get(actor, unseen) if obstacles else 0
        cell = Cell(
            action.name, actor, "", action.environment, obstacles, unseen, action.always_writes
        )
        wrong += tried(world, action.ways, cell)
    assert wrong == []
