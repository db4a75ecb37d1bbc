"""Failure kinds of LiteLLM's exceptions, told without LiteLLM by classes that look like its own."""

from __future__ import annotations

import asyncio
import datetime

import pytest

from policies.client.litellm import failure_kind, retry_after_ms
from policies.client.litellm.failures import SIGNS
from policies.engine import FAILURE_KINDS
from policies.engine.fallback import ANSWERABLE
from tests.client.litellm.errors import made

BAD = type("BadRequestError", (Exception,), {"__module__": "litellm.exceptions"})

# (what is told, the exception, its kind)
TABLE: tuple[tuple[str, Exception, str], ...] = (
    ("429 of a rate limit", made("RateLimitError", status_code=429, code="429"), "rate_limit"),
    (
        "429 of a quota, by code",
        made("RateLimitError", status_code=429, body={"code": "insufficient_quota"}),
        "quota_exhausted",
    ),
    (
        "429 of a quota, in words",
        made("RateLimitError", "You exceeded your current quota, please check.", status_code=429),
        "quota_exhausted",
    ),
    (
        "400 of a quota",
        made("BadRequestError", "Your credit balance is too low to access the API."),
        "quota_exhausted",
    ),
    ("402", made("PaymentRequiredError", base=BAD, status_code=402), "quota_exhausted"),
    (
        "429 of LiteLLM's own budget",
        made("RateLimitError", status_code=429, rate_limit_type="budget"),
        "budget_exceeded",
    ),
    ("budget", made("BudgetExceededError", status_code=400), "budget_exceeded"),
    (
        "refused connection, as 500",
        made("InternalServerError", "OpenAIException - Connection error.", status_code=500),
        "network",
    ),
    ("500", made("InternalServerError", "Something went wrong", status_code=500), "server_error"),
    (
        "overloaded, as 500",
        made("InternalServerError", status_code=500, provider_status_code=529),
        "overloaded",
    ),
    ("503", made("ServiceUnavailableError", status_code=503), "overloaded"),
    (
        "policy, as bad request by code",
        made("BadRequestError", body={"code": "content_policy_violation"}, status_code=400),
        "content_policy",
    ),
    (
        "policy of Azure, nested",
        made("BadRequestError", body={"error": {"code": "content_filter"}}, status_code=400),
        "content_policy",
    ),
    ("policy by class", made("ContentPolicyViolationError", base=BAD), "content_policy"),
    ("too long, by class", made("ContextWindowExceededError", base=BAD), "context_window"),
    (
        "too long, in words",
        made("BadRequestError", "This model's maximum context length is 8192 tokens."),
        "context_window",
    ),
    ("parameters", made("UnsupportedParamsError", base=BAD), "capability_unsupported"),
    ("timeout", made("Timeout", base=made("APIConnectionError").__class__), "timeout"),
    ("gateway's timeout", made("APIError", status_code=504), "timeout"),
    ("no schema", made("JSONSchemaValidationError"), "invalid_output"),
    ("401", made("AuthenticationError", status_code=401), "auth"),
    ("403", made("PermissionDeniedError", status_code=403), "auth"),
    ("404", made("NotFoundError", status_code=404), "not_found"),
    (
        "no provider of that name",
        made(
            "BadRequestError", "LLM Provider NOT provided. Pass in the provider.", status_code=400
        ),
        "not_found",
    ),
    ("400", made("BadRequestError", "'messages' is too short.", status_code=400), "bad_request"),
    ("422", made("UnprocessableEntityError", status_code=422), "bad_request"),
    ("connection", made("APIConnectionError"), "network"),
    ("Python's timeout", TimeoutError(), "timeout"),
    ("Python's connection", ConnectionResetError(), "network"),
)


@pytest.mark.parametrize(("error", "kind"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_exception__of_the_table__is_of_its_kind(error: Exception, kind: str) -> None:
    assert failure_kind(error) == kind


def test_signs__all__name_failure_kinds_of_the_matrix() -> None:
    assert {sign.kind for sign in SIGNS} <= set(FAILURE_KINDS)


def test_table__as_a_whole__has_each_kind_that_a_call_can_end_with() -> None:
    judged_by_the_caller = {"low_quality", "stream_interrupted"}
    assert {kind for _, _, kind in TABLE} >= set(ANSWERABLE) - judged_by_the_caller


def test_broken_stream__after_its_first_words__is_interrupted() -> None:
    inner = made("InternalServerError", "Connection error.", status_code=500)
    error = made("MidStreamFallbackError", original_exception=inner, is_pre_first_chunk=False)
    assert failure_kind(error) == "stream_interrupted"


def test_broken_stream__before_its_first_words__is_what_broke_it() -> None:
    inner = made("RateLimitError", status_code=429)
    error = made("MidStreamFallbackError", original_exception=inner, is_pre_first_chunk=True)
    assert failure_kind(error) == "rate_limit"


def test_any_failure__once_bytes_were_sent__is_an_interrupted_stream() -> None:
    assert failure_kind(made("APIConnectionError"), bytes_sent=True) == "stream_interrupted"


@pytest.mark.parametrize(
    "error",
    [TypeError("at capacity"), KeyError("rate limit"), ValueError("429"), KeyboardInterrupt()],
    ids=repr,
)
def test_exception__that_is_no_providers__has_no_kind(error: BaseException) -> None:
    assert failure_kind(error) is None
    assert failure_kind(error, bytes_sent=True) is None


def test_cancelled_task__has_no_kind() -> None:
    assert failure_kind(asyncio.CancelledError()) is None


def test_prompt__echoed_behind_the_providers_sentence__decides_nothing() -> None:
    text = "'messages' is too short. " + "x" * 600 + " you exceeded your current quota"
    assert failure_kind(made("BadRequestError", text, status_code=400)) == "bad_request"


NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)


class Answer:
    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("headers", "wish"),
    [
        ({"Retry_After": "2"}, 2000.0),
        ({"Retry_After": "0.5"}, 500.0),
        ({"Retry_After": "2", "retry_after_ms": "1700"}, 1700.0),
        ({"Retry_After": "Sun, 01 Mar 2026 12:00:05 GMT"}, 5000.0),
        ({"Retry_After": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({}, None),
    ],
)
def test_wish_to_be_left_alone__of_the_answers_headers__is_told_in_milliseconds(
    headers: dict[str, str], wish: float | None
) -> None:
    error = made("RateLimitError", response=Answer(**headers))
    assert retry_after_ms(error, now=NOW) == wish
