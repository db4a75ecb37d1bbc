"""Somebody at a screen: signed in by cookie, or by typing, with what they focus kept in sight."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page

PASSWORD = "a-good-password"


def signed_in(page: Page, address: str, user: User) -> None:
    """Without the sign-in page, for journeys that are about something else."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": address}])


FOCUSED = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const style = getComputedStyle(node);
  const box = node.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const field = node.closest("label, .field") || node;
  return {
    text: (node.getAttribute("aria-label") || node.textContent || node.name || "").trim(),
    name: node.getAttribute("name") || "",
    href: node.getAttribute("href") || "",
    visible: ring || style.boxShadow !== "none" || getComputedStyle(field).boxShadow !== "none",
    inside: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
    html: node.outerHTML.slice(0, 160),
  };
}"""


class Keyboard:
    """Hands that touch nothing but keys. Every stop of Tab must be seen to be focused."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.unseen: list[str] = []

    def sign_in(self, user: User) -> None:
        self.tab_to(name="username")
        self.type(user.username)
        self.tab_to(name="password")
        self.type(PASSWORD)
        self.enter()

    def tab_to(self, *, text: str = "", name: str = "", href: str = "", most: int = 150) -> None:
        """Press Tab until the focus is there."""
        passed = []
        for _ in range(most):
            self.page.keyboard.press("Tab")
            found = self.page.evaluate(FOCUSED)
            if found is None:
                continue
            if not (found["visible"] and found["inside"]):
                self.unseen.append(f"{self.page.url}: {found['html']}")
            passed.append(found["text"][:30])
            if (
                (text and found["text"] == text)
                or (name and found["name"] == name)
                or (href and found["href"] == href)
            ):
                return
        raise AssertionError(f"Tab never came to {text or name or href}; it passed {passed}")

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def enter(self) -> None:
        """Press Enter and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
