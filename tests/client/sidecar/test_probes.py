"""Liveness, readiness and metrics."""

from __future__ import annotations

import json

from prometheus_client.parser import text_string_to_metric_families

from policies.client.sidecar.listening import parse_address
from policies.client.sidecar.metrics import MOST_SERIES, Counter, exposition
from policies.client.sidecar.server import Place
from tests.client.conftest import Router
from tests.client.fake_console import FakeConsole
from tests.client.sidecar.conftest import Running, running


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Samples by name and label values, as Prometheus' own reader sees them."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_readyz__with_a_release__is_ready_and_names_it(sidecar: Running) -> None:
    answered = sidecar.ask("GET", "/readyz")
    assert (answered.status, answered.json["release"]["number"]) == (200, 1)
    assert sidecar.ask("HEAD", "/readyz").body == b""


def test_readyz__console_refused_an_outcome__says_how_many_are_lost_and_why(
    console: FakeConsole, sidecar: Running
) -> None:
    refusal = {"index": 0, "pointer": "/time", "message": "lies in the future"}
    receipt = {"accepted": 0, "duplicates": 0, "rejected": [refusal]}
    console.outcomes = (207, {}, json.dumps(receipt).encode())
    assert sidecar.post("/v1/outcomes", {"request_id": "r-1"}).status == 202
    sidecar.client.close()  # sends what is waiting
    told = sidecar.ask("GET", "/readyz").json
    assert told["outcomes_lost"] == 1
    assert "lies in the future" in told["outcomes_error"]


def test_readyz__without_a_release__is_not_ready_and_says_why(router: Router) -> None:
    with running(router()) as sidecar:
        answered = sidecar.ask("GET", "/readyz")
        assert sidecar.ask("GET", "/healthz").status == 200
    assert (answered.status, answered.json["detail"]) == (503, "There is no release yet.")


def test_metrics__after_some_requests__count_them_by_class_model_and_reason(
    sidecar: Running,
) -> None:
    code = {"request_id": "r-1", "attributes": {"task": "code"}, "attempts": []}
    for _ in range(3):
        sidecar.post("/v1/decide", code)
    sidecar.post("/v1/next-attempt", {"request_id": "r-1", "attempts": [{"model": "swift-large"}]})
    sidecar.post("/v1/outcomes", [{"request_id": "r-1"}, {}])
    sidecar.ask("GET", "/nowhere")
    answered = sidecar.ask("GET", "/metrics")
    assert answered.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = samples(answered.body.decode())
    assert found["routing_console_decisions_total", ("complex", "swift-large")] == 3
    assert found["routing_console_next_attempts_total", ("call", "")] == 3
    assert found["routing_console_next_attempts_total", ("stop", "succeeded")] == 1
    assert found["routing_console_outcomes_total", ("queued",)] == 1
    assert found["routing_console_outcomes_total", ("rejected",)] == 1
    assert found["routing_console_http_requests_total", ("/v1/decide", "200")] == 3
    assert found["routing_console_http_requests_total", ("other", "404")] == 1
    assert found["routing_console_release_number", ()] == 1
    assert found["routing_console_poll_failures", ()] == 0
    assert found["routing_console_ready", ()] == 1
    assert found["routing_console_outcomes_waiting", ()] == 1


def test_metrics__a_target_that_fails_for_all__shows_its_open_breaker(sidecar: Running) -> None:
    release = sidecar.client.release
    assert release is not None
    breaker = release.bundle.fallback_matrix.limits.breaker
    assert breaker is not None
    for number in range(breaker.min_requests):
        request_id = f"r-{number}"
        asked = {"request_id": request_id, "attributes": {"task": "code"}}
        failed = {"model": "swift-large", "failure_kind": "timeout"}
        sidecar.post("/v1/decide", asked)
        sidecar.post("/v1/next-attempt", {"request_id": request_id, "attempts": [failed]})
    found = samples(sidecar.ask("GET", "/metrics").body.decode())
    assert found["routing_console_breaker_open", ("swift-large",)] == 1


def test_counter__of_values_without_end__sums_the_rest_as_other() -> None:
    counter = Counter("tries_total", 'With a \\ and a "quote"\nand a line.', "of")
    for number in range(MOST_SERIES + 7):
        counter.add(f'"{number}"\\\n')
    found = samples(exposition([counter.family]))
    assert len(found) == MOST_SERIES + 1
    assert found["routing_console_tries_total", ("other",)] == 7
    assert found["routing_console_tries_total", ('"3"\\\n',)] == 1


def test_probes_only__at_an_address_of_its_own__answers_nothing_else(router: Router) -> None:
    client = router()
    client.poll_once()
    places = (
        Place(parse_address("127.0.0.1:0")),
        Place(parse_address("127.0.0.1:0"), probes_only=True),
    )
    with running(client, *places) as sidecar:
        probes = Running(client, sidecar.addresses[1:], sidecar.stop)
        assert probes.ask("GET", "/readyz").status == 200
        assert probes.post("/v1/decide", {"attributes": {}}).status == 404
        assert sidecar.post("/v1/decide", {"attributes": {}}).status == 200
