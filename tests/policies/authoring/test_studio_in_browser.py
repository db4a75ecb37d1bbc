"""The studio in a real browser: typing is never disturbed, the keyboard is enough."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.policies.authoring.draft_in_browser import start_draft
from tests.services.browser import violations_in_both_themes
from tests.services.console import Console

KINDS = ("request_classification", "router_policy", "fallback_matrix", "quality_thresholds")


@pytest.fixture
def draft(page: Page, demo_console: Console) -> Iterator[str]:
    """The address of a fresh draft; at the end nothing may have been wrong in the console."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield start_draft(page, demo_console, "router_policy")
    assert [text for text in wrong if "409" not in text] == []


def saved(page: Page, revision: int) -> None:
    expect(page.locator("#save-state")).to_contain_text(f"Revision {revision}")


def test_typing__is_saved_without_losing_a_letter_or_the_focus(page: Page, draft: str) -> None:
    page.locator("#open-rules-0").click()
    field = page.locator("#f-rules-0-description")
    parts = ("Typed with a pause for thought, ", "so that it is saved ", "three times on the way")
    for revision, part in enumerate(parts, start=2):
        field.press_sequentially(part)
        saved(page, revision)
    text = "".join(parts)
    assert field.input_value() == text
    assert page.evaluate("document.activeElement.id") == "f-rules-0-description"
    expect(page.locator("#open-rules-0")).to_contain_text(text)
    page.reload()
    expect(page.locator("#open-rules-0")).to_contain_text(text)


def test_wrong_number__is_told_beside_its_field__and_mended(page: Page, draft: str) -> None:
    page.locator("#open-rules-0").click()
    page.locator("#f-rules-0-route-select").select_option("weighted")
    weight = page.locator("#f-rules-0-route-candidates-0-weight")
    weight.fill("nine")
    error = page.locator("#e-rules-0-route-candidates-0-weight")
    expect(error).to_have_text("Must be a number, not text.")
    expect(weight).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#draft-tabs")).to_contain_text("1 to mend")
    weight.fill("3")
    expect(error).to_be_empty()
    expect(page.locator("#share-rules-0-route-candidates-0")).to_contain_text("75")


def test_keyboard_alone__adds_a_rule_with_a_condition_and_moves_it_up(
    page: Page, draft: str
) -> None:
    page.locator("#add-rules").focus()
    page.keyboard.press("Enter")
    name = page.locator("[id^=f-rules-][id$='-id']:focus")
    expect(name).to_have_value(re.compile("rule-"))
    row = str(name.get_attribute("id")).split("-")[2]
    page.locator(f"#add-test-rules-{row}-when-0").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.locator(f"button[value='test:rules.{row}.when.0:prompt_tokens']").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#f-rules-{row}-when-0-0-value")).to_be_focused()
    page.keyboard.type("2000")
    page.keyboard.press("Tab")
    expect(page.locator(f"#open-rules-{row}")).to_contain_text("prompt_tokens ≥ 2000")
    page.locator(f"#up-rules-{row}").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#up-rules-{int(row) - 1}")).to_be_focused()
    expect(page.locator(f"#open-rules-{int(row) - 1}")).to_contain_text("prompt_tokens ≥ 2000")


def test_choice_made_while_its_rule_is_being_closed__is_kept(page: Page, draft: str) -> None:
    page.goto(f"{draft}request_classification/")
    opener = page.locator("#open-rules-0")
    opener.click()
    chosen = page.locator("#f-rules-0-class")
    expect(chosen).to_have_value("sensitive")
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        held.append(route)

    page.route("**/request_classification/", hold_the_first)
    opener.click(no_wait_after=True)
    expect(page.locator("#editor-form.htmx-request")).to_have_count(1)
    chosen.select_option("routine")
    held[0].continue_()
    expect(opener).to_contain_text("→ routine")
    expect(chosen).to_have_value("routine")
    page.reload()
    expect(opener).to_contain_text("→ routine")


def test_quick_choices__all_count(page: Page, draft: str) -> None:
    page.goto(f"{draft}fallback_matrix/")
    page.locator("#open-rows-0").click()
    group = page.get_by_role("group", name="On")
    for label in ("Auth", "Not found", "Low quality", "Invalid output"):
        group.get_by_role("checkbox", name=label, exact=True).click(no_wait_after=True)
    expect(page.locator("#open-rows-0")).to_contain_text("invalid_output")
    expect(page.locator("#editor-form.htmx-request")).to_have_count(0)
    page.reload()
    for kind in ("auth", "not_found", "low_quality", "invalid_output"):
        expect(page.locator("#open-rows-0")).to_contain_text(kind)


def names(page: Page) -> list[str]:
    """The rules of a policy as they are kept, by the words of their sentences."""
    page.reload()
    return [text.split("\n")[0] for text in page.locator(".rule__open").all_inner_texts()]


def test_rule__dragged_by_its_handle__is_moved_and_said(page: Page, draft: str) -> None:
    page.goto(f"{draft}router_policy/")
    before = names(page)
    handle = page.locator("#move-rules-1")
    handle.scroll_into_view_if_needed()
    start, goal = handle.bounding_box(), page.locator("#row-rules-0").bounding_box()
    assert start and goal
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(start["x"] + 5, goal["y"] + 4, steps=8)
    page.mouse.up()
    saved(page, 2)
    expect(page.locator("#move-status")).to_contain_text("place 1 of")
    expect(page.locator("#move-rules-0")).to_be_focused()
    assert names(page) == [before[1], before[0], *before[2:]]


def test_rule__moved_by_arrow_keys_then_undone__is_where_it_was(page: Page, draft: str) -> None:
    page.goto(f"{draft}router_policy/")
    before = names(page)
    page.locator("#move-rules-0").focus()
    page.keyboard.press("ArrowDown")
    saved(page, 2)
    expect(page.locator("#move-rules-1")).to_be_focused()
    expect(page.locator("#move-status")).to_contain_text("place 2 of")
    page.keyboard.press("u")
    saved(page, 3)
    expect(page.locator("#undo")).to_be_disabled()
    assert names(page) == before
    page.locator("#history-summary").click()
    expect(page.locator("#history-list")).to_contain_text("moved")
    page.get_by_role("button", name="Restore revision 2").click()
    saved(page, 4)
    expect(page.locator("#revision-4")).to_contain_text("restored to revision 2")
    assert names(page) == [before[1], before[0], *before[2:]]


def test_cell_of_the_fallback_grid__focused_or_pressed__draws_its_chain(
    page: Page, draft: str
) -> None:
    page.goto(f"{draft}fallback_matrix/")
    cell, drawn = page.locator("[data-chain]").first, page.locator("#chain-popover")
    expect(drawn).to_be_hidden()
    cell.hover()
    expect(drawn).to_contain_text("the request has failed")
    page.keyboard.press("Escape")
    expect(drawn).to_be_hidden()
    cell.focus()
    page.keyboard.press("Enter")
    expect(drawn).to_be_visible()
    expect(cell).to_have_accessible_description(re.compile("the request has failed"))


def test_two_windows__the_later_is_told__and_keeps_its_text(
    page: Page, draft: str, demo_console: Console
) -> None:
    other = page.context.new_page()
    for window in (page, other):
        window.goto(f"{draft}fallback_matrix/")
    other.locator("#f-limits-max_attempts").fill("5")
    saved(other, 2)
    page.locator("#f-limits-max_attempts").fill("6")
    expect(page.locator("#save-state")).to_contain_text("Not saved.")
    assert page.locator("#f-limits-max_attempts").input_value() == "6"
    page.get_by_role("button", name="Keep mine as a draft of its own").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("copy")
    expect(page.locator("#f-limits-max_attempts")).to_have_value("6")
    other.close()


def test_signed_out__is_told__and_keeps_what_was_typed(page: Page, draft: str) -> None:
    page.goto(f"{draft}fallback_matrix/")
    page.context.clear_cookies(name="sessionid")
    page.locator("#f-limits-max_attempts").fill("7")
    expect(page.locator("#save-state")).to_contain_text("Not saved.")
    assert page.locator("#f-limits-max_attempts").input_value() == "7"


def test_type_taken_back__brings_back_what_was_typed(page: Page, draft: str) -> None:
    page.goto(f"{draft}request_classification/")
    kind = page.locator("#f-attributes-0-type")
    values = page.locator("#f-attributes-0-values")
    before = values.input_value()
    kind.select_option("number")
    expect(values).to_have_count(0)
    kind.select_option("category")
    expect(values).to_have_value(before)


def test_studio_pages__have_nothing_that_axe_finds_in_either_theme(page: Page, draft: str) -> None:
    addresses = [draft, *(f"{draft}{kind}/" for kind in KINDS)]
    root = draft.split("/drafts/")[0]
    addresses += [f"{root}/policy/", f"{root}/policy/router_policy/"]
    addresses += [f"{root}/policy/{kind}/1/" for kind in KINDS]
    addresses += [f"{root}/policy/router_policy/diff/", f"{root.split('/w/')[0]}/catalogue/"]
    found = []
    for address in addresses:
        page.goto(address)
        opener = page.locator(".rule__open[aria-expanded=false]")
        if "/drafts/" in address and opener.count():
            opener.first.click()
            expect(page.locator(".rule__open[aria-expanded=true]").first).to_be_visible()
        page.evaluate("scrollTo(0, 0)")  # else the bar that stays on top covers a button half
        found += [f"{address}: {violation}" for violation in violations_in_both_themes(page)]
    assert found == [], "\n".join(found)


def test_studio_pages__on_a_phone__never_scroll_sideways(page: Page, draft: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for kind in KINDS:
        page.goto(f"{draft}{kind}/")
        opener = page.locator(".rule__open").first
        opener.click()
        expect(opener).to_have_attribute("aria-expanded", "true")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), kind
