"""What the sidecar answers to `/v1/…`: decisions, next attempts, outcomes."""

from __future__ import annotations

from ...engine import Attempt, DocumentError, NextAttempt, Request, Stop, load_json
from ..client import Decided, PolicyClient
from ..desk import Desk, NotRemembered
from ..errors import NoUsableRelease
from ..messages import Answer as Document
from ..messages import decision_answer, problems_answer, read_object, read_request, step_answer
from . import ofrep
from .figures import Figures
from .http import Answer, Asked, json_answer, problem
from .routes import POST, Handle, Route

MOST_EVENTS = 1000
MOST_VALUES_OF_EVENTS = 200_000


class Answers:
    """The answers of one client, counted."""

    def __init__(self, client: PolicyClient, figures: Figures) -> None:
        self._client = client
        self._desk = Desk(client)
        self._figures = figures

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/v1/decide", POST, _told(self._decide)),
            Route("/v1/next-attempt", POST, _told(self._next_attempt)),
            Route("/v1/outcomes", POST, _told(self._outcomes)),
            Route(ofrep.FLAGS_PATH, POST, self._evaluate_all, ofrep.refuse),
            Route(ofrep.FLAGS_PATH + "/{key}", POST, self._evaluate, ofrep.refuse),
        ]

    def _decide(self, asked: Asked) -> Answer:
        raw = read_object(asked.body, what="an object with the request's attributes")
        request, attempts = read_request(raw)
        decided = self._decided(request, attempts)
        # Whom to call first is told, too: while its breaker is open, not the model decided on.
        step = self._step(self._desk.step(decided, attempts or ()))
        return json_answer({**decision_answer(decided), "next": step})

    def _decided(self, request: Request, attempts: tuple[Attempt, ...] | None = None) -> Decided:
        decided = self._desk.decide(request, attempts)
        self._figures.note_decision(decided)
        return decided

    def _next_attempt(self, asked: Asked) -> Answer:
        what = "an object with attempts, and the request_id or the decision they belong to"
        decided, step = self._desk.next_attempt(read_object(asked.body, what=what))
        release = decided.release
        of = {"number": release.number, "digest": release.digest}
        answer = {"request_id": decided.request.request_id, "release": of}
        return json_answer({**answer, "next": self._step(step)})

    def _step(self, step: NextAttempt | Stop) -> Document:
        self._figures.note_step(step)
        return step_answer(step)

    def _outcomes(self, asked: Asked) -> Answer:
        """Takes one event or a list of them; each bad one is told, the good ones are queued."""
        sent = load_json(asked.body, most_values=MOST_VALUES_OF_EVENTS)
        events = sent if isinstance(sent, list) else [sent]
        if len(events) > MOST_EVENTS:
            return problem(413, f"At most {MOST_EVENTS} outcomes go into one request.")
        rejected: list[Document] = []
        for index, event in enumerate(events):
            try:
                self._desk.report(event)
            except DocumentError as error:
                problems = problems_answer(error.problems)
                rejected.append({"index": index, "problems": problems})
        queued = len(events) - len(rejected)
        self._figures.note_outcomes(queued, len(rejected))
        status = 400 if rejected and not queued else 202
        return json_answer({"queued": queued, "rejected": rejected}, status)

    def _evaluate(self, asked: Asked) -> Answer:
        key = asked.path.removeprefix(ofrep.FLAGS_PATH + "/")
        return ofrep.evaluate(self._decided, self._client, asked, key)

    def _evaluate_all(self, asked: Asked) -> Answer:
        return ofrep.evaluate_all(self._decided, self._client, asked)


def _told(handle: Handle) -> Handle:
    """What a client did wrong, and what is missing here, as problem documents."""

    def answer(asked: Asked) -> Answer:
        try:
            return handle(asked)
        except DocumentError as error:
            problems = problems_answer(error.problems)
            return problem(400, "The request cannot be read.", problems=problems)
        except NoUsableRelease as error:
            return problem(503, str(error), headers={"Retry-After": "5"})
        except NotRemembered as error:
            return problem(409, str(error))

    return answer
