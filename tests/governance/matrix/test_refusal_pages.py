"""The page around a refusal, which the matrix leaves out: whole, for everybody, in every state."""

from __future__ import annotations

from html import unescape

import pytest

from policies.governance.refusals import Refused
from tests.governance.actors import ABSENT, A, Actor
from tests.governance.change_ways import ways_of
from tests.governance.digests import undone
from tests.governance.refusal_pages import refusals
from tests.governance.table import CHANGE_ACTIONS, ENVIRONMENTS, STATES
from tests.governance.ways import Answer, Form
from tests.governance.world import World

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ["publish", "describe"])  # one for each page
def test_refused_form__shows_its_page_with_every_reason(
    world: World, action: str, state: str, environment: str
) -> None:
    form = next(way for way in ways_of(action, environment, state) if isinstance(way, Form))
    number = world.changes[environment, state].number
    for actor in set(Actor) - ABSENT - {A.OUTSIDER}:
        with undone(), refusals() as raised:
            answer = form.tries()["form"](world, actor)
        if not answer.is_done:
            assert is_whole(answer, number, raised[-1]), f"{actor}: {answer.said[:500]}"
        else:
            assert not CHANGE_ACTIONS[action].obstacles(actor, state)


def is_whole(answer: Answer, number: int, refusal: Refused) -> bool:
    """A page with its shell, about this change request, that tells every reason."""
    told = unescape(answer.said)
    has_reasons = all(reason.sentence in told for reason in refusal.reasons)
    return "</html>" in told and f"#{number}" in told and has_reasons
