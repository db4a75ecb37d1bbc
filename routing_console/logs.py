"""How log lines look, and that none holds a secret, whoever wrote it."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

# The request that the current thread or task works on; empty outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

# Routers' and people's tokens, secrets of webhooks, credentials of headers, cookies and addresses.
_SECRETS = (
    (re.compile(r"\b(rc[a-z]_|whsec_)[\w+/=-]{4,}"), r"\1***"),
    (re.compile(r"\b(bearer|basic)(\s+)[\w.~+/=-]{4,}", re.IGNORECASE), r"\1\2***"),
    (re.compile(r"\b(sessionid|csrftoken|csrfmiddlewaretoken)(=|%3D)[\w-]+"), r"\1\2***"),
    (re.compile(r"(\w://[^\s:/@]*:)[^\s/@]+@"), r"\1***@"),
)


def masked(text: str) -> str:
    """The text with everything in it that looks like a secret replaced by ***."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class WithRequestId(logging.Filter):
    """Gives each record the `request_id` that it was written under."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class LineFormatter(logging.Formatter):
    """A line for people, and one only: what strangers sent cannot begin another."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = "".join(map(_printable, record.message))
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


class JSONFormatter(JsonFormatter):
    """A JSON object a line: time, level, logger, message, request_id, and what came along."""

    def __init__(self, **_: Any) -> None:
        super().__init__(
            ["levelname", "name", "message", "request_id"],
            rename_fields={"levelname": "level", "name": "logger", "timestamp": "time"},
            timestamp=True,
            json_ensure_ascii=False,
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in log_data.items() if value not in (None, "")}

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))
