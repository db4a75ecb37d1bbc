"""A published release, a router token to fetch it with, and a delivery that starts empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from policies.delivery.snapshots import snapshots
from policies.models import Environment
from policies.services.routers.tokens import issue_router_token


@pytest.fixture(autouse=True)
def empty_memory() -> Iterator[None]:
    snapshots.forget()
    yield
    snapshots.forget()


@pytest.fixture
def token(staging: Environment, operator: User) -> str:
    """The plain text of a router token of staging."""
    return issue_router_token(staging, "router in Oslo", acting_user=operator)[1]
