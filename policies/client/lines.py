"""Requests as JSON lines, decisions as JSON lines. A bad line gets an error line, never a crash."""

from __future__ import annotations

from collections.abc import Mapping

from ..engine import DocumentError, Problem
from .client import PolicyClient
from .desk import Desk
from .errors import NoUsableRelease
from .messages import (
    Answer,
    decision_answer,
    problems_answer,
    read_object,
    read_request,
    step_answer,
)


class LineServer:
    """Answers one line at a time. `reports` tells whether outcomes may be sent."""

    def __init__(self, client: PolicyClient, *, reports: bool) -> None:
        self._desk = Desk(client)
        self._reports = reports

    def answer(self, line: bytes) -> Answer:
        """The answer to `{"attributes": …, "prompt"?, "request_id"?, "attempts"?}` or to
        `{"outcome": {…}}`.
        """
        try:
            raw = read_object(line, what="an object with the request's attributes")
            return self._report(raw) if "outcome" in raw else self._decide(raw)
        except DocumentError as error:
            problems = problems_answer(error.problems)
            return {"error": "The line cannot be read.", "problems": problems}
        except NoUsableRelease as error:
            return {"error": str(error), "problems": []}

    def _decide(self, raw: Mapping[str, object]) -> Answer:
        request, attempts = read_request(raw)
        decided = self._desk.decide(request, attempts)
        answer = decision_answer(decided)
        if attempts is not None:
            answer["next"] = step_answer(self._desk.step(decided, attempts))
        return answer

    def _report(self, raw: Mapping[str, object]) -> Answer:
        if not self._reports:
            wrong = "is reported only when started with --report"
            raise DocumentError([Problem("/outcome", wrong)])
        if set(raw) != {"outcome"}:
            raise DocumentError([Problem("", "must hold nothing beside its outcome")])
        request_id = self._desk.report(raw["outcome"], "/outcome")
        return {"outcome": "queued", "request_id": request_id}
