"""The scorecard page, its fragments, its download and its REST twin."""

from __future__ import annotations

import csv
import datetime
import io
import re
from dataclasses import replace
from typing import Any
from unittest import mock

import plotly.graph_objects as go
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from evaluations.figures.scorecard import confusion_figure, metric_figure
from evaluations.metrics.board import MetricValue
from evaluations.metrics.definitions import DEFINITIONS
from evaluations.metrics.periods import PERIODS
from evaluations.metrics.targets import Target
from evaluations.services.outcomes.ingestion import ingest
from evaluations.services.outcomes.rollups import roll_up
from evaluations.services.scorecard.measured import active_releases
from evaluations.services.scorecard.scorecard import Filters, headline, headlines, scorecard
from policies.engine.thresholds import Threshold
from policies.models import Environment, Membership, Release, Workflow
from policies.services.releases import publication
from policies.services.review import changes
from policies.services.routers.tokens import issue_router_token
from tests.evaluations.outcome_cast import HOUR, NOW, event, stream
from tests.policies import steps

pytestmark = pytest.mark.django_db
DAY = 24 * HOUR


def documents() -> dict[str, Any]:
    """Those of the other tests, with targets that four weeks can be judged by."""
    made = steps.documents()
    targets = made["quality_thresholds"]["thresholds"]
    for name, layer, value in (
        ("mean_quality", "quality", 0.5),
        ("error_rate", "reliability", 0.0001),
        ("lead_time_hours", "change", 1000),
    ):
        op = "gte" if name == "mean_quality" else "lte"
        targets.append(
            {
                "id": f"{name}-level", "layer": layer, "class": "*", "metric": name,
                "comparison": "absolute", "op": op, "value": value, "effect": "alarm",
            }
        )  # fmt: skip
    return made


@pytest.fixture
def release(staging: Environment, author: User, owner: User) -> Release:
    """Published twelve days ago, after two days of work; its reviewers were there before."""
    Membership.objects.update(created_at=NOW - 30 * DAY)
    with mock.patch.object(timezone, "now", return_value=NOW - 12 * DAY):
        return steps.published(staging, author, [owner], owner, documents())


@pytest.fixture
def traffic(release: Release, staging: Environment) -> None:
    """Three weeks: before the release without a digest, since then with it."""
    digest = release.bundle.digest
    before = stream(400, NOW - 21 * DAY, NOW - 12 * DAY, prefix="b", quality=0.7)
    after = stream(600, NOW - 12 * DAY, NOW, prefix="a", release_digest=digest, quality=0.95)
    ingest(staging, [*before, *after], now=NOW)
    roll_up(staging.workflow)


@pytest.fixture(autouse=True)
def _clock(request: pytest.FixtureRequest) -> Any:
    if "release" in request.fixturenames:
        request.getfixturevalue("release")  # it was published at a time of its own
    with mock.patch.object(timezone, "now", return_value=NOW):
        yield


@pytest.fixture
def page(client: Client, author: User, workflow: Workflow) -> Any:
    """Read the page with a query, as the author."""
    client.force_login(author)

    def get(query: str = "", **headers: str) -> Any:
        return client.get(f"/w/{workflow.slug}/scorecard/{query}", headers=headers)

    return get


def test_page__with_traffic__shows_every_metric_with_its_meaning(page: Any, traffic: None) -> None:
    text = page("?period=28d").content.decode()
    for definition in DEFINITIONS.values():
        assert definition.label in text
    assert text.count("data-figure=") >= 15
    assert "Pass" in text
    assert "Fail" in text


def test_page__targets__are_judged_by_the_release_in_force(
    traffic: None, staging: Environment
) -> None:
    found = scorecard(staging, Filters("28d"), now=NOW)
    verdicts = {metric.name: metric.verdict for metric in found.metrics}
    assert verdicts["error_rate"] == "fail"
    assert verdicts["lead_time_hours"] == "pass"
    assert verdicts["amplification"] == ""
    quality = next(metric for metric in found.metrics if metric.name == "mean_quality")
    # The level is reached; whether a change is worse than its baseline is for evaluations to say.
    assert [target.verdict for target in quality.targets] == ["not_judged", "pass"]
    assert quality.verdict == "pass"


def test_page__threshold_on_what_only_evaluations_measure__says_so(
    page: Any, staging: Environment, author: User, owner: User
) -> None:
    Membership.objects.update(created_at=NOW - DAY)
    made = documents()
    made["quality_thresholds"]["thresholds"].append(
        {
            "id": "cheap-enough", "layer": "economic", "class": "*", "metric": "over_routing_rate",
            "comparison": "absolute", "op": "lte", "value": 0.2, "effect": "gate",
        }
    )  # fmt: skip
    steps.published(staging, author, [owner], owner, made)
    ingest(staging, list(stream(50, NOW - DAY, NOW)), now=NOW)
    roll_up(staging.workflow)
    text = page("?period=28d").content.decode()
    assert "Not judged here, because only shadow evaluations measure it" in text
    assert "Over-routing (<code>cheap-enough</code>)" in text
    assert "Over-classification" in text


def test_page__of_a_single_day__calls_nothing_better_or_worse(page: Any, traffic: None) -> None:
    text = page("?period=24h").content.decode()
    assert "trend--good" not in text
    assert "trend--bad" not in text
    assert "differs from the same day a week before" in text


def test_page__of_weeks__names_how_many_metrics_are_judged_together(
    page: Any, traffic: None
) -> None:
    text = page("?period=7d").content.decode()
    found = re.search(r"among these (\d+) metrics together \(Holm’s procedure\)", text)
    assert found is not None
    assert int(found[1]) >= 5


def test_figure__whose_values_are_all_0__has_its_target_drawn(
    traffic: None, staging: Environment
) -> None:
    found = scorecard(staging, Filters("28d"), now=NOW)
    limit = replace(_threshold_on("fallback_frequency"), value=0.05)
    zeros = tuple((start, 0.0) for start in found.window.buckets)
    metric = MetricValue(
        DEFINITIONS["fallback_frequency"], 0.0, 900, (Target(limit, 0.05, "pass"),), None, zeros
    )
    lines = metric_figure(metric, (), found.window)["data"]
    assert [line["y"] for line in lines if line["name"] == "target"] == [[0.05, 0.05]]


def _threshold_on(metric: str) -> Threshold:
    return Threshold("t", "reliability", metric, "absolute", "lte", "alarm")


def test_page__in_its_query_budget(
    page: Any, traffic: None, django_assert_max_num_queries: Any
) -> None:
    """Session and person (2); workflow and environments (2); rail, switcher and counts (3);
    roll-ups, thresholds in force, releases, reviews, providers (5).
    """
    page()
    with django_assert_max_num_queries(12):
        page("?period=28d")


def test_page__for_htmx__is_the_body_alone(page: Any, traffic: None) -> None:
    response = page("?period=24h", **{"HX-Request": "true"})
    text = response.content.decode()
    assert "<html" not in text
    assert "At a glance" in text
    assert "HX-Request" in response["Vary"]


def test_requests__with_names_beyond_the_bounds__are_counted_on_the_page_and_over_rest(
    page: Any, client: Client, traffic: None, staging: Environment, owner: User
) -> None:
    assert "counts as <code>other" not in page("?period=24h").content.decode()
    stray = event("stray", release_digest="sha256:" + "0" * 64)
    token, _ = issue_router_token(staging, "eu", acting_user=owner)
    ingest(staging, [stray], now=NOW, token=token)
    roll_up(staging.workflow)
    text = page("?period=24h").content.decode()
    assert "1 of these requests names a class or model beyond" in text
    told = client.get("/api/v1/workflows/support-assistant/scorecard?period=24h").json()
    assert told["with_other_names"] == 1


def test_page__without_outcomes__says_how_to_report(page: Any, staging: Environment) -> None:
    text = page().content.decode()
    assert "No outcomes yet in staging" in text
    assert "curl -X POST http://testserver/api/v1/outcomes" in text


def test_page__filtered_to_nothing__offers_everything(page: Any, traffic: None) -> None:
    assert (
        "No requests match these filters"
        in page("?class=simple&model=swift-large").content.decode()
    )


def test_page__of_simulated_traffic__says_so(page: Any, workflow: Workflow, traffic: None) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(is_simulated=True)
    assert "Simulated data." in page().content.decode()


def test_page__for_an_outsider__does_not_exist(
    client: Client, outsider: User, staging: Environment
) -> None:
    client.force_login(outsider)
    assert client.get(f"/w/{staging.workflow.slug}/scorecard/").status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [("?env=nowhere", 404), ("?period=1y", 200), ("?class=%00&model=x'", 200)],
)
def test_page__odd_queries__are_answered(
    page: Any, staging: Environment, query: str, status: int
) -> None:
    assert page(query).status_code == status


def test_filters__by_class_model_and_release__add_up_to_everything(
    traffic: None, staging: Environment, release: Release
) -> None:
    def requests(**filters: str) -> int:
        return scorecard(staging, Filters("28d", **filters), now=NOW).requests

    assert requests() == 1000
    assert requests(class_key="simple") + requests(class_key="complex") == 1000
    assert requests(model="swift-small") + requests(model="swift-large") == 1000
    assert requests(release=release.bundle.digest) == 600


def test_trend__four_better_weeks_after_four__is_better_and_a_single_day_never(
    release: Release, staging: Environment
) -> None:
    before = stream(500, NOW - 56 * DAY, NOW - 28 * DAY, prefix="b", quality=0.6)
    after = stream(500, NOW - 28 * DAY, NOW, prefix="a", quality=0.95)
    ingest(staging, [*before, *after], now=NOW)
    roll_up(staging.workflow)
    words = {
        period: {
            metric.name: metric.trend_reading
            for metric in scorecard(staging, Filters(period), now=NOW).metrics
        }
        for period in ("24h", "28d")
    }
    assert words["28d"]["mean_quality"] == "better"
    assert not {"better", "worse"} & set(words["24h"].values())


def test_markers__show_the_release_in_the_period_it_came(
    traffic: None, staging: Environment
) -> None:
    assert [marker.label for marker in scorecard(staging, Filters("28d"), now=NOW).markers] == [
        "#1"
    ]
    assert scorecard(staging, Filters("7d"), now=NOW).markers == ()


def test_rollback__counts_as_one_failed_change_even_when_rolled_back_itself(
    release: Release, staging: Environment, author: User, owner: User, traffic: None
) -> None:
    other = steps.documents(share=50)
    second = steps.published(staging, author, [owner], owner, other)
    publication.roll_back(release, "It was worse.", acting_user=owner)
    publication.roll_back(second, "It was not.", acting_user=owner)
    found = {
        metric.name: metric for metric in scorecard(staging, Filters("28d"), now=NOW + HOUR).metrics
    }
    assert found["change_failure_rate"].value == 1 / 2
    assert found["rollbacks"].value == 2
    assert found["time_to_restore_hours"].samples == 1


@pytest.mark.parametrize("period", PERIODS)
def test_figures__of_every_metric__are_valid_plotly(
    traffic: None, staging: Environment, period: str
) -> None:
    found = scorecard(staging, Filters(period), now=NOW)
    for metric in found.metrics:
        go.Figure(without_tokens(metric_figure(metric, found.markers, found.window)))
    go.Figure(without_tokens(confusion_figure(found.confusion, found.class_labels)))


def without_tokens(value: Any) -> Any:
    """Names of design tokens, which only the page's script knows, as a plain colour."""
    if isinstance(value, dict):
        return {key: without_tokens(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_tokens(inner) for inner in value]
    return "#123456" if isinstance(value, str) and value.startswith("--") else value


def test_table__of_a_metric__has_a_row_for_each_bucket(page: Any, traffic: None) -> None:
    text = page("mean_quality/?period=28d").content.decode()
    assert text.count('<th scope="row">') == 28
    assert "<html" in text
    assert (
        "<html" not in page("mean_quality/?period=28d", **{"HX-Request": "true"}).content.decode()
    )


def test_table__of_no_metric__does_not_exist(page: Any, staging: Environment) -> None:
    assert page("happiness/").status_code == 404


def test_csv__has_a_line_for_each_metric(page: Any, traffic: None) -> None:
    response = page("scorecard.csv?period=28d")
    assert "scorecard-support-assistant-staging-28d.csv" in response["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [line["metric"] for line in lines] == list(DEFINITIONS)
    assert float(lines[0]["value"]) > 0.5


def test_rest__reads_the_same_figures(
    client: Client, author: User, traffic: None, staging: Environment
) -> None:
    client.force_login(author)
    answer = client.get("/api/v1/workflows/support-assistant/scorecard?period=28d").json()
    found = scorecard(staging, Filters("28d"), now=NOW)
    assert answer["requests"] == 1000
    assert [metric["value"] for metric in answer["metrics"]] == [m.value for m in found.metrics]


def test_rest__an_unknown_parameter_or_period__is_a_bad_request(
    client: Client, author: User, staging: Environment
) -> None:
    client.force_login(author)
    address = "/api/v1/workflows/support-assistant/scorecard"
    assert client.get(f"{address}?period=1y").status_code == 400
    assert client.get(f"{address}?clas=x").status_code == 400


def test_rest__for_an_outsider__does_not_exist(
    client: Client, outsider: User, staging: Environment
) -> None:
    client.force_login(outsider)
    assert client.get("/api/v1/workflows/support-assistant/scorecard").status_code == 404


def test_repair__published_two_days_later__fails_what_it_names_for_these_two_days(
    release: Release,
    staging: Environment,
    author: User,
    owner: User,
    django_assert_num_queries: Any,
) -> None:
    draft = steps.draft_of(staging.workflow, author, steps.documents(share=40))
    with mock.patch.object(timezone, "now", return_value=NOW - 10 * DAY):
        change = changes.propose(
            draft, staging, "Forward", "It broke.", repairs=release, acting_user=author
        )
        steps.pass_evaluation(change)
        changes.submit(change, acting_user=author)
        publication.publish(steps.approved(change, owner), acting_user=owner)
    with django_assert_num_queries(5):
        found = scorecard(staging, Filters("28d"), now=NOW)
    values = {metric.name: metric.value for metric in found.metrics}
    assert values["change_failure_rate"] == 1 / 2
    assert values["time_to_restore_hours"] == 48


def test_headline__is_the_same_alone_and_among_many(
    traffic: None,
    staging: Environment,
    production: Environment,
    django_assert_num_queries: Any,
) -> None:
    alone = headline(staging, now=NOW)
    places = [staging, production]
    with django_assert_num_queries(2):  # active releases with their thresholds, roll-ups
        together = headlines(places, active_releases(places), now=NOW)
    assert together[staging.pk] == alone
    assert [metric.text for metric in together[production.pk]] == ["–"] * 4
    assert len(alone[0].values) == 14
    assert isinstance(alone[0].series[0][0], datetime.datetime)
