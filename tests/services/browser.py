"""Debian's Chromium under Playwright, kept quiet, and the accessibility check."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox",  # CI runs as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without these it looks up hosts of its own at every start.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No page here lives long enough to win back what its scripts' optimisation costs.
    "--js-flags=--no-maglev --no-turbofan",
)
WCAG_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
RULES_OF_COLOUR = """tags => axe.getRules(tags)
  .filter((rule) => rule.tags.includes("cat.color")).map((rule) => rule.ruleId)"""


def axe_violations(page: Page) -> list[str]:
    """WCAG A and AA violations in the page as it stands, one readable line each."""
    _bring_axe(page)
    return _violations(page, {"type": "tag", "values": WCAG_TAGS})


def axe_violations_of_colour(page: Page) -> list[str]:
    """Those of them that a page can have in one theme and not in another."""
    _bring_axe(page)
    return _violations(page, {"type": "rule", "values": page.evaluate(RULES_OF_COLOUR, WCAG_TAGS)})


def _bring_axe(page: Page) -> None:
    """Evaluated, not added as a script element, which the page's own policy would refuse."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe_script())


def _violations(page: Page, rules: dict[str, Any]) -> list[str]:
    options = {"resultTypes": ["violations"], "runOnly": rules}
    result: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {violation['help']} — {node['html']} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


@cache
def _axe_script() -> str:
    spec = find_spec("axe_playwright_python")
    assert spec and spec.origin
    return (Path(spec.origin).parent / "axe.min.js").read_text()
