"""Debian's Chromium under Playwright, kept quiet, and the accessibility check in both themes."""

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
SETTLED = """() => new Promise((resolve, reject) => {
  const giveUpAt = performance.now() + 15000;
  const busy = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added, "
    + "[hx-trigger^=load][hx-swap=outerHTML]";
  // A figure is drawn once it is nearly in sight; one that cannot be drawn says so.
  const waits = (node) => {
    const box = node.getBoundingClientRect();
    const isNear = box.width > 0 && box.bottom > -300 && box.top < innerHeight + 300;
    return isNear && node.dataset.drawn === undefined && !node.firstElementChild;
  };
  const look = () => {
    const left = [...document.querySelectorAll(busy)];
    left.push(...[...document.querySelectorAll("[data-figure]")].filter(waits));
    if (left.length === 0) resolve();
    else if (performance.now() < giveUpAt) requestAnimationFrame(look);
    else reject(new Error("Still at work: " + left[0].outerHTML.slice(0, 200)));
  };
  requestAnimationFrame(look);
})"""
RECOLOURED = """() => new Promise((resolve) => {
  const look = () => {
    const changing = document.getAnimations().filter((one) => one instanceof CSSTransition);
    for (const one of changing) one.finish();
    if (changing.length) requestAnimationFrame(look); else resolve();
  };
  requestAnimationFrame(look);
})"""


def settle(page: Page) -> None:
    """Wait for what a page asks for once it is there: its later parts and its figures."""
    page.evaluate(SETTLED)


def violations_in_both_themes(page: Page) -> list[str]:
    """What axe finds in a page that is there in the light, and then in the dark; it is light again.

    In the dark only colours can be wrong: the elements are the same.
    """
    found = [f"light: {violation}" for violation in axe_violations(page)]
    _turn_dark(page)
    found += [f"dark: {violation}" for violation in _violations_of_colour(page)]
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    return found


def _turn_dark(page: Page) -> None:
    """Show the page as to somebody whose system is dark, and see that its colours are there.

    With less motion everything has a transition, if a short one, and a colour that is inherited
    would come down a level of elements a frame.
    """
    page.emulate_media(color_scheme="dark", reduced_motion="no-preference")
    if page.locator("[data-figure]").count():  # a script gives figures theirs as it draws them
        page.reload()
        settle(page)
    page.evaluate(RECOLOURED)


def axe_violations(page: Page) -> list[str]:
    """WCAG A and AA violations in the page as it stands, one readable line each."""
    _bring_axe(page)
    return _violations(page, {"type": "tag", "values": WCAG_TAGS})


def _violations_of_colour(page: Page) -> list[str]:
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
