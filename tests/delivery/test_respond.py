"""What a router's request is answered, whatever server stands around the answer."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field

import pytest

from policies.delivery.answers import Denial, Found, Source, Unavailable, VerifiedRelease
from policies.delivery.respond import Answer, respond, respond_with_keys

RELEASE = VerifiedRelease.of(b'{"schema":1}' * 20, '"abc.1.99"', "header..signature")
GOOD = Found(RELEASE)


@dataclass
class FixedSnapshots:
    """Always the same answer; keeps what it was asked."""

    outcome: Found | Denial | Unavailable
    asked: list[str] = field(default_factory=list)

    def find(self, token: str) -> Found | Denial | Unavailable:
        self.asked.append(token)
        return self.outcome


def get(
    outcome: Found | Denial | Unavailable = GOOD, method: str = "GET", **headers: str
) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return respond(method, {"authorization": "Bearer rcr_x", **given}, FixedSnapshots(outcome))


def test_get__with_a_good_token__is_the_signed_body() -> None:
    answer = get()
    assert (answer.status, answer.body) == (200, RELEASE.body)
    assert answer.headers == {
        "Content-Type": "application/json",
        "Content-Length": str(len(RELEASE.body)),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "ETag": '"abc.1.99"',
        "Policy-Signature": "header..signature",
        "Routing-Console-Source": "database",
    }


def test_get__gzip_accepted__is_packed_under_a_tag_of_its_own() -> None:
    answer = get(accept_encoding="gzip, deflate, br")
    assert gzip.decompress(answer.body) == RELEASE.body
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["ETag"] == '"abc.1.99-gzip"'
    assert answer.headers["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize(
    "tags",
    [
        '"abc.1.99"',
        'W/"abc.1.99"',
        '"other", "abc.1.99"',
        '"a,b" ,W/"abc.1.99"',
        "*",
        '"abc.1.99-gzip"',
    ],
)
def test_get__with_the_tag_in_force__is_304_without_a_body(tags: str) -> None:
    answer = get(if_none_match=tags)
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["ETag"] == '"abc.1.99"'
    assert "Content-Length" not in answer.headers


@pytest.mark.parametrize("tags", ['"abc.1.9"', "abc.1.99", '""', ""])
def test_get__with_another_tag__is_200(tags: str) -> None:
    assert get(if_none_match=tags).status == 200


def test_head__is_get_without_the_body() -> None:
    whole, head = get(), get(method="HEAD")
    assert head == Answer(200, whole.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", ""])
def test_other_methods__are_405_and_name_the_right_ones(method: str) -> None:
    answer = get(method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", ""])
def test_keys__asked_for_by_another_method__are_405_in_a_problem_document(method: str) -> None:
    answer = respond_with_keys(method, b'{"keys": []}')
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert respond_with_keys("HEAD", b'{"keys": []}').status == 200


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic cmNyX3g=", "Bearer " + "x" * 500]
)
def test_no_token__is_401_without_asking_anything(authorization: str) -> None:
    snapshots = FixedSnapshots(Found(RELEASE))
    answer = respond("GET", {"authorization": authorization}, snapshots)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="routing-console"'
    assert snapshots.asked == []


def test_scheme__in_any_case__is_understood() -> None:
    snapshots = FixedSnapshots(Found(RELEASE))
    assert respond("GET", {"authorization": "bearer  rcr_x "}, snapshots).status == 200
    assert snapshots.asked == ["rcr_x"]


@pytest.mark.parametrize("denial", [Denial.UNKNOWN, Denial.EXPIRED, Denial.REVOKED])
def test_bad_token__is_401_and_says_what_would_help(denial: Denial) -> None:
    answer = get(denial)
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert problem_of(answer)["detail"] == denial.value


def test_personal_token__is_403() -> None:
    answer = get(Denial.PERSONAL)
    assert answer.status == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_nothing_published_yet__is_404() -> None:
    assert problem_of(get(Found(None)))["title"] == "Not Found"
    assert get(Found(None), if_none_match="*").status == 404


def test_nothing_known__is_503_with_a_wait() -> None:
    answer = get(Unavailable("The database does not answer.", 5))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("tag", ["", '"abc.1.99"'])
def test_from_memory__says_so_and_how_old_it_is(tag: str) -> None:
    answer = get(Found(RELEASE, Source.MEMORY, 42), if_none_match=tag)
    assert answer.headers["Routing-Console-Source"] == "memory"
    assert answer.headers["Age"] == "42"


@pytest.mark.parametrize("tag", ['"def.2.9"', 'W/"def.2.9-gzip"', '"x", "abc.1.100"'])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_from_memory__router_with_a_later_release__is_503_and_never_given_the_older(
    tag: str, method: str
) -> None:
    answer = get(Found(RELEASE, Source.MEMORY, 42), method, if_none_match=tag)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert (answer.headers["Routing-Console-Source"], answer.headers["Age"]) == ("memory", "42")
    assert answer.headers["Cache-Control"] == "no-store"
    if method == "GET":
        assert "holds an older release than yours" in str(problem_of(answer)["detail"])


@pytest.mark.parametrize("tag", ['"def.1.98"', '"def.0.100"', '"xyz.2.9"', '"2.9"', "def.2.9", "*"])
def test_from_memory__router_with_another_tag__is_answered_as_ever(tag: str) -> None:
    expected = get(if_none_match=tag).status
    assert get(Found(RELEASE, Source.MEMORY, 42), if_none_match=tag).status == expected


def test_from_the_database__router_with_a_later_release__is_asked_to_return_in_a_moment() -> None:
    answer = get(if_none_match='"def.2.9"')
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert "has not heard of yours yet" in str(problem_of(answer)["detail"])
    outdone = Found(RELEASE, latest_up_to=(2, 8))
    assert get(outdone, if_none_match='"def.2.9"').status == 503


def test_from_the_database__asked_since_a_router_named_a_later_release__is_in_force() -> None:
    # As after a backup was restored: the router says that it refuses it, and why.
    asked_since = Found(RELEASE, latest_up_to=(2, 9))
    assert get(asked_since, if_none_match='"def.2.9"').status == 200
    assert (
        get(Found(RELEASE, Source.MEMORY, latest_up_to=(2, 9)), if_none_match='"def.2.9"').status
        == 503
    )


@pytest.mark.parametrize(
    "outcome", [Denial.UNKNOWN, Denial.PERSONAL, Found(None), Unavailable("Down.", 5)]
)
def test_refusals__are_problem_documents_that_nobody_stores(
    outcome: Found | Denial | Unavailable,
) -> None:
    answer = get(outcome)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert problem_of(answer)["status"] == answer.status


def problem_of(answer: Answer) -> dict[str, object]:
    document: dict[str, object] = json.loads(answer.body)
    assert sorted(document) == ["detail", "status", "title", "type"]
    return document
