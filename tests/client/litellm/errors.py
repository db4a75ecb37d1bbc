"""Exceptions as LiteLLM raises them, without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def made(name: str, text: str = "", base: type[Exception] = Exception, **members: Any) -> Exception:
    """An exception as LiteLLM has it: class by name, from its module, with these members."""
    kind = type(name, (base,), {"__module__": "litellm.exceptions"})
    error: Exception = kind(text)
    for member, value in members.items():
        setattr(error, member, value)
    return error


# What makes an exception be of a kind; "stream_interrupted" comes of a broken stream alone.
OF_KIND: dict[str, Callable[[], Exception]] = {
    "rate_limit": lambda: made("RateLimitError", status_code=429),
    "quota_exhausted": lambda: made("PaymentRequiredError"),
    "timeout": lambda: made("Timeout"),
    "server_error": lambda: made("InternalServerError", status_code=500),
    "overloaded": lambda: made("ServiceUnavailableError", status_code=503),
    "network": lambda: made("APIConnectionError"),
    "auth": lambda: made("AuthenticationError"),
    "not_found": lambda: made("NotFoundError"),
    "bad_request": lambda: made("BadRequestError", status_code=400),
    "content_policy": lambda: made("ContentPolicyViolationError"),
    "context_window": lambda: made("ContextWindowExceededError"),
    "capability_unsupported": lambda: made("UnsupportedParamsError"),
    "budget_exceeded": lambda: made("BudgetExceededError"),
    "invalid_output": lambda: made("JSONSchemaValidationError"),
}
