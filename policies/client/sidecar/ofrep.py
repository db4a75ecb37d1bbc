"""OpenFeature's remote evaluation protocol (OFREP): decisions as flags, for any of its providers.

`model`, `class` and `decision` are the flags there are. The evaluation context holds the request:
its attributes by name, `prompt`, `input_tokens` and `max_output_tokens`, and `targetingKey` as
the request's id, by which splits without a sticky attribute deal it out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from ...engine import (
    DocumentError,
    NextAttempt,
    Problem,
    Request,
    Stop,
    canonical_bytes,
    parse_request,
)
from ..client import Decided, PolicyClient
from ..errors import NoUsableRelease
from ..messages import Answer as Document
from ..messages import decision_answer, read_object, step_answer
from .http import Answer, Asked, json_answer

Decide = Callable[[Request], Decided]
Step = NextAttempt | Stop
FLAGS_PATH = "/ofrep/v1/evaluate/flags"
_OF_REQUEST = ("prompt", "input_tokens", "max_output_tokens")
LONGEST_LIST = 200


def evaluate(decide: Decide, client: PolicyClient, asked: Asked, key: str) -> Answer:
    """One flag. 404 for an unknown one, 400 for a context that cannot be read."""
    if key not in FLAGS:
        known = ", ".join(FLAGS)
        sentence = f"There is no flag {key[:100]!r}; there are {known}."
        return _failure(404, "FLAG_NOT_FOUND", sentence, key=key)
    try:
        decided = decide(_request_of(asked.body, client))
    except _Unreadable as error:
        return _failure(400, error.code, str(error), key=key)
    except NoUsableRelease as error:
        return _failure(503, "GENERAL", str(error), key=key)
    document = _evaluated(key, decided, client)
    return json_answer(document, 400 if "errorCode" in document else 200)


def evaluate_all(decide: Decide, client: PolicyClient, asked: Asked) -> Answer:
    """All flags for one context, with an entity tag; 304 while they are the same."""
    try:
        request = _request_of(asked.body, client)
        decided = decide(request if request.request_id else _identified(request))
    except _Unreadable as error:
        return _failure(400, error.code, str(error))
    except NoUsableRelease as error:
        return _failure(503, "GENERAL", str(error))
    answer = json_answer({"flags": [_evaluated(key, decided, client) for key in FLAGS]})
    tag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    if tag in asked.headers.get("if-none-match", ""):
        return Answer(304, headers={"ETag": tag})
    return Answer(200, answer.body, headers={"ETag": tag})


def refuse(status: int, sentence: str, headers: Mapping[str, str]) -> Answer:
    """What OFREP's addresses answer to a request that is none of theirs."""
    return json_answer({"errorCode": "GENERAL", "errorDetails": sentence}, status, headers=headers)


class _Unreadable(Exception):
    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def _request_of(body: bytes, client: PolicyClient) -> Request:
    try:
        raw = read_object(body, what='an object of the form {"context": {…}}')
    except DocumentError as error:
        raise _Unreadable("PARSE_ERROR", _sentence(error.problems)) from None
    context = raw.get("context", {})
    if not isinstance(context, dict):
        raise _Unreadable("INVALID_CONTEXT", "/context: must be an object")
    try:
        return parse_request(_as_request(context, client))
    except DocumentError as error:
        problems = [Problem(_in_context(each.pointer), each.message) for each in error.problems]
        raise _Unreadable("INVALID_CONTEXT", _sentence(problems)) from None


def _as_request(context: Mapping[str, object], client: PolicyClient) -> Document:
    """Whoever shares one context among many flags puts objects there that are no attributes of
    ours; those are passed over, unless they bear the name of one.
    """
    release = client.release
    declared = release.bundle.request_classification.declared if release is not None else {}
    attributes = {
        name: value
        for name, value in context.items()
        if name not in ("targetingKey", *_OF_REQUEST)
        and (name in declared or not isinstance(value, dict | list))
    }
    request: Document = {"attributes": attributes}
    request |= {name: context[name] for name in _OF_REQUEST if name in context}
    if "targetingKey" in context:
        request["request_id"] = context["targetingKey"]
    return request


def _in_context(pointer: str) -> str:
    if pointer == "/request_id":
        return "/context/targetingKey"
    return "/context" + pointer.removeprefix("/attributes")


def _identified(request: Request) -> Request:
    """The same context gets the same answer, so that its entity tag holds."""
    document = {"attributes": dict(request.attributes), "prompt": request.prompt}
    made = hashlib.sha256(canonical_bytes(document)).hexdigest()[:32]
    return Request(
        request.attributes, request.prompt, made, request.input_tokens, request.max_output_tokens
    )


def _sentence(problems: tuple[Problem, ...] | list[Problem]) -> str:
    return "; ".join(str(problem) for problem in problems)


def _failure(status: int, code: str, sentence: str, *, key: str | None = None) -> Answer:
    of_flag = {} if key is None else {"key": key}
    headers = {"Retry-After": "5"} if status == 503 else {}
    document = {**of_flag, "errorCode": code, "errorDetails": sentence}
    return json_answer(document, status, headers=headers)


def _evaluated(key: str, decided: Decided, client: PolicyClient) -> Document:
    first = client.next_attempt(decided, ())
    if isinstance(first, Stop) and key != "class":
        return {"key": key, "errorCode": "GENERAL", "errorDetails": first.sentence}
    document = FLAGS[key](decided, first)
    return {"key": key, **document, "metadata": _metadata(decided)}


def _model(decided: Decided, first: Step) -> Document:
    return {"value": decided.model, **_of_policy_rule(decided)}


def _decision(decided: Decided, first: Step) -> Document:
    value = {**decision_answer(decided), "next": step_answer(first)}
    return {"value": value, **_of_policy_rule(decided)}


def _of_policy_rule(decided: Decided) -> Document:
    decision = decided.decision
    matched = "DEFAULT" if decision.policy_rule == "default" else "TARGETING_MATCH"
    reason = matched if decision.bucket is None else "SPLIT"
    return {"reason": reason, "variant": decision.policy_rule}


def _class(decided: Decided, first: Step) -> Document:
    decision = decided.decision
    reason = "DEFAULT" if decision.class_source == "default" else "TARGETING_MATCH"
    variant = decision.class_rule or decision.class_source
    return {"value": decision.class_key, "reason": reason, "variant": variant}


FLAGS: dict[str, Callable[[Decided, Step], Document]] = {
    "model": _model,
    "class": _class,
    "decision": _decision,
}


def _metadata(decided: Decided) -> Document:
    """Only texts, numbers and flags may stand here."""
    decision, release = decided.decision, decided.release
    metadata: Document = {
        "request_id": decided.request.request_id,
        "release_number": release.number,
        "release_digest": release.digest,
        "release_stale": decided.stale,
        "class": decision.class_key,
        "class_rule": decision.class_rule or decision.class_source,
        "policy_rule": decision.policy_rule,
        "fell_to_default": decision.fell_to_default,
    }
    if decision.model is not None:
        metadata["intended_model"] = decision.model
    declared = release.bundle.request_classification.declared
    ignored = [name for name in decided.request.attributes if name not in declared]
    if ignored:
        metadata["ignored"] = ", ".join(ignored)[:LONGEST_LIST]
    return metadata
