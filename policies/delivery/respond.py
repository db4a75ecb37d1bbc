"""The answer to `GET /api/v1/policy`, as a pure function of the request and what is known.

Any server may stand around it: Django's view does now, a small ASGI application can.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from policies.delivery.answers import Denial, Found, Snapshots, Source, Unavailable, VerifiedRelease
from policies.delivery.bearer import bearer_token, is_miscopied
from policies.delivery.negotiation import any_tag_matches, prefers_gzip

REALM = "routing-console"
ALLOWED_METHODS = ("GET", "HEAD")


@dataclass(frozen=True)
class Answer:
    """An HTTP response before any server's framing."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


def respond(method: str, headers: Mapping[str, str], snapshots: Snapshots) -> Answer:
    """Answer one request. `headers` has lower-case names."""
    if method not in ALLOWED_METHODS:
        sentence = "The policy is only read: use GET."
        return problem(405, "Method not allowed", sentence, {"Allow": ", ".join(ALLOWED_METHODS)})
    token = bearer_token(headers.get("authorization", ""))
    outcome = _found_by(token, snapshots)
    if isinstance(outcome, Denial):
        answer = denied(outcome)
    elif isinstance(outcome, Unavailable):
        retry = {"Retry-After": str(outcome.retry_after_s)}
        answer = problem(503, "Policy unavailable", outcome.sentence, retry)
    else:
        answer = _found(outcome, headers)
    return answer if method == "GET" else Answer(answer.status, answer.headers)


def _found_by(token: str, snapshots: Snapshots) -> Found | Denial | Unavailable:
    if not token:
        return Denial.MISSING
    # No store need be asked for what is no token of anybody's.
    return Denial.MISCOPIED if is_miscopied(token) else snapshots.find(token)


def problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """A problem document (RFC 9457)."""
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body = json.dumps(document, ensure_ascii=False).encode("utf-8")
    fields = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        **(headers or {}),
    }
    return Answer(status, fields, body)


def denied(denial: Denial) -> Answer:
    challenge = f'Bearer realm="{REALM}"'
    if denial in (Denial.PERSONAL, Denial.SCOPE):
        challenge += ', error="insufficient_scope"'
        return problem(403, "Wrong kind of token", denial.value, {"WWW-Authenticate": challenge})
    if denial is not Denial.MISSING:
        challenge += ', error="invalid_token"'
    return problem(401, "Not authenticated", denial.value, {"WWW-Authenticate": challenge})


def _found(found: Found, headers: Mapping[str, str]) -> Answer:
    freshness = _freshness(found)
    if found.release is None:
        sentence = "Nothing has been published to this environment yet. Keep polling."
        return problem(404, "No release yet", sentence, freshness)
    packed = prefers_gzip(headers.get("accept-encoding"))
    tags = (found.release.etag, packed_tag(found.release.etag))
    fields = {
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "ETag": tags[1] if packed else tags[0],
        **freshness,
    }
    if any_tag_matches(headers.get("if-none-match"), tags):
        return Answer(304, fields)
    return _whole(found.release, packed, fields)


def _whole(release: VerifiedRelease, packed: bool, fields: dict[str, str]) -> Answer:
    body = release.packed if packed else release.body
    fields = fields | {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Policy-Signature": release.signature,
    }
    if packed:
        fields["Content-Encoding"] = "gzip"
    return Answer(200, fields, body)


def packed_tag(etag: str) -> str:
    """The gzip form's own tag: strong tags must differ between codings (RFC 9110, 8.8.3.3)."""
    return f'{etag[:-1]}-gzip"'


def _freshness(found: Found) -> dict[str, str]:
    fields = {"Routing-Console-Source": found.source.value}
    if found.source is Source.MEMORY:
        fields["Age"] = str(found.age_s)
    return fields
