"""A provider that speaks OpenAI's protocol over real HTTP and fails in any way that is ordered."""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# What providers write, word for word: status, then code, type and sentence.
REFUSALS: dict[str, tuple[int, str | None, str, str]] = {
    "rate_limit": (429, "rate_limit_exceeded", "requests", "Rate limit reached for requests."),
    "quota_exhausted": (
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "server_error": (500, None, "server_error", "Something went wrong."),
    "overloaded": (503, None, "server_error", "The engine is overloaded, try again later."),
    "content_policy": (
        400,
        "content_policy_violation",
        "image_generation_user_error",
        "Your request was rejected.",
    ),
    # The same, in words that LiteLLM raises its own class of exception for.
    "refused_content": (
        400,
        "content_policy_violation",
        "invalid_request_error",
        "Your request was rejected as a result of the safety system.",
    ),
    "context_window": (
        400,
        "context_length_exceeded",
        "invalid_request_error",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in "
        "9001 tokens.",
    ),
    "auth": (401, "invalid_api_key", "invalid_request_error", "Incorrect API key provided: sk-x."),
    "not_found": (
        404,
        "model_not_found",
        "invalid_request_error",
        "The model does not exist or you do not have access to it.",
    ),
    "bad_request": (400, None, "invalid_request_error", "'messages' is too short."),
    "bad_gateway": (502, None, "server_error", "Bad gateway"),
    "gateway_timeout": (504, None, "server_error", "Gateway timeout"),
}
HANGS_S = 1.0
STALLS_S = 10.0  # longer than any caller waits
WORDS = ("One", " two", " three")


@dataclass
class FakeProvider:
    """`orders` are what a model's next calls do, in turn: a name of REFUSALS, "hangs", "drops" (the
    connection, at once), or what becomes of a stream: "breaks", "errs" or "stalls" after its first
    words, "breaks_at_once" before them, "goes_on" until the caller hangs up. With none left it
    answers. `hung_up` counts callers that hung up on a stream.
    """

    url: str = ""
    orders: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    called: list[str] = field(default_factory=list)
    retry_after_s: int | None = None
    tells_usage: bool = True
    hung_up: int = 0
    hanging: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, model: str, *failures: str) -> None:
        self.orders[model].extend(failures)

    def forget(self) -> None:
        with self.lock:
            self.orders.clear()
            self.called.clear()
            self.retry_after_s, self.tells_usage, self.hung_up = None, True, 0

    def next_for(self, model: str) -> str:
        with self.lock:
            self.called.append(model)
            return self.orders[model].popleft() if self.orders[model] else "answers"


@contextmanager
def running_provider() -> Iterator[FakeProvider]:
    provider = FakeProvider()

    class Handler(_Handler):
        asked = provider

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield provider
    provider.hanging.set()
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    asked: FakeProvider
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        what = self.asked.next_for(body["model"])
        if what == "hangs":
            self.asked.hanging.wait(HANGS_S)
            self.close_connection = True
        elif what == "drops":
            self.close_connection = True
        elif what in REFUSALS:
            self._refuse(*REFUSALS[what])
        elif body.get("stream"):
            self._stream(body, what)
        else:
            self._send(200, _completion(body["model"], self.asked.tells_usage))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _refuse(self, status: int, code: str | None, kind: str, message: str) -> None:
        error = {"message": message, "type": kind, "param": None, "code": code}
        self._send(status, {"error": error})

    def _send(self, status: int, content: object) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 429 and self.asked.retry_after_s is not None:
            self.send_header("Retry-After", str(self.asked.retry_after_s))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, body: dict[str, Any], what: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if what == "breaks_at_once":
            self.close_connection = True
            return
        if what == "goes_on":
            self._go_on(body["model"])
            return
        for index, word in enumerate(WORDS):
            self._chunk(_part(body["model"], {"role": "assistant", "content": word}))
            if index == 0 and what in ("breaks", "errs", "stalls"):
                self._end_early(what)
                return
        self._chunk(_part(body["model"], {}, finish="stop"))
        if self.asked.tells_usage and (body.get("stream_options") or {}).get("include_usage"):
            self._chunk({**_part(body["model"], {}), "choices": [], "usage": USAGE})
        self._write(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _go_on(self, model: str) -> None:
        self.close_connection = True
        try:
            while not self.asked.hanging.wait(0.01):
                self._chunk(_part(model, {"role": "assistant", "content": WORDS[0]}))
        except OSError:
            with self.asked.lock:
                self.asked.hung_up += 1

    def _end_early(self, what: str) -> None:
        if what == "errs":
            self._chunk({"error": {"message": "Something went wrong.", "type": "server_error"}})
        elif what == "stalls":
            self.asked.hanging.wait(STALLS_S)
        self.close_connection = True

    def _chunk(self, content: object) -> None:
        self._write(f"data: {json.dumps(content)}\n\n".encode())

    def _write(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()


USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def _completion(model: str, tells_usage: bool) -> dict[str, object]:
    message = {"role": "assistant", "content": "".join(WORDS)}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        **({"usage": USAGE} if tells_usage else {}),
    }


def _part(model: str, delta: dict[str, str], finish: str | None = None) -> dict[str, object]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": model,
        "choices": [choice],
    }
