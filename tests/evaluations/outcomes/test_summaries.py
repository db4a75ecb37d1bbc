"""Sums of a minute at the endpoint: read strictly, taken in once, bounded, removable."""

from __future__ import annotations

import gzip
import json
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from evaluations.api import outcomes as endpoint
from evaluations.models import Grain, Outcome, OutcomeRollup, OutcomeSummary, ReportedName
from evaluations.outcomes.names import Names
from evaluations.outcomes.summaries import read_summary
from evaluations.services.outcomes.ingestion import ingest
from evaluations.services.outcomes.removing import remove_reported
from evaluations.services.outcomes.rollups import roll_up
from evaluations.services.scorecard.scorecard import Filters, scorecard
from policies.delivery.limits import RateLimit, TokenBuckets
from policies.models import ModelPrice, Release, RouterToken
from policies.models.tokens import TokenScope
from policies.services.routers.tokens import issue_router_token
from tests.evaluations.outcome_cast import NOW, event
from tests.evaluations.outcome_cast import minute_sums as summary

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with mock.patch.object(timezone, "now", return_value=NOW):
        yield


@pytest.fixture
def issued(release: Release, owner: User) -> tuple[RouterToken, str]:
    return issue_router_token(release.environment, "eu", acting_user=owner)


@pytest.fixture
def send(client: Client, issued: tuple[RouterToken, str]) -> Any:
    def post(body: object, plain: str = issued[1], **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {plain}", **headers}
        return client.post("/api/v1/outcomes", data, content_type="application/json", headers=sent)

    return post


def test_summaries__among_outcomes__are_kept_each_in_its_place(send: Any) -> None:
    answer = send([event("a"), summary(), event("b", quality=7), summary("i/m/2", requests=0)])
    assert answer.status_code == 207
    found = answer.json()
    assert (found["accepted"], found["duplicates"]) == (2, 0)
    assert [(bad["index"], bad["pointer"]) for bad in found["rejected"]] == [
        (2, "/quality"),
        (3, "/requests"),
    ]
    assert (Outcome.objects.count(), OutcomeSummary.objects.get().requests) == (1, 10)


def test_summaries__sent_twice__count_once_and_keep_the_first(send: Any) -> None:
    send(summary())
    answer = send([summary(requests=99), summary("i/m/2"), summary("i/m/2")]).json()
    assert (answer["accepted"], answer["duplicates"]) == (1, 2)
    assert sum(OutcomeSummary.objects.values_list("requests", flat=True)) == 20


def test_summaries__gzipped__are_unpacked(send: Any) -> None:
    body = gzip.compress(json.dumps({"events": [summary()]}).encode())
    assert send(body, **{"Content-Encoding": "gzip"}).json()["accepted"] == 1


def test_summaries__by_a_token_that_only_fetches__are_refused(
    send: Any, release: Release, owner: User
) -> None:
    _, plain = issue_router_token(
        release.environment, "reader", scopes=[TokenScope.READ], acting_user=owner
    )
    assert send(summary(), plain).status_code == 403
    assert not OutcomeSummary.objects.exists()


def test_summaries__faster_than_a_token_may__are_refused_whole(send: Any) -> None:
    with mock.patch.object(endpoint, "REPORTS", TokenBuckets(RateLimit(1, 2))):
        assert send([summary("1"), summary("2")]).status_code == 200
        refused = send([summary("3")])
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) >= 1
    assert OutcomeSummary.objects.count() == 2


def test_summaries__of_invented_names__are_kept_as_other_beyond_the_allowance(
    issued: tuple[RouterToken, str],
) -> None:
    token, _ = issued
    invented = [
        summary(f"{n}", class_=f"c{n}", model=f"m{n}", served_model=f"m{n}", tried=[f"m{n}"])
        for n in range(300)
    ]
    assert ingest(token.environment, invented, now=NOW, token=token).rejected == ()
    kept = OutcomeSummary.objects
    assert len(set(kept.values_list("class_key", flat=True))) == 51
    assert len(set(kept.values_list("served_model", flat=True))) == 101
    assert ReportedName.objects.count() == 150
    roll_up(token.environment.workflow)
    shown = scorecard(token.environment, Filters("24h"), now=NOW)
    assert (shown.requests, shown.requests_in_sums, shown.with_other_names) == (3000, 3000, 2500)


def test_removed__summaries_of_a_token__go_and_their_hours_are_summed_again(
    issued: tuple[RouterToken, str], owner: User
) -> None:
    token, _ = issued
    ingest(token.environment, [summary()], now=NOW, token=token)
    ingest(token.environment, [summary("another's")], now=NOW)
    roll_up(token.environment.workflow)
    removed = remove_reported(token, acting_user=owner)
    assert (removed.outcomes, removed.summaries, removed.hours) == (0, 1, 1)
    roll_up(token.environment.workflow)
    assert OutcomeRollup.objects.get(grain=Grain.DAY).requests == 10


def test_roll_up__of_more_than_a_column_holds__keeps_the_most_and_all_other_sums(
    issued: tuple[RouterToken, str],
) -> None:
    million = 10**6
    huge = summary(requests=million, cost_known=million, cost_nano_usd=million * 1000 * 10**9)
    token, _ = issued
    told = [{**huge, "summary_id": f"{n}"} for n in range(20)]
    assert ingest(token.environment, told, now=NOW, token=token).accepted == 20
    roll_up(token.environment.workflow)
    row = OutcomeRollup.objects.get(grain=Grain.DAY)
    assert (row.requests, row.cost_nusd) == (20 * million, 2**63 - 1)


def test_sums__priced_beyond_what_a_column_holds__are_kept_as_the_largest(
    send: Any, release: Release
) -> None:
    assert release.environment
    ModelPrice.objects.filter(model__key="swift-small").update(
        input_usd_per_mtok=150, output_usd_per_mtok=600
    )
    tokens = 10**8 * 10**6
    huge = summary(
        requests=10**6,
        input_tokens=tokens,
        output_tokens=tokens,
        unpriced_input_tokens=[10**8, 10**8],
    )
    assert send(huge).json()["accepted"] == 1
    kept = OutcomeSummary.objects.get()
    assert (kept.cost_known, kept.cost_nusd) == (10**6, 2**63 - 1)


@pytest.mark.parametrize("told", [{"summary_id": "a"}, {"request_id": "a"}])
def test_event__of_very_many_unknown_keys__has_a_few_of_them_told(
    send: Any, told: dict[str, str]
) -> None:
    rejected = send({**told, **{f"k{n}": 0 for n in range(1000)}}).json()["rejected"]
    unknown = [bad["pointer"] for bad in rejected if "unknown key" in bad["message"]]
    assert unknown == ["/k0", "/k1", "/k2", "/k3", "/k4", ""]
    assert "995 more unknown keys" in next(bad for bad in rejected if not bad["pointer"])["message"]


@pytest.mark.parametrize(
    ("change", "pointer", "said"),
    [
        ({"summary_id": ""}, "/summary_id", "must not be empty"),
        ({"minute": "2026-03-18T14:00:01Z"}, "/minute", "start of a minute"),
        ({"minute": "2026-03-18T16:00:00Z"}, "/minute", "ahead of the console's clock"),
        ({"minute": "2025-03-18T14:00:00Z"}, "/minute", "90 days back"),
        ({"requests": 10**6 + 1}, "/requests", "from 0 to 1,000,000"),
        ({"requests": 1.5}, "/requests", "whole number"),
        ({"requests": 10**400}, "/requests", "from 0 to 1,000,000"),
        ({"quality_known": 11}, "/quality_known", "must be at most 10"),
        (
            {"quality_known": 1, "adequate": 1, "quality_nano": 10**9 + 1},
            "/quality_nano",
            "at most 1,000,000,000",
        ),
        ({"adequate": 1}, "/adequate", "must be at most 0"),
        ({"quality_known": 2, "adequate": 2}, "/quality_nano", "at least 1,000,000,000"),
        ({"quality_known": 2, "quality_nano": 10**9}, "/quality_nano", "at most 999,999,998"),
        ({"cost_nano_usd": 1}, "/cost_nano_usd", "must be at most 0"),
        ({"latency_us": 1}, "/latency_us", "must be at most 0"),
        ({"latency_bins": [700, 10]}, "/latency_us", "must be at least"),
        ({"latency_bins": [700, 10], "latency_us": 10**8}, "/latency_us", "must be at most"),
        ({"latency_bins": [0] * 10_000}, "/latency_bins", "at most 1,261 bins"),
        ({"latency_bins": [3, 11]}, "/latency_bins", "must be at most 10"),
        ({"latency_bins": [3]}, "/latency_bins", "[bin, count"),
        ({"latency_bins": [4, 1, 3, 1]}, "/latency_bins", "ascending"),
        ({"latency_bins": [10**6, 1]}, "/latency_bins/0", "from 0 to"),
        ({"latency_bins": [1, True]}, "/latency_bins/1", "must be a number"),
        ({"input_tokens": 10**9 + 1}, "/input_tokens", "must be at most"),
        (
            {"input_tokens": 10**6, "unpriced_input_tokens": [0, 10]},
            "/input_tokens",
            "must be at most 100",
        ),
        (
            {"input_tokens": 10, "unpriced_input_tokens": [2, 9]},
            "/input_tokens",
            "must be at least 20",
        ),
        ({"tried": "swift-small"}, "/tried", "must be a list"),
        ({"tried": ["a"] * 51}, "/tried", "at most 50"),
        ({"tried": ["a", "\ud83d"]}, "/tried/1", "printable"),
        ({"tried": ["orchid"]}, "/served_model", 'must be "orchid"'),
        ({"model": None}, "/model", "is required"),
        ({"unpriced_input_tokens": [2, 1]}, "/unpriced_input_tokens", "the smallest, then"),
        ({"unpriced_input_tokens": [1]}, "/unpriced_input_tokens", "a list of"),
        ({"release_digest": "abc"}, "/release_digest", "sha256:"),
        ({"request_id": "a"}, "/request_id", "unknown key"),
    ],
)
def test_summary__one_thing_wrong__points_at_it(
    change: dict[str, Any], pointer: str, said: str
) -> None:
    found, problems = read_summary(summary(**change), NOW, Names())
    assert found is None
    assert [problem.pointer for problem in problems] == [pointer]
    assert said in problems[0].message
