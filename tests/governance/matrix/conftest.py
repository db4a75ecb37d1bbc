"""The world of the governance matrix, built once for all of it (once in each test process)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from tests.governance.world import World, standing
from tests.services.environment import on_postgres

collect_ignore = [] if on_postgres() else ["test_once_on_postgres.py"]


@pytest.fixture(scope="package")
def world(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Everything an attempt may be about; taken back when the last test of it is done."""
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":  # all is one open transaction: let it stay in memory
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA temp_store=MEMORY")
                cursor.execute("PRAGMA cache_size=-65536")
    with standing(django_db_blocker, tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="package", autouse=True)
def many_requests() -> Iterator[None]:
    """Tens of thousands are refused here: none is worth a line, but an exception is raised."""
    logger = logging.getLogger("django.request")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True):
        yield
    logger.setLevel(level)
