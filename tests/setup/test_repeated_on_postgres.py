"""The choice of what is repeated on PostgreSQL names what is there."""

from __future__ import annotations

import pytest

from tests.services.repeated_on_postgres import MODULES, TESTS, is_of_a_repeated_module


@pytest.mark.parametrize("module", MODULES)
def test_module__that_is_named__is_there(module: str) -> None:
    files = sorted((TESTS / module).glob("test_*.py")) or [TESTS / module]
    assert all(file.is_file() and is_of_a_repeated_module(file) for file in files)


def test_module__that_is_not_named__is_not_repeated() -> None:
    assert not is_of_a_repeated_module(TESTS / "policies" / "review" / "test_review_page.py")
