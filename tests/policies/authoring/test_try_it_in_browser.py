"""“Try it” in a real browser: a conflict is mended by its witness, with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.policies.authoring.draft_in_browser import start_draft
from tests.services.browser import violations_in_both_themes
from tests.services.console import Console


@pytest.fixture
def draft(page: Page, demo_console: Console) -> Iterator[str]:
    """The classification of a fresh draft, on a wide screen; nothing may go wrong meanwhile."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.set_viewport_size({"width": 1440, "height": 900})
    draft = start_draft(page, demo_console, "request_classification")
    expect(page.locator("#try-form")).to_be_visible()
    yield f"{draft}request_classification/"
    assert wrong == []


def tab_to(page: Page, wanted: Locator, most: int = 60) -> None:
    """Press Tab until the wanted element has the focus, as a person would."""
    expect(wanted).to_be_visible()
    for _ in range(most):
        if wanted.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{wanted} cannot be reached with the Tab key.")


def press(page: Page, wanted: Locator, key: str = "Enter") -> None:
    tab_to(page, wanted)
    page.keyboard.press(key)


def add_shadowed_rule(page: Page) -> int:
    """A rule for legal questions at the end, where an earlier rule takes them all."""
    rows = page.locator("#editor .rules .rule__open").count()
    page.locator("#add-rules").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#f-rules-{rows}-id")).to_be_focused()
    press(page, page.locator(f"#f-rules-{rows}-class"), "r")
    expect(page.locator(f"#open-rules-{rows}")).to_contain_text("→ routine")
    page.locator(f"#add-test-rules-{rows}-when-0").focus()
    page.keyboard.press("Enter")
    press(page, page.locator(f"button[value='test:rules.{rows}.when.0:intent']"))
    condition = page.locator(f"#row-rules-{rows}")
    press(page, condition.get_by_role("checkbox", name="legal", exact=True), "Space")
    expect(page.locator(f"#open-rules-{rows}")).to_contain_text("legal")
    return rows


def test_conflict__is_seen__understood_by_its_witness__and_mended_by_keyboard(
    page: Page, draft: str
) -> None:
    row = add_shadowed_rule(page)
    expect(page.locator("#finding-counts")).to_contain_text("1 error")
    findings = page.locator("#findings")
    expect(findings).to_contain_text('is never reached: before it, "sensitive-intents" decides')

    # The count leads to the findings, and from there to a request that shows the conflict.
    page.locator("#finding-counts a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#findings-title")).to_be_focused()
    press(page, findings.get_by_role("link", name="Try the witness").first)
    answer = page.locator("#try-answer")
    expect(answer).to_be_focused()
    expect(page.locator("#try-verdict")).to_contain_text("sensitive →")
    winner = answer.locator(".trace__item--matched").first
    expect(winner).to_contain_text("sensitive-intents")
    expect(winner).to_contain_text("it is legal")
    expect(answer).to_contain_text("further rules not tried, since sensitive-intents matched.")
    expect(page).to_have_url(re.compile(r"a\.intent=legal"))

    # The rule is moved before the one in its way: the answer changes at once.
    for place in range(row, 0, -1):
        page.locator(f"#up-rules-{place}").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#editor")).to_have_attribute(
            "data-focus", re.compile(f"-{place - 1}$")
        )
    expect(page.locator("#finding-counts")).not_to_contain_text("error")
    expect(page.locator("#try-verdict")).to_contain_text("routine →")
    expect(answer.locator(".trace__item--matched").first).to_contain_text("1. rule-")


def test_trial__answers_while_one_types__and_its_address_can_be_shared(
    page: Page, draft: str
) -> None:
    page.locator("#try-form").get_by_label("intent").select_option("technical")
    expect(page.locator("#try-verdict")).to_contain_text("technical →")
    page.get_by_label("prompt_tokens").press_sequentially("many")
    expect(page.locator("#try-form")).to_contain_text("Must be a finite number, not text.")
    expect(page).to_have_url(re.compile(r"a\.intent=technical&a\.prompt_tokens=many"))
    page.get_by_label("prompt_tokens").fill("12")
    expect(page.locator("#try-form")).not_to_contain_text("Must be a finite number")
    page.reload()
    expect(page.locator("#try-verdict")).to_contain_text("technical →")
    page.locator("#draft-tabs").get_by_role("link", name="Fallback").click()
    expect(page).to_have_url(re.compile(r"fallback_matrix/\?a\.intent=technical"))
    expect(page.locator("#try-verdict")).to_contain_text("technical →")


def test_trial__is_there_although_scripts_of_the_page_came_late(page: Page, draft: str) -> None:
    def late(route: Route) -> None:
        page.wait_for_timeout(500)  # far longer than the bench needs to unfold by itself
        route.continue_()

    page.route(re.compile("/js/chains"), late)
    page.reload()
    expect(page.locator("#try-form")).to_be_visible()


def test_recorded_request__is_found_by_its_class_and_fills_the_form(page: Page, draft: str) -> None:
    page.get_by_text("Pick a recorded request").click()
    recorded = page.locator("#recorded-requests")
    expect(recorded.get_by_label("Class")).to_be_visible()
    expect(recorded).not_to_have_class(re.compile("htmx"))  # it answers as soon as it is settled
    recorded.get_by_label("Class").select_option("sensitive")
    expect(recorded.locator(".recorded__item").first).to_contain_text("sensitive →")
    expect(recorded.locator("#recorded-list")).not_to_contain_text("routine →")
    link = recorded.locator(".recorded__item a").first
    name = str(link.text_content())
    link.press("Enter")
    expect(page.get_by_label("Request id")).to_have_value(name)
    expect(page.locator("#try-verdict")).to_contain_text("sensitive →")


def test_new_attribute__has_its_control_in_the_trial_as_soon_as_it_is_saved(
    page: Page, draft: str
) -> None:
    page.locator("#try-form").get_by_label("intent").select_option("legal")
    expect(page.locator("#try-verdict")).to_contain_text("sensitive →")
    page.locator("#add-attributes").focus()
    page.keyboard.press("Enter")
    name = page.locator("[id^=f-attributes-][id$='-name']:focus")
    name.fill("mood")
    expect(page.locator("#try-form").get_by_label("mood")).to_be_visible()
    expect(page.locator("#try-form").get_by_label("intent")).to_have_value("legal")


def test_trial_of_a_draft_that_was_wrong__takes_over_its_controls_and_its_verdict(
    page: Page, draft: str
) -> None:
    rows = page.locator("#editor .rules .rule__open").count()
    page.locator("#add-rules").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#f-rules-{rows}-id")).to_be_focused()
    expect(page.locator("#editor")).to_contain_text("Choose one.")
    page.reload()
    trial = page.locator("#try-form")
    expect(page.get_by_role("button", name="Try it", exact=True)).to_be_visible()
    expect(trial.get_by_label("intent")).to_have_count(0)
    page.locator(f"#f-rules-{rows}-class").select_option("routine")
    expect(trial.get_by_label("intent")).to_be_visible()
    expect(page.locator("#try-verdict")).to_contain_text("→")
    trial.get_by_label("intent").select_option("legal")
    expect(page.locator("#try-verdict")).to_contain_text("sensitive →")


def test_trial__beside_the_editor_and_by_itself__has_nothing_that_axe_finds_in_either_theme(
    page: Page, draft: str
) -> None:
    add_shadowed_rule(page)
    expect(page.locator("#finding-counts")).to_contain_text("1 error")
    page.locator("#findings .disclosure summary").click()
    page.get_by_text("Pick a recorded request").click()
    expect(page.locator("#recorded-list")).to_be_visible()
    found = violations_in_both_themes(page)
    root = draft.split("/drafts/")[0]
    pk = draft.rstrip("/").split("/")[-2]
    for address in (
        f"{root}/try/?a.intent=legal&input_tokens=x",
        f"{root}/try/?draft={pk}",
        f"{root}/drafts/{pk}/findings/",
        f"{root}/drafts/{pk}/",
        f"{root}/recorded-requests/",
    ):
        page.goto(address)
        found += [f"{address}: {violation}" for violation in violations_in_both_themes(page)]
    assert found == [], "\n".join(found)


def test_trial__on_a_phone__lies_below_and_never_scrolls_sideways(page: Page, draft: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for address in (draft, f"{draft.split('/drafts/')[0]}/try/"):
        page.goto(f"{address}?a.intent=legal")
        if "/drafts/" in address:
            page.locator(".bench__handle").click()
        expect(page.locator("#try-verdict")).to_contain_text("sensitive →")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
