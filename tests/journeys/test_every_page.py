"""Every page that there is: accessible in both themes, whole on a phone, quiet in the console."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys.pages import (
    HOME,
    found_by_links,
    overflow_at_last,
    page_names,
    sign_in,
    watched,
)
from tests.services.browser import settle, violations_in_both_themes
from tests.services.console import Console

Found = dict[str, list[str]]
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# No link leads to the password's page: the console sends there.
STARTS = ["/", HOME, f"{HOME}settings/", "/account/password/"]
PRICES = json.dumps(
    {
        "gpt-4o-mini": {
            "litellm_provider": "openai",
            "mode": "chat",
            "max_input_tokens": 128_000,
            "input_cost_per_token": 2e-7,
            "output_cost_per_token": 7e-7,
        }
    }
).encode()
# Signed in, one is sent on from here.
SIGNED_OUT = frozenset({"sign-in"})
WEBHOOK = {
    "name": "Channel",
    "url": "https://hooks.example.com/x",
    "body_kind": "standard",
    "events": "release.published",
}


@pytest.fixture(scope="module")
def signed_in(browser: Browser, demo_console: Console) -> Iterator[dict[str, BrowserContext]]:
    """A browser of each of two people: who writes, and who answers for everything."""
    contexts = {}
    for account in ("author", "owner"):
        contexts[account] = browser.new_context(base_url=demo_console.url, locale="en-GB")
        sign_in(contexts[account].new_page(), demo_console, account)
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture(scope="module")
def pages(signed_in: dict[str, BrowserContext], demo_console: Console) -> dict[str, Found]:
    """All pages by person; the webhook and the draft make some that the demo does not have."""
    owner, author = signed_in["owner"].pages[0], signed_in["author"].pages[0]
    owner.goto(f"{HOME}settings/webhooks/")
    token = owner.locator("[name=csrfmiddlewaretoken]").first.input_value()
    headers = {"Referer": owner.url}
    form: dict[str, str | float | bool] = {**WEBHOOK, "csrfmiddlewaretoken": token}
    answer = owner.request.post(f"{HOME}settings/webhooks/", form=form, headers=headers)
    assert answer.status == 200
    upload = {"name": "prices.json", "mimeType": "application/json", "buffer": PRICES}
    answer = owner.request.post(
        "/catalogue/import/",
        multipart={"csrfmiddlewaretoken": token, "file": upload},  # type: ignore[dict-item]
        headers=headers,
    )
    assert answer.status == 200
    found = {"owner": found_by_links(owner, demo_console, STARTS)}
    seen = set(found["owner"])
    mine = found_by_links(author, demo_console, ["/", HOME])
    found["author"] = {name: paths for name, paths in mine.items() if name not in seen}
    return found


def test_pages__are_all_found_by_links(pages: dict[str, Found]) -> None:
    found = set(pages["owner"]) | set(pages["author"]) | SIGNED_OUT
    assert sorted(page_names() - found) == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(6))
def test_page__is_accessible_in_both_themes__whole_on_a_phone__and_quiet(
    pages: dict[str, Found],
    signed_in: dict[str, BrowserContext],
    part: int,
) -> None:
    wrong: list[str] = []
    for account, found in pages.items():
        page = signed_in[account].pages[0]
        paths = sorted(path for paths in found.values() for path in paths)
        for path in paths[part::6]:
            wrong += [f"{path} {fault}" for fault in faults_of(page, path)]
    assert wrong == []


def test_sign_in__is_accessible_in_both_themes__whole_on_a_phone__and_quiet(
    page: Page, demo_console: Console
) -> None:
    assert faults_of(page, f"{demo_console.url}/sign-in/") == []


def faults_of(page: Page, path: str) -> list[str]:
    """Everything that is wrong with one page."""
    faults = []
    with watched(page) as complaints:
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.goto(path)
        settle(page)
        faults += violations_in_both_themes(page)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        faults += [f"phone: {fault}" for fault in overflow_at_last(page)]
    return faults + [f"console: {complaint}" for complaint in complaints]
