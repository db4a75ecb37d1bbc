"""Whatever is sent, the server answers: no operation of the OpenAPI document has a fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from policies.delivery.answering import JWKS_PATH, POLICY_PATH
from policies.delivery.holdings import Holdings
from policies.delivery.loading import load
from policies.delivery.status import StatusDesk
from policies.delivery.status_asgi import STATUS_PATH, StatusApplication
from policies.governance.roles import Role
from policies.models import CatalogueModel, Membership, Release
from policies.services.people.tokens import issue_personal_token
from policies.services.routers.tokens import issue_router_token
from policies.services.teams.members import add_member
from tests.governance.digests import undone
from tests.policies.cast import found, release_in
from tests.policies.steps import draft_of, in_review
from tests.services.plane import plane_with


class Plane:
    """What the front gives to the delivery plane, over what the database had when it was brought
    here; nobody is held."""

    def __init__(self) -> None:
        self._plane = plane_with(Holdings(), longest_wait_s=0)
        desk = StatusDesk(lambda batch: None)
        self._places: dict[str, Any] = {
            POLICY_PATH: self._plane,
            JWKS_PATH: self._plane,
            STATUS_PATH: StatusApplication(desk, self._plane.token_of),
        }

    def __contains__(self, path: str) -> bool:
        return path in self._places

    def bring(self) -> None:
        """Serve what the database has now."""
        self._plane.adopt(load(Holdings(), 0.0))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._places[scope["path"]](scope, receive, send)


SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", get_wsgi_application())
PLANE = Plane()
SCHEMA_OF_PLANE = schemathesis.openapi.from_dict(SCHEMA.raw_schema)
SCHEMA_OF_PLANE.app = PLANE
OPERATIONS = [
    found.ok()
    for schema in (SCHEMA, SCHEMA_OF_PLANE)
    for found in schema.get_all_operations()
    if isinstance(found, Ok) and (found.ok().path in PLANE) == (schema is SCHEMA_OF_PLANE)
]
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests share the test's transaction, so none may close its connection at its end."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@dataclass(frozen=True)
class Console:
    """Path parameters that lead to things that exist, and the tokens of somebody who may do
    everything and of a router, so that calls reach as deep as they can.
    """

    places: dict[str, Any]
    person: dict[str, str]
    router: dict[str, str]

    def bearer_of(self, path: str) -> dict[str, str]:
        return self.router if path in PLANE else self.person


@pytest.fixture(scope="module")
def console(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Console]:
    """Built once for all operations; each call's test goes back to it."""
    with django_db_blocker.unblock(), undone():
        founded = release_in(found())
        assert founded.author and founded.release
        places = _places(founded.release, founded.author, founded.owner)
        for role in Role:
            add_member(founded.team, founded.owner, role, acting_user=founded.administrator)
        _, plain = issue_personal_token(founded.owner, "test", acting_user=founded.owner)
        _, of_router = issue_router_token(
            founded.release.environment, "no-faults", acting_user=founded.owner
        )
        PLANE.bring()
        yield Console(
            places,
            {"Authorization": f"Bearer {plain}"},
            {"Authorization": f"Bearer {of_router}"},
        )


def _places(release: Release, author: User, owner: User) -> dict[str, Any]:
    change = in_review(release.environment, author)
    draft = draft_of(release.workflow, author)
    token, _ = issue_router_token(release.environment, "eu-west", acting_user=owner)
    return {
        "slug": release.workflow.slug,
        "environment": release.environment.name,
        "number": change.number,
        "kind": "router_policy",
        "id": draft.pk,
        "router-tokens.id": token.pk,
        "teams.slug": release.workflow.team.slug,
        "teams.id": Membership.objects.get(user=author).pk,
        "models.id": CatalogueModel.objects.earliest("pk").pk,
    }


def real(path: str, name: str, places: dict[str, Any]) -> Any:
    """What leads to an existing thing at this place of this path."""
    if name == "number" and "/changes/" not in path:
        return 1
    for part in ("router-tokens", "teams", "models"):
        if f"/{part}/" in path and f"{part}.{name}" in places:
            return places[f"{part}.{name}"]
    return places.get(name, 1)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda found: found.label)
def test_operation__made_up_input__has_no_fault(
    operation: Any, console: Console, db: None, one_connection: None
) -> None:
    @given(case=operation.as_strategy(), at_real_place=st.sampled_from([True, True, False]))
    @settings(
        max_examples=12,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any, at_real_place: bool) -> None:
        if at_real_place:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = real(operation.path, name, console.places)
        response = case.call(headers=console.bearer_of(operation.path))
        case.validate_response(response, checks=CHECKS)

    call()
