"""Every error answer is a problem document (RFC 9457): one shape, whatever went wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import IntegrityError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from policies.engine import DocumentError, Problem
from policies.engine.errors import pointer_token
from policies.governance.refusals import Refused

MEDIA_TYPE = "application/problem+json"
REFUSED = "urn:routing-console:refused"
WRONG_DOCUMENT = "urn:routing-console:wrong-document"
WRONG_INPUT = "urn:routing-console:wrong-input"
PLAIN = "about:blank"
log = logging.getLogger(__name__)


class WrongBody(exceptions.ParseError):
    """The body cannot be read as the JSON that this operation takes."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__("The body is not sound JSON.")
        self.problems = tuple(problems)


class PreconditionFailed(exceptions.APIException):
    """Somebody else saved since the caller looked."""

    status_code = HTTPStatus.PRECONDITION_FAILED

    def __init__(self, refusal: Refused) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class PreconditionRequired(exceptions.APIException):
    """The caller must say what they looked at."""

    status_code = HTTPStatus.PRECONDITION_REQUIRED


def problem(status: int, detail: str, kind: str = PLAIN, **members: Any) -> Response:
    """A problem document. `detail` is for people; `kind` and `members` are for programs."""
    said = {
        "type": kind,
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        **members,
    }
    return Response(said, status=status, content_type=MEDIA_TYPE)


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn what an operation raised into a problem document; None leaves a real fault alone."""
    return _of_console(exc) or _of_framework(exc)


def _of_console(exc: Exception) -> Response | None:
    match exc:
        case Refused():
            return _refused(exc.status, exc)
        case PreconditionFailed():
            return _refused(exc.status_code, exc.refusal)
        case DocumentError():
            detail = "The documents are not right yet."
            return problem(422, detail, WRONG_DOCUMENT, errors=listed(exc.problems))
        case WrongBody():
            return problem(400, str(exc.detail), WRONG_INPUT, errors=listed(exc.problems))
    return None


def _of_framework(exc: Exception) -> Response | None:
    match exc:
        case exceptions.ValidationError():
            errors = listed(_flattened(exc.detail, ""))
            return problem(400, "The input is not right.", WRONG_INPUT, errors=errors)
        case IntegrityError():
            # The database kept a rule that two writers would have broken at the same moment.
            log.warning("Two writers met", exc_info=exc)
            return problem(409, "Somebody else did this at the same moment. Look again.")
        case Http404():
            return problem(404, "There is no such thing, or it is not yours to see.")
        case RequestDataTooBig():
            return problem(413, "The body is larger than this console reads.")
        case PermissionDenied():
            return problem(403, "You may not do this.")
        case exceptions.APIException():
            return _with_headers(exc)
    return None


def listed(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """Problems as the `errors` member carries them."""
    return [{"pointer": found.pointer, "message": found.message} for found in problems]


def _refused(status: int, refusal: Refused) -> Response:
    reasons = [reason.as_dict() for reason in refusal.reasons]
    return problem(status, str(refusal), REFUSED, reasons=reasons)


def _with_headers(exc: exceptions.APIException) -> Response:
    response = problem(exc.status_code, str(exc.detail))
    challenge, wait = getattr(exc, "auth_header", None), getattr(exc, "wait", None)
    if challenge:
        response["WWW-Authenticate"] = challenge
    if wait is not None:
        response["Retry-After"] = f"{wait:.0f}"
    return response


def _flattened(detail: Any, pointer: str) -> Iterator[Problem]:
    """The framework's nested errors, each with the pointer of its place."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            place = pointer if key == "non_field_errors" else pointer + pointer_token(key)
            yield from _flattened(inner, place)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from _flattened(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield Problem(pointer, str(detail))
