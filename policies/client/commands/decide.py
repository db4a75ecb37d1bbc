"""`decide`: poll the console, answer JSON lines on standard input with decisions."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from types import FrameType

from ..client import PolicyClient
from ..errors import ClientError
from ..lines import LineServer, lines_of
from .options import add_client_options, client_of, say

SUMMARY = "answer each JSON line on standard input with a decision (the default)"
FIRST_POLL_S = 5.0


def add_options(parser: argparse.ArgumentParser) -> None:
    add_client_options(parser)
    parser.add_argument(
        "--report", action="store_true", help='send lines of the form {"outcome": {…}}'
    )
    parser.add_argument(
        "--once", action="store_true", help="poll once, answer what standard input holds, end"
    )


def run(options: argparse.Namespace) -> int:
    """Exit status 0; 1 when there was no release that may be used; 2 for a wrong start."""
    try:
        client = client_of(options)
    except ClientError as error:
        say(str(error))
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _serve(client, options)
    except (KeyboardInterrupt, BrokenPipeError):
        # The reader has gone; Python would complain of it once more while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        client.close()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """A supervisor's wish to end is answered like a person's: outcomes are sent first."""
    raise KeyboardInterrupt


def _serve(client: PolicyClient, options: argparse.Namespace) -> int:
    if options.once:
        client.poll_once()
    else:
        client.start()
        client.wait_polled(FIRST_POLL_S)
    server = LineServer(client, reports=options.report)
    if not (options.once and sys.stdin.isatty()):
        for line in lines_of(sys.stdin.buffer):
            if line.strip():
                _answer(server.answer(line))
    return 0 if client.health.ready else 1


def _answer(answer: dict[str, object]) -> None:
    """One line of UTF-8, whatever the locale says."""
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8") + b"\n")
    sys.stdout.buffer.flush()
