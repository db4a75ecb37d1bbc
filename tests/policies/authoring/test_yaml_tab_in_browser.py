"""The YAML tab and the choice of a template in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.services.browser import axe_violations
from tests.services.console import Console

HOME = "/w/support-assistant/"


@pytest.fixture
def author(page: Page, demo_console: Console) -> Page:
    page.goto(f"{demo_console.url}/sign-in/")
    page.locator("button[value=author]").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("for you")
    return page


def test_draft__from_a_template__is_mended_as_yaml_by_the_line_of_its_fault(
    author: Page, demo_console: Console
) -> None:
    author.goto(f"{demo_console.url}{HOME}drafts/new/")
    author.get_by_label("What is it about?").fill("From a template, as YAML")
    template = author.get_by_label("A small share for a new model")
    expect(template).to_be_hidden()
    author.get_by_label("A template").check()
    template.check()
    assert axe_violations(author) == []
    author.get_by_label("What is it about?").press("Enter")
    author.get_by_role("link", name="YAML", exact=True).click()
    text = author.get_by_label("Router policy as YAML")
    right = text.input_value()
    text.fill(right.replace("weight: 95", "weight: [95"))
    author.get_by_role("button", name="Save", exact=True).click()
    expect(author.get_by_text("Not saved: it cannot be read yet")).to_be_visible()
    assert axe_violations(author) == []
    author.locator("a[data-line]").click()
    chosen = "(node) => node.value.slice(node.selectionStart, node.selectionEnd)"
    assert "weight: 5" in text.evaluate(chosen) or "model:" in text.evaluate(chosen)
    text.fill(right.replace("weight: 95", "weight: 90"))
    author.get_by_role("button", name="Save", exact=True).click()
    expect(author.get_by_text("Revision 2")).to_be_visible()
    author.get_by_role("link", name="Form", exact=True).click()
    expect(author.get_by_role("heading", name="Default route")).to_be_visible()
    expect(author.locator("#editor input[value='90']")).to_have_count(1)
