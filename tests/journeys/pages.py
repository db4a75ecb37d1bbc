"""Every page of a running console, found by following its links, and watched for trouble."""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urldefrag, urljoin, urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Page, expect

from tests.governance.addresses import every_address
from tests.services.console import Console

HOME = "/w/support-assistant/"
LINK = re.compile(r"""\bhref=["']([^"'#][^"']*)["']""")
MOST_OF_A_KIND = 2
# Not pages: machines, files, parts that a page asks for, and what is shown once after an import.
NOT_PAGES = re.compile(
    r"^(api|palette|audit-export|scorecard-csv"
    r"|evaluation-report|draft-files|draft-imported|release-export-file|release-files|release-signed|inbox-open)"
)
PARTS = frozenset(
    {
        "evaluation-progress",
        "webhook-deliveries",
        "change-finding-traffic",
        "recorded-requests",
        "draft-findings",
        "draft-finding-traffic",
        "draft-presence",
    }
)


def page_names() -> set[str]:
    """Names of all addresses that show a page."""
    return {
        address.name
        for address in every_address()
        if "GET" in address.methods
        and not NOT_PAGES.match(address.name)
        and address.name not in PARTS
    }


def sign_in(page: Page, console: Console, account: str) -> None:
    """By the button for newcomers."""
    page.goto(f"{console.url}/sign-in/")
    page.locator(f"button[value={account}]").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("for you")


def found_by_links(page: Page, console: Console, starts: list[str]) -> dict[str, list[str]]:
    """Addresses by the name of their pattern: all that links lead to, a few of each kind."""
    found: dict[str, list[str]] = {}
    waiting, seen = deque(starts), set(starts)
    while waiting:
        path = waiting.popleft()
        name = _name_of(path)
        if not name or NOT_PAGES.match(name) or len(found.get(name, [])) >= MOST_OF_A_KIND:
            continue
        answer = page.request.get(f"{console.url}{path}")
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        found.setdefault(name, []).append(path)
        for link in LINK.findall(answer.text()):
            there = urldefrag(urljoin(f"{console.url}{path}", html.unescape(link))).url
            if there.startswith(console.url):
                there = there.removeprefix(console.url)
                if there not in seen:
                    seen.add(there)
                    waiting.append(there)
    return found


def _name_of(path: str) -> str:
    try:
        return str(resolve(urlsplit(path).path).view_name)
    except Resolver404:
        return ""


@contextmanager
def watched(page: Page) -> Iterator[list[str]]:
    """What the browser complains about: errors, and what the content policy refused."""
    complaints: list[str] = []

    def said(message: object) -> None:
        kind = getattr(message, "type", "")
        text = str(getattr(message, "text", ""))
        if kind == "error" or "Content Security Policy" in text:
            complaints.append(text)

    def raised(error: object) -> None:
        complaints.append(str(error))

    page.on("console", said)
    page.on("pageerror", raised)
    yield complaints
    page.remove_listener("console", said)
    page.remove_listener("pageerror", raised)


TWO_FRAMES = """() => new Promise((resolve) =>
  requestAnimationFrame(() => requestAnimationFrame(resolve)))"""


def overflow(page: Page) -> list[str]:
    """What stands out of the screen to the right, where the page itself would scroll."""
    found: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.querySelectorAll("body *")]
            .filter((node) => node.getBoundingClientRect().right > width + 1)
            .slice(0, 4).map((node) => node.outerHTML.slice(0, 120));
        }"""
    )
    return found


def overflow_at_last(page: Page) -> list[str]:
    """The same once figures have followed the screen, which they do a moment after it changes."""
    page.evaluate(TWO_FRAMES)
    for _ in range(20):
        if not overflow(page):
            return []
        page.wait_for_timeout(100)
    return overflow(page)
