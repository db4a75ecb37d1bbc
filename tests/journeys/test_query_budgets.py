"""What the pages cost: a page that somebody waits for asks the database a few things, not many."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from policies.engine import COMPONENTS
from tests.governance.actors import A, Actor
from tests.governance.addresses import Address, every_address
from tests.governance.table import ENVIRONMENTS, STATES
from tests.governance.world import World, standing
from tests.journeys.pages import PARTS, page_names

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("budgets")]
# The design's: within 100 ms there is time for so many, also where the database is not next door.
# Up to six are the shell's and the permission's: session, person, workflow, roles, switcher, bell.
BUDGET = 15
# Who may open the most pages, and who is offered the most on them.
PEOPLE = (A.OPERATOR, A.CONTRIBUTING_OWNER)
PAGES = {address.name: address for address in every_address() if "GET" in address.methods}
# Signed in, one is sent on from here.
SIGNED_OUT = frozenset({"sign-in"})


@pytest.fixture(scope="module")
def world(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """That of the governance matrix, where every page has something to show; taken back."""
    with standing(django_db_blocker, tmp_path_factory.mktemp("world")) as world:
        yield world


def paths_of(address: Address, world: World) -> list[str]:
    """One page of this address for each kind of document, where it is about one.

    A page that is nothing without parameters gets them here.
    """
    parameters = {
        "component-diff": {"from": 1, "to": 2},
        "change-create": {"draft": world.draft.pk},
    }
    chosen = urlencode(parameters.get(address.name, {}))
    where = address.where(world)
    kinds = COMPONENTS if "kind" in where else ("",)
    places = [{**where, "kind": kind} if kind else where for kind in kinds]
    paths = [reverse(address.name, kwargs=place) for place in places]
    return [f"{path}?{chosen}" if chosen else path for path in paths]


def opened(world: World, actor: Actor, path: str) -> tuple[int, list[str]]:
    """(status, queries) of a page that was open once before."""
    client = Client()
    client.force_login(world.user(actor))
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        status = client.get(path).status_code
    return status, [query["sql"][:160] for query in asked.captured_queries]


@pytest.mark.parametrize("name", sorted((page_names() | PARTS) - SIGNED_OUT))
def test_page__costs_no_more_than_the_budget(world: World, name: str) -> None:
    paths = paths_of(PAGES[name], world)
    answers = [opened(world, actor, path) for actor in PEOPLE for path in paths]
    assert 200 in [status for status, _ in answers], "None of these people can open it."
    for _, queries in answers:
        assert len(queries) <= BUDGET, "\n".join(queries)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("state", STATES)
def test_review_page__in_every_state__costs_no_more_than_the_budget(
    world: World, state: str, environment: str
) -> None:
    path = world.changes[environment, state].get_absolute_url()
    for actor in (*PEOPLE, A.REVIEWER):
        status, queries = opened(world, actor, path)
        assert status == 200
        assert len(queries) <= BUDGET, "\n".join(queries)
