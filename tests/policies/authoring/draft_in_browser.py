"""A fresh draft of the demo's author, open in a browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.services.console import Console

DRAFTS = "/w/support-assistant/drafts/"


def start_draft(page: Page, console: Console, kind: str) -> str:
    """Sign in, start a draft and open one of its documents; the address of the draft.

    The forms of both pages are posted without the pages: they have tests of their own.
    """
    page.request.get(f"{console.url}/sign-in/")  # it gives the token that forms must hold
    _post(page, f"{console.url}/sign-in/demo/", account="author")
    document = _post(page, f"{console.url}{DRAFTS}new/", title="Tried in a browser")
    draft = f"{console.url}{document.rsplit('/', 2)[0]}/"
    page.goto(f"{draft}{kind}/")
    expect(page.get_by_text("This document is valid")).to_be_visible()
    return draft


def _post(page: Page, address: str, **fields: str) -> str:
    """Post a form; where the answer sends the browser."""
    token = next(c for c in page.context.cookies() if c.get("name") == "csrftoken").get("value", "")
    form: dict[str, str | float | bool] = {"csrfmiddlewaretoken": token, **fields}
    answer = page.request.post(address, form=form, max_redirects=0)
    assert answer.status == 302, answer.text()
    return answer.headers["location"]
