"""The pictures of README.md, taken anew: `python -m tests.look.pictures`.

Of a console of its own with the demo, as the owner sees it, at the sizes of docs/images. Look at
them before they are committed.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from routing_console.project_root import BASE_DIR
from tests.services.browser import CHROMIUM, QUIET, settle
from tests.services.console import Console, start_console

IMAGES = BASE_DIR / "docs" / "images"
CHANGE, SCORECARD = "changes/5/", "scorecard/?period=28d"
OWNER = "owner"


@dataclass(frozen=True)
class Picture:
    """A page below the demo workflow, as large as it is taken, in CSS pixels."""

    name: str
    path: str
    width: int
    height: int
    theme: Literal["light", "dark"] = "light"


PICTURES = (
    Picture("change", CHANGE, 1440, 1180),
    Picture("change-dark", CHANGE, 1440, 1180, "dark"),
    Picture("change-phone", CHANGE, 390, 1300),
    Picture("change-phone-dark", CHANGE, 390, 1300, "dark"),
    Picture("scorecard", SCORECARD, 1440, 1700),
)


def take(browser: Browser, console: Console, picture: Picture) -> Path:
    """Sign in and take one picture; where it was put."""
    size = {"width": picture.width, "height": picture.height}
    page = browser.new_page(viewport=size, color_scheme=picture.theme)  # type: ignore[arg-type]
    page.goto(f"{console.url}/sign-in/")
    page.locator(f"button[value={OWNER}]").click()
    page.wait_for_url(f"{console.url}/")
    answer = page.goto(f"{console.url}/w/support-assistant/{picture.path}")
    assert answer is not None and answer.ok, picture.path
    settle(page)
    file = IMAGES / f"{picture.name}.png"
    page.screenshot(path=file, animations="disabled")
    page.close()
    return file


def main() -> None:
    """Take them all."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        console = start_console(Path(folder), demo=True, environment={})
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            for picture in PICTURES:
                print(take(browser, console, picture), flush=True)
        finally:
            browser.close()
            console.stop()


if __name__ == "__main__":
    main()
