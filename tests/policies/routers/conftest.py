"""Planes that routers of the cast's environment report to."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import User

from policies.models import Environment, Release, RouterToken
from policies.services.routers.tokens import issue_router_token
from tests.policies.routers.fleet_cast import HOUR, Routers


@pytest.fixture
def token(staging: Environment, owner: User) -> RouterToken:
    return issue_router_token(staging, "eu", acting_user=owner)[0]


@pytest.fixture
def start(release: Release) -> datetime.datetime:
    """An hour after the release was published."""
    return release.published_at + HOUR


@pytest.fixture
def plane(token: RouterToken, start: datetime.datetime) -> Routers:
    return Routers(token, start)


@pytest.fixture
def other_plane(token: RouterToken, start: datetime.datetime) -> Routers:
    return Routers(token, start)
