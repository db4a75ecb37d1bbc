"""The page around a refusal, which the matrix leaves out: whole, for everybody, in every state."""

from __future__ import annotations

from html import unescape

import pytest

from policies.refusals import Refused
from tests.governance.actors import ABSENT, A, Actor
from tests.governance.change_ways import ways_of
from tests.governance.digests import undone
from tests.governance.refusal_pages import refusals
from tests.governance.table import ENVIRONMENTS, STATES
from tests.governance.ways import Answer, Form
from tests.governance.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("state", STATES)
def test_refused_form__shows_the_review_page_with_every_reason(
    world: World, state: str, environment: str
) -> None:
    # Whoever may not publish is told so; whoever may is told of the state, or has done it.
    form = next(way for way in ways_of("publish", environment, state) if isinstance(way, Form))
    title = world.changes[environment, state].title
    for actor in set(Actor) - ABSENT - {A.OUTSIDER}:
        with undone(), refusals() as raised:
            answer = form.tries()["form"](world, actor)
        if not answer.is_done:
            assert is_whole(answer, title, raised[-1]), f"{actor}: {answer.said[:500]}"
        else:
            assert (actor, state) == (A.OPERATOR, "approved")


def is_whole(answer: Answer, title: str, refusal: Refused) -> bool:
    """A page with its shell, about this change request, that tells every reason."""
    told = unescape(answer.said)
    has_reasons = all(reason.sentence in told for reason in refusal.reasons)
    return "</html>" in told and title in told and has_reasons
