"""The answers to `GET /api/v1/policy` and to the address of the keys, as pure functions of the
request and what is known.

`plane.py` stands around them and answers the usual poll from messages that were built by them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from policies.delivery.answers import Denial, Found, Snapshots, Source, Unavailable, VerifiedRelease
from policies.delivery.bearer import bearer_token, is_miscopied
from policies.delivery.negotiation import (
    any_tag_matches,
    is_any_tag,
    latest_named,
    prefers_gzip,
    rank_of,
)

REALM = "routing-console"
ALLOWED_METHODS = ("GET", "HEAD")
OLDER = (
    "This plane holds an older release than yours: it has not heard of yours yet, or is cut off "
    "from the console. Go on with yours."
)
OLDER_RETRY_S = 5
# It asks the database all the time, and will have heard by then.
UNHEARD_RETRY_S = 1


@dataclass(frozen=True)
class Answer:
    """An HTTP response before any server's framing."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    def without_body(self) -> Answer:
        return Answer(self.status, self.headers)


def respond(method: str, headers: Mapping[str, str], snapshots: Snapshots) -> Answer:
    """Answer one request for the policy. `headers` has lower-case names."""
    if method not in ALLOWED_METHODS:
        return _not_allowed("The policy is only read: use GET.")
    token = bearer_token(headers.get("authorization", ""))
    outcome = _found_by(token, snapshots)
    if isinstance(outcome, Denial):
        answer = denied(outcome)
    elif isinstance(outcome, Unavailable):
        answer = unavailable(outcome)
    else:
        answer = found(outcome, headers)
    return answer if method == "GET" else answer.without_body()


def respond_with_keys(method: str, jwks: bytes | None) -> Answer:
    """Answer one request for the public keys; `jwks` is None while nothing is known yet."""
    if method not in ALLOWED_METHODS:
        return _not_allowed("The keys are only read: use GET.")
    if jwks is None:
        answer = unavailable(Unavailable("The keys are not known yet. Try again shortly.", 5))
    else:
        fields = {
            "Content-Type": "application/jwk-set+json",
            "Content-Length": str(len(jwks)),
            "Cache-Control": "public, max-age=60",
        }
        answer = Answer(200, fields, jwks)
    return answer if method == "GET" else answer.without_body()


def shows_what_it_has(method: str, headers: Mapping[str, str]) -> bool:
    """Whether 304 to this says that the router has the release: a tag by its name, in a GET. HEAD
    is asked by who takes no content, and `*` is said by who may have any."""
    return method == "GET" and not is_any_tag(headers.get("if-none-match"))


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Answer:
    """A problem document (RFC 9457) of no type of its own, so its title is the status's phrase."""
    title = HTTPStatus(status).phrase
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
    """Why a token does not open this: 401, or 403 where it is good for something else."""
    challenge = f'Bearer realm="{REALM}"'
    if denial in (Denial.PERSONAL, Denial.SCOPE):
        challenge += ', error="insufficient_scope"'
        return problem(403, denial.value, {"WWW-Authenticate": challenge})
    if denial is not Denial.MISSING:
        challenge += ', error="invalid_token"'
    return problem(401, denial.value, {"WWW-Authenticate": challenge})


def unavailable(outcome: Unavailable) -> Answer:
    """503, and when to ask again."""
    return problem(503, outcome.sentence, {"Retry-After": str(outcome.retry_after_s)})


def found(outcome: Found, headers: Mapping[str, str]) -> Answer:
    """The release, or 304 where the router has it; 404 before the first one.

    503 where the router names a later one than is known here: neither of the two is in force as
    far as this plane can say, and a balancer may ask a plane that can. Where the database, asked
    since, knows no later one, the router gets what it knows: a backup was restored.
    """
    freshness = _freshness(outcome)
    if outcome.release is None:
        sentence = "Nothing has been published to this environment yet. Keep polling."
        return problem(404, sentence, freshness)
    packed = prefers_gzip(headers.get("accept-encoding"))
    tags = (outcome.release.etag, outcome.release.packed_tag)
    fields = {
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "ETag": tags[1] if packed else tags[0],
        **freshness,
    }
    if any_tag_matches(headers.get("if-none-match"), tags):
        return Answer(304, fields)
    named, is_dated = latest_named(headers.get("if-none-match")), outcome.source is Source.MEMORY
    if named > rank_of(outcome.release.etag) and (is_dated or named > outcome.latest_up_to):
        retry_s = OLDER_RETRY_S if is_dated else UNHEARD_RETRY_S
        return problem(503, OLDER, {"Retry-After": str(retry_s), **freshness})
    return _whole(outcome.release, packed, fields)


def _found_by(token: str, snapshots: Snapshots) -> Found | Denial | Unavailable:
    if not token:
        return Denial.MISSING
    # No store need be asked for what is no token of anybody's.
    return Denial.MISCOPIED if is_miscopied(token) else snapshots.find(token)


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


def _freshness(outcome: Found) -> dict[str, str]:
    fields = {"Routing-Console-Source": outcome.source.value}
    if outcome.source is Source.MEMORY:
        fields["Age"] = str(outcome.age_s)
    return fields


def _not_allowed(sentence: str) -> Answer:
    return problem(405, sentence, {"Allow": ", ".join(ALLOWED_METHODS)})
