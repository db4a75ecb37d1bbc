"""What can be read: nothing without signing in, and nothing of a team by outsiders."""

from __future__ import annotations

import pytest

from tests.governance.actors import A
from tests.governance.addresses import Address, every_address
from tests.governance.browsers import browser
from tests.governance.outside import OPEN, OPEN_PAGES
from tests.governance.ways import SIGN_IN
from tests.governance.world import World

pytestmark = pytest.mark.django_db
# What an address holds that is about one team.
OF_A_TEAM = ("w/<", "workflows/<", "teams/<", "rule-changes/<")


def readable() -> list[Address]:
    return [address for address in every_address() if "GET" in address.methods]


def test_get__signed_out__is_asked_to_sign_in(world: World) -> None:
    wrong = []
    for address in readable():
        answer = browser(world, A.SIGNED_OUT).get(address.of(world))
        asked = answer.status_code == 401 or SIGN_IN in answer.headers.get("Location", "")
        if not asked and address.entry not in OPEN | OPEN_PAGES:
            wrong.append(f"{address.entry}: {answer.status_code}")
    assert wrong == [], "use @login_required, or say why not in tests/governance/outside.py"


def test_get__of_another_team__does_not_exist(world: World) -> None:
    wrong = []
    for address in readable():
        if not any(part in address.route for part in OF_A_TEAM):
            continue
        answer = browser(world, A.OUTSIDER).get(address.of(world))
        if answer.status_code != 404:
            wrong.append(f"{address.entry}: {answer.status_code}")
    assert wrong == [], "find rows by policies/views/visible.py or policies/api/access.py"
