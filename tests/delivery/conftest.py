"""A router token to fetch what is published with."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from policies.models import Environment
from policies.services.routers.tokens import issue_router_token


@pytest.fixture
def token(staging: Environment, operator: User) -> str:
    """The plain text of a router token of staging."""
    return issue_router_token(staging, "router in Oslo", acting_user=operator)[1]
