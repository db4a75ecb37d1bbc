"""An author starts from a template, changes one thing, and proposes it."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment
from tests.journeys.pages import watched
from tests.journeys.people import signed_in


@pytest.mark.slow
def test_template__to_a_change_request(
    page: Page, live_server: LiveServer, staging: Environment, author: User
) -> None:
    signed_in(page, live_server.url, author)
    with watched(page) as complaints:
        page.goto(f"{live_server.url}/w/support-assistant/drafts/new/")
        page.get_by_label("What is it about?").fill("A first policy")
        page.locator("#source-template").check()
        offered = page.locator("input[name=template]:not([disabled])")
        assert offered.count() >= 1
        offered.first.check()
        page.get_by_role("button", name="Start draft").click()
        expect(page.get_by_text("This document is valid")).to_be_visible()
        page.get_by_role("link", name="Propose change").click()
        page.get_by_label("Environment").select_option(label="staging")
        page.get_by_label("Why").fill("A start that others made good use of.")
        page.get_by_role("button", name="Open change request").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("A first policy")
        expect(page.get_by_text(re.compile(r"Change request #\d+")).first).to_be_visible()
    assert complaints == []
    change = ChangeRequest.objects.get()
    assert change.state == State.DRAFT
    assert change.bundle.content["router_policy"]["default"]["candidates"]
