"""Pages that look again by themselves, in a real browser: nobody who reads them is disturbed."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from policies.models import Release, RouterToken
from tests.policies.news.test_notifications_browser import enter
from tests.policies.routers.fleet_cast import Routers

AGAIN = 10_000  # ms, more than two looks
LATE = "a-router-that-is-late-" + "x" * 60  # wider than a phone


@pytest.fixture
def routers(token: RouterToken, release: Release) -> Routers:
    """One has the release that was published just now, one failed to take it."""
    found = Routers(token, timezone.now())
    found.say("one", release)
    error = {"kind": "signature", "message": "No.", "at": found.now.isoformat()}
    found.say(LATE, None, errors=[error])
    return found


def test_fleet__that_looks_again__keeps_focus_scroll_and_text_and_tells_all_of_what_is_new(
    page: Page, live_server: LiveServer, routers: Routers, release: Release, owner: User
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    enter(page, live_server, owner)
    page.goto(f"{live_server.url}/w/support-assistant/fleet/?env=staging&state=failing")
    rows = page.locator(".table-region[aria-label=Routers]")
    rows.evaluate("region => { region.scrollLeft = 90; }")
    assert rows.evaluate("region => region.scrollLeft") == 90
    page.get_by_label("Name of a router").fill("typed")
    group = page.locator("#fleet-groups").get_by_role("link").first
    group.focus()
    with page.expect_response(lambda answer: "/fleet/" in answer.url, timeout=AGAIN):
        pass
    with page.expect_response(lambda answer: "/fleet/" in answer.url, timeout=AGAIN):
        pass
    assert rows.evaluate("region => region.scrollLeft") == 90
    expect(group).to_be_focused()
    expect(page.get_by_label("Name of a router")).to_have_value("typed")
    routers.say(LATE, release)
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 of 2", timeout=AGAIN)
    expect(page.get_by_text("No router is like that.")).to_be_visible()
    expect(page.locator("#fleet-states")).to_contain_text("Failing 0")


def test_fleet__whose_first_router_reports__shows_it(
    page: Page, live_server: LiveServer, token: RouterToken, release: Release, owner: User
) -> None:
    enter(page, live_server, owner)
    page.goto(f"{live_server.url}/w/support-assistant/fleet/?env=staging")
    expect(page.get_by_text("No router has reported from here")).to_be_visible()
    Routers(token, timezone.now()).say("one", release)
    expect(page.get_by_role("rowheader", name="one")).to_be_visible(timeout=AGAIN)


def test_release__that_looks_again__keeps_focus_and_is_announced_when_it_says_something_new(
    page: Page, live_server: LiveServer, routers: Routers, release: Release, owner: User
) -> None:
    enter(page, live_server, owner)
    page.goto(f"{live_server.url}{release.get_absolute_url()}")
    said = page.get_by_role("status").filter(has_text="1 of 2 routers")
    link = said.get_by_role("link")
    link.focus()
    link.evaluate("link => { link.dataset.untouched = 'yes'; }")
    with page.expect_response(lambda answer: "/releases/" in answer.url, timeout=AGAIN):
        pass
    expect(link).to_be_focused()
    expect(link).to_have_attribute("data-untouched", "yes")
    routers.say(LATE, release)
    said = page.get_by_role("status").filter(has_text="All 2 routers")
    expect(said).to_be_visible(timeout=AGAIN)
    expect(said.get_by_role("link")).to_be_focused()


def test_release__of_somebody_signed_out__looks_no_more_and_keeps_what_it_said(
    page: Page, live_server: LiveServer, routers: Routers, release: Release, owner: User
) -> None:
    enter(page, live_server, owner)
    page.goto(f"{live_server.url}{release.get_absolute_url()}")
    page.context.clear_cookies()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(lambda answer: "/sign-in/" in answer.url, timeout=AGAIN):
        pass
    page.wait_for_timeout(AGAIN / 2)
    assert len([address for address in asked if "/sign-in/" in address]) == 1
    expect(page.get_by_text("1 of 2 routers")).to_be_visible()
    expect(page.locator(".toast")).to_have_count(0)
