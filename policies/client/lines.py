"""Requests as JSON lines, decisions as JSON lines. A bad line gets an error line, never a crash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

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

LONGEST_LINE = 4 * 1024 * 1024  # bytes, as many as a request to the sidecar may have


def lines_of(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream; of one that is too long a byte more than may be, which tells."""
    while line := stream.readline(LONGEST_LINE + 1):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE + 1) or b"\n"


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
            if len(line) > LONGEST_LINE:
                raise DocumentError([Problem("", f"must be at most {LONGEST_LINE:,} bytes long")])
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
