"""The subcommands of `python3 -m routing_console_client`, by name.

Each is a module with three names: `SUMMARY`, a line for the list of commands;
`add_options(parser)`; and `run(options)`, which gives the exit status.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Protocol

from . import decide, serve, verify_release


class Command(Protocol):
    """What a module of this package offers."""

    SUMMARY: str

    def add_options(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, options: argparse.Namespace) -> int: ...


COMMANDS: Mapping[str, Command] = {
    "decide": decide,
    "serve": serve,
    "verify-release": verify_release,
}
DEFAULT = "decide"
