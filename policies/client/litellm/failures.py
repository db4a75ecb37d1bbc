"""Which failure kind an exception of LiteLLM is: read from its class, code and words, not imported.

LiteLLM's classes alone do not say it. A used-up quota and a rate limit are both `RateLimitError`
with 429, a refused connection is an `InternalServerError` with 500, a content policy comes as a
`BadRequestError` of which only the code tells, and a broken stream is a `MidStreamFallbackError`
around the true error. So the first row of `SIGNS` that fits decides, and the narrower ones stand
first. Only what an exception says of itself is read; of its text, what providers write there, not
the prompt that some echo back behind it.
"""

from __future__ import annotations

import datetime
import email.utils
import re
from collections.abc import Iterator
from dataclasses import dataclass

STREAM = "stream_interrupted"
# Providers that echo a request put it behind their own sentence.
MOST_CHARACTERS_READ = 600
LONGEST_CHAIN = 5
# Whose exceptions speak of providers; anybody else's are mistakes to be raised on.
LIBRARIES = frozenset({"aiohttp", "asyncio", "httpcore", "httpx", "litellm", "openai"})


@dataclass(frozen=True)
class Sign:
    """One row: fits where any of the class names, codes, statuses or words does."""

    kind: str
    classes: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()
    words: str = ""

    def fits(self, seen: Seen) -> bool:
        return (
            not seen.classes.isdisjoint(self.classes)
            or not seen.codes.isdisjoint(self.codes)
            or seen.status in self.statuses
            or bool(self.words and re.search(self.words, seen.text))
        )


@dataclass(frozen=True)
class Seen:
    """What an exception tells: its classes, codes, HTTP status, and its text in lower case."""

    classes: frozenset[str]
    codes: frozenset[str]
    status: int | None
    text: str


SIGNS: tuple[Sign, ...] = (
    # LiteLLM's own budgets; the 429 form says so in `rate_limit_type`.
    Sign("budget_exceeded", ("BudgetExceededError",), ("budget",)),
    # 429 (OpenAI), 400 (Anthropic) or 402: trying again later in the minute cannot help.
    Sign(
        "quota_exhausted",
        ("PaymentRequiredError",),
        ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active"),
        (402,),
        r"exceeded your current quota|insufficient.?(quota|balance|funds|credit)"
        r"|credit balance is too low|billing.?hard.?limit",
    ),
    Sign(
        "content_policy",
        ("ContentPolicyViolationError", "RejectedRequestError", "GuardrailRaisedException"),
        ("content_policy_violation", "content_filter", "cyber_policy"),
        words=r"content_policy_violation|responsibleaipolicyviolation|content.?filter"
        r"|content management policy|safety system|violating our usage policy",
    ),
    Sign(
        "context_window",
        ("ContextWindowExceededError",),
        ("context_length_exceeded",),
        words=r"maximum context length|context_length_exceeded|prompt is too long"
        r"|exceed context limit|longer than the model's context",
    ),
    Sign(
        "capability_unsupported",
        ("UnsupportedParamsError", "EndpointNotSupportedByModelError", "UnsupportedEndpointError"),
        ("unsupported_parameter", "unsupported_value"),
        words=r"does not support (tools|tool|function|image|vision|audio|parameters|streaming)",
    ),
    Sign("invalid_output", ("JSONSchemaValidationError", "APIResponseValidationError")),
    # Before the network: OpenAI's timeouts are connection errors, too.
    Sign(
        "timeout",
        ("Timeout", "APITimeoutError", "TimeoutError", "TimeoutException"),
        statuses=(408, 504),
    ),
    Sign("rate_limit", ("RateLimitError",), ("rate_limit_exceeded",), (429,)),
    Sign(
        "overloaded",
        codes=("overloaded_error", "server_overloaded"),
        statuses=(529, 503),
        words=r"overloaded|at capacity|temporarily unavailable",
    ),
    Sign(
        "auth", ("AuthenticationError", "PermissionDeniedError"), ("invalid_api_key",), (401, 403)
    ),
    # A provider that LiteLLM does not know is a deployment that is not there, whatever its class.
    Sign(
        "not_found",
        ("NotFoundError", "LiteLLMUnknownProvider"),
        ("model_not_found",),
        (404,),
        r"llm provider not provided",
    ),
    Sign(
        "network",
        ("APIConnectionError", "ConnectionError", "ConnectError", "NetworkError", "ProtocolError"),
        words=r"connection (error|refused|reset|aborted)|cannot connect to host|name or service",
    ),
    Sign(
        "bad_request",
        ("BadRequestError", "UnprocessableEntityError", "InvalidRequestError"),
        statuses=(400, 413, 422),
    ),
    Sign(
        "server_error",
        ("InternalServerError", "BadGatewayError", "ServiceUnavailableError", "APIError"),
        statuses=tuple(range(500, 600)),
    ),
)


def failure_kind(error: BaseException, *, bytes_sent: bool = False) -> str | None:
    """The failure kind of an exception that LiteLLM raised; None where it is no provider's failure.

    `bytes_sent` tells that part of an answer had reached the user: whatever broke then, the stream
    was interrupted. What is None (a cancelled task, a mistake in the caller's code) is to be raised
    on, not retried.
    """
    if not isinstance(error, Exception):
        return None
    inner = _of_stream(error)
    if inner is None:
        return STREAM
    kind = _kind(inner)
    return STREAM if bytes_sent and kind is not None else kind


def has_sent_bytes(error: BaseException) -> bool:
    """Whether a broken stream says that part of its answer had come."""
    if type(error).__name__ != "MidStreamFallbackError":
        return False
    return not getattr(error, "is_pre_first_chunk", False)


def retry_after_ms(error: BaseException, *, now: datetime.datetime | None = None) -> float | None:
    """How long the provider asks to be left alone, in milliseconds; None where it does not say."""
    for name, value in _headers(error):
        try:
            if name == "retry-after-ms":
                return max(float(value), 0.0)
            if name == "retry-after":
                return _delay_ms(value, now or datetime.datetime.now(datetime.timezone.utc))
        except (ValueError, OverflowError):
            continue
    return None


def _delay_ms(value: str, now: datetime.datetime) -> float:
    """Seconds, or the date of RFC 9110. Raises ValueError."""
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
        return float(value) * 1000
    when = email.utils.parsedate_to_datetime(value)
    if when.tzinfo is None:
        when = when.replace(tzinfo=now.tzinfo)
    return max((when - now).total_seconds() * 1000, 0.0)


def _headers(error: BaseException) -> Iterator[tuple[str, str]]:
    """Headers of the provider's answer, names in lower case, the more exact one first."""
    found: dict[str, str] = {}
    for holder in (
        error,
        getattr(error, "response", None),
        getattr(error, "original_exception", None),
    ):
        for attribute in ("litellm_response_headers", "headers"):
            headers = getattr(holder, attribute, None)
            for name, value in dict(headers or {}).items():
                found.setdefault(str(name).lower().removeprefix("llm_provider-"), str(value))
    yield from sorted(found.items(), reverse=True)


def _of_stream(error: Exception) -> Exception | None:
    """The error inside a broken stream, if nothing had come yet; None where something had."""
    for _ in range(LONGEST_CHAIN):
        if type(error).__name__ != "MidStreamFallbackError":
            return error
        original = getattr(error, "original_exception", None)
        if has_sent_bytes(error) or not isinstance(original, Exception):
            return None
        error = original
    return error


def _kind(error: Exception) -> str | None:
    if not isinstance(error, ConnectionError | TimeoutError) and not _is_of_a_library(error):
        return None
    seen = _seen(error)
    return next((sign.kind for sign in SIGNS if sign.fits(seen)), None)


def _is_of_a_library(error: Exception) -> bool:
    return any(base.__module__.partition(".")[0] in LIBRARIES for base in type(error).__mro__)


def _seen(error: Exception) -> Seen:
    classes = frozenset(base.__name__ for base in type(error).__mro__)
    status = getattr(error, "provider_status_code", None) or getattr(error, "status_code", None)
    return Seen(
        classes=classes,
        codes=frozenset(_codes(error)),
        status=status if isinstance(status, int) else None,
        text=str(error)[:MOST_CHARACTERS_READ].lower(),
    )


def _codes(error: Exception) -> Iterator[str]:
    """The provider's code and type, from the exception and from the body that it carries."""
    body = getattr(error, "body", None)
    inner = body.get("error") if isinstance(body, dict) else None
    for holder in (body, inner):
        if isinstance(holder, dict):
            yield from (str(holder[name]) for name in ("code", "type") if holder.get(name))
    yield from (
        str(value)
        for name in ("code", "type", "rate_limit_type")
        if (value := getattr(error, name, None)) is not None
    )
