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


def axe_violations(page: Page) -> list[str]:
    """WCAG A and AA violations in the page as it stands, one readable line each.

    Evaluated, not added as a script element, which the page's own policy would refuse.
    """
    page.evaluate(_axe_script())
    options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": WCAG_TAGS}}
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
