"""All that the console asks of a database, once on PostgreSQL: each act, page and task that exists.

On SQLite the rest of this folder tries the same as everybody, in every state, so this is not
collected there. Who may do a thing does not depend on the database; whether its statements can be
carried out does.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.governance.action import Action
from tests.governance.actions import all_actions
from tests.governance.actors import A, Actor
from tests.governance.addresses import Address, every_address
from tests.governance.attempts import IN_A_BROWSER, Cell, tried
from tests.governance.browsers import browser
from tests.governance.change_ways import ways_of
from tests.governance.circumstances import arranged
from tests.governance.digests import undone
from tests.governance.matrix.test_actions import cell_of, name_of
from tests.governance.table import CHANGE_ACTIONS, STATES, Circumstance
from tests.governance.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
WHERE = "staging"
# With htmx and in a session the same is asked of the database as by form and by token.
BY = frozenset({"service", "form", "token", "command"})
# Who may open the most pages between them.
READERS = (A.OPERATOR, A.CONTRIBUTING_OWNER)


@pytest.mark.parametrize("action", all_actions(), ids=name_of)
def test_action__by_one_who_may__is_done(world: World, action: Action) -> None:
    someone = min(action.who)
    assert tried(world, action.ways, cell_of(action, someone, Circumstance.ORDINARY), BY) == []


def allowed(action: str, state: str) -> tuple[Actor, Circumstance] | None:
    """Somebody who may do this in this state, with a password entered where it takes one."""
    rule = CHANGE_ACTIONS[action]
    for circumstance, met in (
        (Circumstance.ORDINARY, frozenset()),
        (Circumstance.ENTERED, {"re_authentication"}),
    ):
        for actor in sorted(rule.who):
            if not rule.obstacles(actor, state, circumstance) - met:
                return actor, circumstance
    return None


ALLOWED = {
    (action, state): found
    for action in CHANGE_ACTIONS
    for state in STATES
    if (found := allowed(action, state))
}


def test_every_action_on_a_change_request__is_tried_here() -> None:
    # Nobody can merge here, since nothing collides; that is shown where something does.
    assert {action for action, _ in ALLOWED} == set(CHANGE_ACTIONS) - {"merge"}


@pytest.mark.parametrize(("action", "state"), ALLOWED)
def test_action_on_a_change_request__by_one_who_may__is_done(
    world: World, action: str, state: str
) -> None:
    actor, circumstance = ALLOWED[action, state]
    only = BY & IN_A_BROWSER if circumstance == Circumstance.ENTERED else BY
    with arranged(world, WHERE, circumstance):
        cell = Cell(action, actor, state, WHERE, circumstance)
        assert tried(world, ways_of(action, WHERE, state), cell, only) == []


def readable() -> list[Address]:
    return [address for address in every_address() if "GET" in address.methods]


def asked(address: Address, world: World) -> dict[str, Any]:
    """What an address is nothing without."""
    queries: dict[str, dict[str, Any]] = {
        "change-create": {"draft": world.draft.pk},
        "component-diff": {"from": 1, "to": 2},
        "api:difference": {"from": 1, "to": 2},
        "api:release-export": {"format": "litellm"},
        "api:draft-export": {"format": "litellm"},
    }
    return queries.get(address.name, {})


def test_page__of_every_address__is_answered_to_somebody(world: World) -> None:
    refused = set()
    for address in readable():
        answers = set()
        for reader in READERS:
            bearer = {"Authorization": f"Bearer {world.bearer[reader]}"}
            headers = bearer if address.name.startswith("api") else {}
            with undone():
                client = browser(world, reader)
                answer = client.get(address.of(world), asked(address, world), headers=headers)
            answers.add(answer.status_code)
        if min(answers) >= 400:
            refused.add(address.entry)
    assert refused == set()
