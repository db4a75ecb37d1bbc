"""Each REST operation that answers 201 says by `Location` where what it made is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator

from tests.governance.actions import all_actions
from tests.governance.actors import Actor
from tests.governance.browsers import browser
from tests.governance.change_ways import ways_of
from tests.governance.circumstances import arranged
from tests.governance.digests import undone
from tests.governance.matrix.test_once_on_postgres import ALLOWED, WHERE
from tests.governance.table import Circumstance
from tests.governance.ways import Rest, Way
from tests.governance.world import World

pytestmark = pytest.mark.django_db
Operation = tuple[str, str]
# Members and prices wait for a second person here: tests/api asks for what they make. Breaking the
# glass takes a password just entered, which is only so in a browser.
ELSEWHERE = {"api:break-glass", "api:members", "api:prices"}


def that_make() -> dict[Operation, dict[str, Any]]:
    """The 201 answers of the OpenAPI document, by the address's name and the method."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return {
        (resolve(re.sub(r"{\w+}", "1", path)).view_name, method.upper()): operation["responses"][
            "201"
        ]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "201" in operation.get("responses", {})
    }


def tries() -> Iterator[tuple[Actor, str, Circumstance, Iterable[Way]]]:
    """Everything that can be done, by one who may."""
    for action in all_actions():
        yield min(action.who), action.environment, Circumstance.ORDINARY, action.ways
    for (name, state), (actor, circumstance) in ALLOWED.items():
        yield actor, WHERE, circumstance, ways_of(name, WHERE, state)


def test_answer_201__of_every_operation__has_the_address_of_what_was_made(world: World) -> None:
    made, wrong = set(), []
    for actor, environment, circumstance, ways in tries():
        for way in (way for way in ways if isinstance(way, Rest)):
            with arranged(world, environment, circumstance), undone():
                client = browser(world, actor)
                answer = way.send(client, world, {})
                if answer.status_code != 201:
                    continue
                made.add((way.name, way.method))
                location = answer.headers.get("Location", "")
                allowed = client.options(location).headers["Allow"] if location else ""
                read = client.get(location).status_code if "GET" in allowed else 200
                if not location.startswith("/api/v1/") or read != 200:
                    wrong.append((way.name, location, read))
    assert wrong == []
    assert {name for name, _ in set(that_make()) - made} <= ELSEWHERE


def test_openapi__of_answers_201__tells_of_location() -> None:
    silent = [
        name for name, told in that_make().items() if "Location" not in told.get("headers", {})
    ]
    assert silent == []
