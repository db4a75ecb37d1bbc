"""`python3 -m policies.client`: poll the console, answer JSON lines with decisions."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence

from .client import PolicyClient
from .errors import ClientError
from .lines import LineServer

FIRST_POLL_S = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0; 1 when there was no release to decide with; 2 for a wrong start."""
    options = _parser().parse_args(arguments)
    try:
        client = PolicyClient(
            options.url,
            options.token,
            options.state_dir,
            interval_s=options.interval,
            jwks_url=options.jwks,
            trusted_keys=options.trusted_keys,
            expect=options.expect,
            say=_say,
        )
    except ClientError as error:
        _say(str(error))
        return 2
    try:
        return _serve(client, options)
    except (KeyboardInterrupt, BrokenPipeError):
        # The reader has gone; Python would complain of it once more while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        client.close()


def _serve(client: PolicyClient, options: argparse.Namespace) -> int:
    if options.once:
        client.poll_once()
    else:
        client.start()
        client.wait_polled(FIRST_POLL_S)
    server = LineServer(client, reports=options.report)
    if not (options.once and sys.stdin.isatty()):
        for line in sys.stdin.buffer:
            if line.strip():
                _answer(server.answer(line))
    return 0 if client.release is not None else 1


def _answer(answer: dict[str, object]) -> None:
    """One line of UTF-8, whatever the locale says."""
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8") + b"\n")
    sys.stdout.buffer.flush()


def _say(sentence: str) -> None:
    # What a server wrote may hold control characters, which a terminal would obey.
    shown = "".join(character if character.isprintable() else "�" for character in sentence)
    print(shown, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m policies.client",
        description="Fetch the signed policy of a workflow's environment, keep the last good one "
        "on disk, and answer each JSON line on standard input with a decision.",
    )
    parser.add_argument("--url", required=True, help="the console, e.g. https://console.example")
    parser.add_argument(
        "--token",
        default=os.environ.get("ROUTING_CONSOLE_TOKEN"),
        required="ROUTING_CONSOLE_TOKEN" not in os.environ,
        help="router token; ROUTING_CONSOLE_TOKEN keeps it out of the process list",
    )
    parser.add_argument("--state-dir", required=True, help="where the last good release is kept")
    parser.add_argument(
        "--interval", type=_seconds, default=15.0, help="seconds between polls (default 15)"
    )
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--jwks", default="", help="address of the keys, if not the console's own")
    keys.add_argument("--trusted-keys", help="JWK Set file: trust these keys and no others")
    parser.add_argument("--expect", default="", metavar="WORKFLOW/ENVIRONMENT")
    parser.add_argument(
        "--report", action="store_true", help='send lines of the form {"outcome": {…}}'
    )
    parser.add_argument(
        "--once", action="store_true", help="poll once, answer what standard input holds, end"
    )
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.05 <= value <= 86_400:
        raise argparse.ArgumentTypeError("must be from 0.05 to 86400 seconds")
    return value


if __name__ == "__main__":
    sys.exit(main())
