"""An evaluation in a real browser with a real worker: started, watched, read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.replay.terms import Terms
from policies.models import Environment
from tests.evaluations.runs_here import computed, imported
from tests.policies.steps import documents, proposed, published
from tests.services.browser import axe_violations
from tests.services.worker import WorkerProcess

PLOT_LIMIT_MS = 20_000


@pytest.fixture
def console_page(page: Page, live_server: LiveServer, author: User) -> Iterator[Page]:
    """A page signed in as the author; fails on anything the content policy refused."""
    client = Client()
    client.force_login(author)
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []


@pytest.fixture
def dataset(staging: Environment, author: User, tmp_path: Path) -> Dataset:
    return imported(staging.workflow, author, tmp_path, requests=1200)


@pytest.mark.slow
def test_evaluation__started_in_the_browser__shows_its_report_without_a_click(
    console_page: Page,
    live_server: LiveServer,
    celery_worker_process: Callable[..., WorkerProcess],
    staging: Environment,
    author: User,
    owner: User,
    dataset: Dataset,
) -> None:
    published(staging, author, [owner], owner)
    change = proposed(staging, author, documents(share=20))
    celery_worker_process()
    console_page.goto(f"{live_server.url}/w/support-assistant/evaluations/new/")
    console_page.get_by_role("combobox", name="Candidate").select_option(f"change-{change.number}")
    console_page.get_by_role("button", name="Start").click()
    expect(console_page.get_by_role("heading", name="Gates", exact=True)).to_be_visible(
        timeout=60_000
    )
    run = ShadowEvaluation.objects.get()
    expect(console_page.get_by_text(run.report["reasons"][0])).to_be_visible()
    for figure in ("forest-1", "plane", "flows"):
        area = console_page.locator(f'[data-figure="{figure}"]')
        area.scroll_into_view_if_needed()
        expect(area.locator("svg").first).to_be_visible(timeout=PLOT_LIMIT_MS)
    assert axe_violations(console_page) == []


def test_evaluation__without_a_worker__waits_and_can_be_cancelled(
    console_page: Page,
    live_server: LiveServer,
    staging: Environment,
    author: User,
    dataset: Dataset,
) -> None:
    change = proposed(staging, author)
    console_page.goto(f"{live_server.url}/w/support-assistant/evaluations/new/")
    console_page.get_by_role("combobox", name="Candidate").select_option(f"change-{change.number}")
    console_page.get_by_role("button", name="Start").click()
    expect(console_page.get_by_text("waiting for a worker")).to_be_visible()
    assert axe_violations(console_page) == []
    console_page.get_by_role("button", name="Cancel").click()
    console_page.get_by_role("button", name="Cancel the evaluation").click()
    expect(console_page.get_by_text("The evaluation is cancelled.")).to_be_visible()
    assert ShadowEvaluation.objects.get().status == "cancelled"


def test_form__another_candidate_chosen_by_keyboard__looks_at_the_datasets_again(
    console_page: Page,
    live_server: LiveServer,
    staging: Environment,
    author: User,
    dataset: Dataset,
) -> None:
    alone = documents()
    alone["router_policy"]["rules"] = []
    alone["fallback_matrix"]["rows"] = []
    first, second = proposed(staging, author), proposed(staging, author, alone)
    console_page.goto(
        f"{live_server.url}/w/support-assistant/evaluations/new/?change={first.number}"
    )
    choice = console_page.get_by_role("radio", name="Week 7")
    expect(choice).to_have_accessible_name(re.compile("All 3 models of the candidate"))
    console_page.get_by_role("combobox", name="Candidate").focus()
    console_page.keyboard.press("ArrowUp")  # the newest stands first
    expect(choice).to_have_accessible_name(re.compile("The one model of the candidate was"))
    expect(choice).to_be_checked()
    told = console_page.get_by_role("status").filter(has_text=f"of #{second.number} ")
    expect(told).to_have_text(re.compile("1 of 1 dataset can show something"))
    expect(console_page.get_by_role("combobox", name="Candidate")).to_be_focused()
    assert axe_violations(console_page) == []


@pytest.mark.parametrize(
    "address", ["datasets/", "datasets/import/", "datasets/{pk}/", "evaluations/", "evaluations/1/"]
)
def test_pages__in_a_real_browser__are_accessible(
    console_page: Page,
    live_server: LiveServer,
    staging: Environment,
    author: User,
    dataset: Dataset,
    address: str,
) -> None:
    run = ShadowEvaluation(
        pk=1, workflow=staging.workflow, dataset=dataset, created_by=author,
        candidate=proposed(staging, author).bundle,
        settings=Terms().as_json(), identity="sha256:1",
        requests=400, chunk_count=2,
    )  # fmt: skip
    run.save()
    computed(run)
    console_page.goto(f"{live_server.url}/w/support-assistant/{address.format(pk=dataset.pk)}")
    assert axe_violations(console_page) == []
