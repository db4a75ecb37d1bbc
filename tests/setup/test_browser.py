"""The bench's browser: Debian's Chromium against a whole running console."""

import pytest
from playwright.sync_api import Page

from tests.services.browser import axe_violations
from tests.services.console import Console


def test_browser__asked_for_a_page_of_the_console__gets_it(
    page: Page, demo_console: Console
) -> None:
    answer = page.goto(f"{demo_console.url}/readyz")
    assert answer is not None
    assert answer.json()["status"] == "ready"


def test_axe__on_a_picture_without_words__says_what_is_wrong(
    page: Page,
) -> None:
    page.set_content('<html lang="en"><title>A page</title><main><img src="data:,"></main>')
    (violation,) = axe_violations(page)
    assert violation.startswith("image-alt:")


def test_shared_console__of_several_processes__is_of_one_group(
    request: pytest.FixtureRequest, demo_console: Console, worker_id: str
) -> None:
    # xdist reads the group from behind the id; without it each process starts this console.
    assert request.node.nodeid.endswith("@console") == (worker_id != "master")
