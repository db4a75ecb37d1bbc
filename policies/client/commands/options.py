"""What every command that polls is told, and the client it makes of it."""

from __future__ import annotations

import argparse
import os
import sys

from ..client import PolicyClient


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """The options that `client_of` reads."""
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


def client_of(options: argparse.Namespace) -> PolicyClient:
    """The client, not started yet; raises ClientError."""
    return PolicyClient(
        options.url,
        options.token,
        options.state_dir,
        interval_s=options.interval,
        jwks_url=options.jwks,
        trusted_keys=options.trusted_keys,
        expect=options.expect,
        say=say,
    )


def say(sentence: str) -> None:
    """Tell the person or supervisor who started the command."""
    # What a server wrote may hold control characters, which a terminal would obey.
    shown = "".join(character if character.isprintable() else "�" for character in sentence)
    print(shown, file=sys.stderr, flush=True)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.05 <= value <= 86_400:
        raise argparse.ArgumentTypeError("must be from 0.05 to 86400 seconds")
    return value
