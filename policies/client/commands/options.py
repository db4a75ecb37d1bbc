"""What every command that polls is told, and the client it makes of it."""

from __future__ import annotations

import argparse
import os
import sys

from ..client import PolicyClient
from ..errors import ClientError
from ..summaries import Summaries


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """The options that `client_of` reads."""
    parser.add_argument("--url", default="", help="the console, e.g. https://console.example")
    parser.add_argument(
        "--static",
        default="",
        metavar="URL",
        help="fetch releases from files at this address; outcomes and status go to --url, if given",
    )
    tokens = parser.add_mutually_exclusive_group()
    tokens.add_argument(
        "--token-file", help="file of the router's token, read anew for each request"
    )
    tokens.add_argument(
        "--token", help="the token itself; ROUTING_CONSOLE_TOKEN keeps it out of the process list"
    )
    parser.add_argument(
        "--state-dir",
        help="where the last good release and unsent outcomes are kept; without it in memory only",
    )
    parser.add_argument(
        "--interval",
        type=_seconds,
        default=15.0,
        help="seconds between polls where the console does not hold them (default 15)",
    )
    parser.add_argument("--ca-file", help="certificate authorities to trust for the console")
    parser.add_argument(
        "--instance-id",
        default="",
        metavar="ID",
        help="what the console's fleet page calls this router, the same at each start and no "
        "other's; without it one is kept in --state-dir",
    )
    parser.add_argument(
        "--labels",
        type=_labels,
        default={},
        metavar="NAME=TEXT,…",
        help="what the console's fleet page tells this router by, e.g. region=eu,zone=b",
    )
    parser.add_argument(
        "--sums",
        type=_sample,
        metavar="SHARE",
        help="report sums of each minute, and whole outcomes of this share of the requests only, "
        "e.g. 0.01",
    )
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--jwks", default="", help="address of the keys, if not the console's own")
    keys.add_argument(
        "--trusted-keys",
        help="JWK Set file: trust these keys and those that they endorse, no others",
    )
    parser.add_argument("--expect", default="", metavar="WORKFLOW/ENVIRONMENT")


def client_of(options: argparse.Namespace) -> PolicyClient:
    """The client, not started yet; raises ClientError."""
    token = options.token
    if options.token_file is None and token is None:
        token = os.environ.get("ROUTING_CONSOLE_TOKEN")
    return PolicyClient(
        options.url,
        token,
        options.state_dir,
        token_file=options.token_file,
        static_url=options.static,
        interval_s=options.interval,
        jwks_url=options.jwks,
        trusted_keys=options.trusted_keys,
        expect=options.expect,
        ca_file=options.ca_file,
        instance_id=options.instance_id,
        labels=options.labels,
        reports=options.sums,
        say=say,
    )


def say(sentence: str) -> None:
    """Tell the person or supervisor who started the command."""
    print(printable(sentence), file=sys.stderr, flush=True)


def printable(sentence: str) -> str:
    """A sentence for a terminal, which would obey control characters that others wrote into it.

    The console joins signs to amounts by a word joiner, which no terminal needs.
    """
    words = sentence.replace("\N{WORD JOINER}", "")
    return "".join(character if character.isprintable() else "�" for character in words)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.05 <= value <= 86_400:
        raise argparse.ArgumentTypeError("must be from 0.05 to 86400 seconds")
    return value


def _sample(text: str) -> Summaries:
    try:
        return Summaries(float(text))
    except (ValueError, ClientError):
        raise argparse.ArgumentTypeError("must be a share from 0 to 1") from None


def _labels(text: str) -> dict[str, str]:
    labels = {}
    for part in text.split(","):
        name, separator, value = part.partition("=")
        if not separator:
            raise argparse.ArgumentTypeError("must look like region=eu,zone=b")
        labels[name.strip()] = value.strip()
    return labels
