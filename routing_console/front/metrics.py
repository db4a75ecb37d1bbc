"""`/metrics` in Prometheus' text form, made of what the front counts when it is asked for."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from routing_console.front.bodies import Bodies
from routing_console.front.connections import Connections
from routing_console.front.places import Place
from routing_console.front.probes import Readiness
from routing_console.front.tally import BOUNDS_S, Tally
from routing_console.front.wire import Answer, Scope, header, problem

LOOPBACK = ("127.0.0.1", "::1")
# Who sets one of these passes on what somebody else asked.
PROXIED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-real-ip", b"via")
NEEDS_IT = "Metrics are read with the token that ROUTING_CONSOLE_METRICS_TOKEN holds."
FROM_HERE = (
    "Metrics are read from this machine, not through a proxy, unless "
    "ROUTING_CONSOLE_METRICS_TOKEN names a token for it."
)


@dataclass(eq=False)  # a registry holds it as a key
class FrontCollector(Collector):
    """Everything the front of one process knows of itself."""

    tally: Tally
    places: list[Place]
    bodies: Bodies
    readiness: Readiness
    connections: Connections

    def collect(self) -> Iterator[Metric]:
        yield self._requests()
        yield self._durations()
        yield from self._places()
        yield from self._bodies()
        yield from self._readiness()
        yield from self._connections()

    def _requests(self) -> Metric:
        family = CounterMetricFamily(
            "routing_console_requests", "Requests answered.", labels=["place", "status"]
        )
        for (place, status), count in list(self.tally.requests.items()):
            family.add_metric([place, str(status)], count)
        return family

    def _durations(self) -> Metric:
        family = HistogramMetricFamily(
            "routing_console_request_duration_seconds",
            "From the first byte of a request to the last byte of its answer.",
            labels=["place"],
        )
        bounds = [*(str(bound) for bound in BOUNDS_S), "+Inf"]
        for place, durations in list(self.tally.durations.items()):
            buckets = list(zip(bounds, accumulate(durations.counts), strict=True))
            family.add_metric([place], buckets, durations.total_s)
        return family

    def _places(self) -> Iterator[Metric]:
        def gauge(name: str, text: str, value: str) -> Metric:
            family = GaugeMetricFamily(f"routing_console_place_{name}", text, labels=["place"])
            for place in self.places:
                found = getattr(place, value)
                family.add_metric([place.name], found if isinstance(found, int) else len(found))
            return family

        yield gauge("threads", "Threads of a place.", "threads")
        yield gauge("threads_busy", "Threads at work.", "busy")
        yield gauge("waiting", "Requests that wait for a thread.", "waiting")
        refused = CounterMetricFamily(
            "routing_console_place_refused", "Requests that found no thread.", labels=["place"]
        )
        for place in self.places:
            refused.add_metric([place.name], place.refused)
        yield refused

    def _bodies(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "routing_console_bodies_unfinished", "Bodies being received.", self.bodies.unfinished
        )
        yield GaugeMetricFamily(
            "routing_console_bodies_held_bytes", "Bytes of bodies held.", self.bodies.held_bytes
        )
        refused = CounterMetricFamily(
            "routing_console_bodies_refused", "Bodies too slow or too large.", labels=["status"]
        )
        for status, count in list(self.bodies.refused.items()):
            refused.add_metric([str(status)], count)
        yield refused

    def _connections(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "routing_console_connections", "Open connections.", len(self.connections)
        )
        ended = CounterMetricFamily(
            "routing_console_connections_ended",
            "Connections that were one too many, idle, slow or not read for too long, no HTTP, or "
            "with a head too large.",
            labels=["reason"],
        )
        ended.add_metric(["refused"], self.connections.refused)
        ended.add_metric(["silent"], self.connections.closed_silent)
        ended.add_metric(["unread"], self.connections.closed_unread)
        ended.add_metric(["malformed"], self.connections.malformed)
        ended.add_metric(["oversized"], self.connections.oversized)
        yield ended

    def _readiness(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "routing_console_draining", "1 while it stops.", int(self.readiness.draining.begun)
        )
        ready = GaugeMetricFamily(
            "routing_console_ready", "1 where a part answered /readyz last.", labels=["part"]
        )
        for part, wrong in self.readiness.last.items():
            ready.add_metric([part], int(not wrong))
        yield ready


@dataclass(eq=False)
class FiguresCollector(Collector):
    """Numbers that another part keeps by name; `answers_<status>` are one family by status."""

    prefix: str
    figures: Callable[[], Mapping[str, float]]

    def collect(self) -> Iterator[Metric]:
        answers = CounterMetricFamily(
            f"{self.prefix}_answers", "Answers to routers.", labels=["status"]
        )
        for name, value in self.figures().items():
            status = name.removeprefix("answers_")
            if status != name:
                answers.add_metric([status], value)
            else:
                yield GaugeMetricFamily(f"{self.prefix}_{name}", name.replace("_", " "), value)
        yield answers


@dataclass
class Metrics:
    """Answers `/metrics` to those who may read it."""

    registry: CollectorRegistry
    token: str

    @classmethod
    def of(cls, token: str, *collectors: Collector) -> Metrics:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        for collector in collectors:
            registry.register(collector)
        return cls(registry, token)

    def answer(self, scope: Scope) -> Answer:
        """The metrics, or why not: 401 without the token, 403 from elsewhere where none is set."""
        refusal = self._with_token(scope) if self.token else _from_here(scope)
        if refusal is not None:
            return refusal
        body = generate_latest(self.registry)
        fields = [
            (b"content-type", CONTENT_TYPE_PLAIN_0_0_4.encode()),
            (b"cache-control", b"no-store"),
        ]
        return Answer(200, [*fields, (b"content-length", b"%d" % len(body))], body)

    def _with_token(self, scope: Scope) -> Answer | None:
        kind, _, sent = (header(scope, b"authorization") or b"").partition(b" ")
        if kind.lower() == b"bearer" and hmac.compare_digest(sent.strip(), self.token.encode()):
            return None
        return problem(401, NEEDS_IT, [(b"www-authenticate", b'Bearer realm="metrics"')])


def _from_here(scope: Scope) -> Answer | None:
    peer = (scope.get("client") or ("", 0))[0]
    is_proxied = any(header(scope, name) is not None for name in PROXIED)
    return None if peer in LOOPBACK and not is_proxied else problem(403, FROM_HERE)
