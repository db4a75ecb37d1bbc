"""`verify-release`: judge a release in a file, without the console."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from ..errors import ClientError
from ..keyset import given_keys
from ..verifying import judge
from .options import printable, say

SUMMARY = "say whether a downloaded release holds, and who let it out on which evidence"
HOLDS, FAILS, WRONG_USE, UNTRUSTED = 0, 1, 2, 3


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="as “Download signed release” gives it")
    parser.add_argument(
        "--trusted-keys", type=Path, metavar="FILE", help="JWK Set of the console's keys"
    )


def run(options: argparse.Namespace) -> int:
    """Exit status 0: it holds under a trusted key; 1: it does not; 2: a file is not what it should
    be; 3: it holds, but no trusted keys were given."""
    try:
        trusted = None
        if options.trusted_keys is not None:
            trusted = given_keys(_content(options.trusted_keys), str(options.trusted_keys))
        judgement = judge(_content(options.file), trusted, time.time())
    except ClientError as error:
        say(str(error))
        return WRONG_USE
    _tell(judgement.sentences)
    if not judgement.holds:
        return FAILS
    return HOLDS if judgement.is_trusted else UNTRUSTED


def _tell(sentences: Iterable[str]) -> None:
    try:
        for sentence in sentences:
            print(printable(sentence))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough, as `head` has: that says nothing against the release. Python
        # would complain of it once more while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ClientError(f"{file} cannot be read: {error.strerror}") from None
