"""The front as a whole, around a small WSGI application."""

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from routing_console.front.application import Front
from routing_console.front.bodies import Bodies
from routing_console.front.direct import Direct
from routing_console.front.metrics import Metrics
from routing_console.front.routes import PlaceName
from tests.front.asking import DISCONNECT, Heard, ask, dripping, parts_of, scope
from tests.services import loops

Start = Callable[..., Any]


def echo(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """Says which thread answers, and what was sent."""
    if environ["PATH_INFO"] == "/fails":
        raise ZeroDivisionError
    body = environ["wsgi.input"].read()
    start("200 OK", [("Content-Type", "text/plain")])
    return [f"{threading.current_thread().name} {len(body)}".encode()]


async def poll(request: Any, receive: Any, send: Any) -> None:
    """Says that nothing is new, without reading a body."""
    await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", b'"a"')]})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def front() -> Front:
    return Front(
        echo,
        Direct({"/api/v1/policy": poll}, figures=lambda: {"answers_304": 7, "waiters": 2}),
        problems=lambda: {"database": "", "broker": "is away"},
    )


def _ask(front: Front, method: str, target: str, *parts: bytes, **headers: str) -> Heard:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    receive = parts_of(*parts or (b"",), then=None)
    return loops.run(ask(front, scope(method, target, names.items()), receive))


@pytest.mark.parametrize(
    ("target", "place"),
    [("/w/a/", "pages"), ("/api/v1/outcomes", "reports"), ("/api/v1/feedback?a=b", "reports")],
)
def test_request__by_its_path__is_answered_in_its_place(
    front: Front, target: str, place: str
) -> None:
    assert _ask(front, "POST", target, b"abc", b"de").body == f"{place}_0 5".encode()


def test_probes__while_every_thread_is_taken__answer(front: Front) -> None:
    for place in front.places.values():
        place.busy = place.threads
    assert _ask(front, "GET", "/healthz").status == 200
    ready = _ask(front, "GET", "/readyz")
    assert ready.status == 503
    assert json.loads(ready.body)["checks"]["broker"] == {"ok": False, "problem": "is away"}


def test_poll__while_every_thread_is_taken__is_answered_without_one(front: Front) -> None:
    for place in front.places.values():
        place.busy, place.most_waiting = place.threads, 0
    answer = loops.run(ask(front, scope("GET", "/api/v1/policy"), dripping()))
    assert (answer.status, answer.headers) == (304, {"etag": '"a"'})


def test_readiness_of_delivery__does_not_ask_the_rest(front: Front) -> None:
    assert _ask(front, "GET", "/readyz/delivery").status == 200
    front.readiness.delivery_problem = lambda: "knows nothing yet"
    answer = _ask(front, "GET", "/readyz/delivery")
    assert (answer.status, json.loads(answer.body)["checks"]["delivery"]["ok"]) == (503, False)
    assert "delivery" in json.loads(_ask(front, "GET", "/readyz").body)["checks"]


def test_process__that_delivers_alone__has_probes_and_no_pages() -> None:
    front = Front(None, Direct({"/api/v1/policy": poll}), problems=dict)
    assert _ask(front, "GET", "/api/v1/policy").status == 304
    assert _ask(front, "GET", "/readyz").status == 200
    assert _ask(front, "GET", "/sign-in/").status == 404


def test_request__to_a_full_place__is_told_when_to_come_back(front: Front) -> None:
    full = front.places[PlaceName.PAGES]
    full.busy, full.most_waiting = full.threads, 0
    answer = _ask(front, "GET", "/")
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert json.loads(answer.body)["title"] == "Service Unavailable"
    assert _ask(front, "POST", "/api/v1/outcomes", b"a").status == 200


def test_browser__refused_by_a_full_place__gets_a_page(front: Front) -> None:
    full = front.places[PlaceName.PAGES]
    full.busy, full.most_waiting = full.threads, 0
    answer = _ask(front, "GET", "/", Accept="text/html,*/*;q=0.8")
    assert answer.status == 503
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert b"<h1>Service Unavailable</h1>" in answer.body


def test_application__that_fails__is_a_problem_that_says_nothing_of_it(front: Front) -> None:
    answer = _ask(front, "GET", "/fails")
    assert answer.status == 500
    assert b"ZeroDivisionError" not in answer.body


def test_body__never_finished__is_answered_and_the_connection_given_up() -> None:
    front = Front(echo, problems=dict, bodies=Bodies(silence_s=0.02))
    request = scope("POST", "/sign-in/", [("content-length", "1000")])
    answer = loops.run(ask(front, request, dripping(b"username=a")))
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert front.places[PlaceName.PAGES].busy == 0


def test_client__that_hangs_up__is_answered_nothing_and_leaves_nothing(front: Front) -> None:
    async def gone() -> Any:
        return DISCONNECT

    request = scope("POST", "/", [("content-length", "9")])
    assert loops.run(ask(front, request, gone)).messages == []
    assert front.tally.requests == {("pages", 499): 1}
    assert (front.bodies.held_bytes, front.bodies.unfinished) == (0, 0)


def test_request_id__of_a_proxy__is_kept_if_it_is_one(front: Front) -> None:
    assert _ask(front, "GET", "/", X_Request_ID="a-1.b_2").headers["x-request-id"] == "a-1.b_2"
    made = _ask(front, "GET", "/", X_Request_ID="no id\tat all").headers["x-request-id"]
    assert len(made) == 16


def test_draining__says_so_and_lets_connections_go(front: Front) -> None:
    front.draining.begun = True
    ready = _ask(front, "GET", "/readyz")
    assert (ready.status, json.loads(ready.body)["status"]) == (503, "draining")
    assert _ask(front, "GET", "/healthz").status == 200
    for path in ("/", "/api/v1/policy"):
        assert _ask(front, "GET", path).headers["connection"] == "close"


# --- Metrics ----------------------------------------------------------------------------
def _samples(front: Front) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = _ask(front, "GET", "/metrics")
    assert answer.status == 200
    families = text_string_to_metric_families(answer.body.decode())
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics__after_some_requests__count_them_by_place_and_status(front: Front) -> None:
    _ask(front, "GET", "/")
    _ask(front, "GET", "/fails")
    _ask(front, "POST", "/api/v1/outcomes", b"a")
    _ask(front, "POST", "/", Content_Length="99000000000")
    _ask(front, "GET", "/readyz")
    samples = _samples(front)
    assert samples["routing_console_requests_total", ("pages", "200")] == 1
    assert samples["routing_console_requests_total", ("pages", "500")] == 1
    assert samples["routing_console_requests_total", ("pages", "413")] == 1
    assert samples["routing_console_requests_total", ("reports", "200")] == 1
    assert samples["routing_console_request_duration_seconds_count", ("pages",)] == 3
    assert samples["routing_console_bodies_refused_total", ("413",)] == 1
    assert samples["routing_console_place_threads", ("pages",)] == 8
    assert samples["routing_console_ready", ("database",)] == 1
    assert samples["routing_console_ready", ("broker",)] == 0
    assert samples["routing_console_delivery_answers_total", ("304",)] == 7
    assert samples["routing_console_delivery_waiters", ()] == 2


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer wrong"}])
def test_metrics__with_a_token_set__take_it_and_nothing_else(
    front: Front, sent: dict[str, str]
) -> None:
    front.metrics = Metrics.of("the-token")
    refused = _ask(front, "GET", "/metrics", **sent)
    assert (refused.status, refused.headers["www-authenticate"][:6]) == (401, "Bearer")
    assert _ask(front, "GET", "/metrics", Authorization="Bearer the-token").status == 200


def test_metrics__without_a_token__are_for_this_machine_and_not_by_a_proxy(front: Front) -> None:
    elsewhere = scope("GET", "/metrics", client=("10.0.0.9", "4"))
    assert loops.run(ask(front, elsewhere)).status == 403
    assert _ask(front, "GET", "/metrics", X_Forwarded_For="203.0.113.9").status == 403


def test_lifespan__of_a_server__starts_and_stops(front: Front) -> None:
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        return messages.pop(0)

    heard = loops.run(ask(front, {"type": "lifespan"}, receive))
    kinds = [message["type"] for message in heard.messages]
    assert kinds == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


class Reports:
    """A service that has something to write when it ends."""

    def __init__(self) -> None:
        self.written = threading.Event()

    async def startup(self) -> None:
        """Nothing to begin."""

    def drain(self) -> None:
        """Nobody waits here."""

    def stop(self) -> None:
        self.written.set()


def test_lifespan__ending_while_a_page_is_worked_on__writes_reports_before_it_waits() -> None:
    reports, in_time = Reports(), []
    front = Front(echo, Direct({}, reports), problems=dict)
    pages = front.places[PlaceName.PAGES].executor
    pages.submit(lambda: in_time.append(reports.written.wait(10)))
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    loops.run(ask(front, {"type": "lifespan"}, receive))
    assert in_time == [True]
