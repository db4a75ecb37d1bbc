"""Paths, methods and media types: which request goes where, and what is answered when it cannot."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .figures import Figures
from .http import Answer, Asked, problem

Handle = Callable[[Asked], Answer]
Refuse = Callable[[int, str, Mapping[str, str]], Answer]
Say = Callable[[str], None]
READ = ("GET", "HEAD")
POST = ("POST",)
OTHER_PATHS = "other"


def _refused(status: int, sentence: str, headers: Mapping[str, str]) -> Answer:
    return problem(status, sentence, headers=headers)


@dataclass(frozen=True)
class Route:
    """What answers a path. One that ends in `/{key}` answers all that stand below it.

    `refuse` writes what is answered to a wrong method or media type: status, sentence, headers.
    """

    path: str
    methods: tuple[str, ...]
    handle: Handle
    refuse: Refuse = _refused

    @property
    def prefix(self) -> str:
        """The start of all paths of a `/{key}` route, else ""."""
        return self.path.removesuffix("{key}") if self.path.endswith("/{key}") else ""


class Routes:
    """The answers of one listener."""

    def __init__(self, routes: list[Route], figures: Figures, say: Say) -> None:
        self._exact: Mapping[str, Route] = {route.path: route for route in routes}
        self._below = [route for route in routes if route.prefix]
        self._figures = figures
        self._say = say

    def __call__(self, asked: Asked) -> Answer:
        """Never raises: a fault of ours is a 500 that says so, and the next request is served."""
        started = time.perf_counter()
        route = self._find(asked.path)
        place = route.path if route is not None else OTHER_PATHS
        try:
            answer = self._unknown(asked) if route is None else _answer(route, asked)
        except Exception as error:
            self._say(f"{place} failed in a way it should not: {error!r}")
            answer = problem(500, "This request met a fault of the sidecar.")
        self._figures.note_request(place, answer.status, time.perf_counter() - started)
        return answer

    def _find(self, path: str) -> Route | None:
        route = self._exact.get(path)
        if route is not None and not route.prefix:
            return route
        for below in self._below:
            if path.startswith(below.prefix) and len(path) > len(below.prefix):
                return below
        return None

    def _unknown(self, asked: Asked) -> Answer:
        known = ", ".join(sorted(self._exact))
        return problem(404, f"There is nothing at {asked.path[:200]}; there are {known}.")


def _answer(route: Route, asked: Asked) -> Answer:
    if asked.method not in route.methods:
        allowed = ", ".join(route.methods)
        sentence = f"{route.path} takes {allowed}, not {asked.method[:20]}."
        return route.refuse(405, sentence, {"Allow": allowed})
    if route.methods == POST:
        # It is also what a page in a browser cannot send here without asking first.
        if not _is_json(asked.headers.get("content-type", "")):
            return route.refuse(415, "Send JSON, with Content-Type: application/json.", {})
        coding = asked.headers.get("content-encoding", "identity").strip().lower()
        if coding != "identity":
            sentence = f"Send the JSON as it is, without Content-Encoding: {coding[:20]}."
            return route.refuse(415, sentence, {"Accept-Encoding": "identity"})
    return route.handle(asked)


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")
