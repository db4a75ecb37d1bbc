"""The world of the governance matrix, built once for each module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.governance.digests import Undo
from tests.governance.world import World, build


@pytest.fixture(scope="module")
def world(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Everything an attempt may be about; taken back when the module is done."""
    with django_db_blocker.unblock():
        try:
            with transaction.atomic():
                yield build(tmp_path_factory.mktemp("world"))
                raise Undo
        except Undo:
            cache.clear()
