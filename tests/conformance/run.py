"""`python3 -m tests.conformance.run -- COMMAND…`: holds a client to all cases. See README.md."""

from __future__ import annotations

import argparse
import enum
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.clients import ProcessClient
from tests.conformance.console import scripted_console
from tests.conformance.playing import Case, Failed, Skipped, load_cases, play


class Outcome(enum.Enum):
    """What came of a case; one that is skipped says nothing of the client."""

    HOLDS = enum.auto()
    FAILED = enum.auto()
    SKIPPED = enum.auto()


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 where a case fails, else 0."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.conformance.run",
        description="Play a console, and hold a router's client to the delivery protocol.",
    )
    parser.add_argument("--case", action="append", metavar="NAME", help="only this one; repeatable")
    parser.add_argument("command", nargs="+", help="how the client is started, after --")
    options = parser.parse_args(arguments)
    cases = [case for case in load_cases() if not options.case or case.name in options.case]
    if not cases:
        parser.error(f"there is no case {', '.join(options.case)}")
    found = [_play(case, options.command) for case in cases]
    skipped = found.count(Outcome.SKIPPED)
    told = f", {skipped} skipped" if skipped else ""
    print(f"{found.count(Outcome.HOLDS)} of {len(cases)} cases hold{told}")
    return 1 if Outcome.FAILED in found else 0


def _play(case: Case, command: Sequence[str]) -> Outcome:
    with scripted_console() as script, tempfile.TemporaryDirectory() as folder:
        try:
            play(case, script, lambda v: ProcessClient(command, v), Path(folder))
        except Failed as error:
            print(f"FAIL {case.name}: {case.title}\n     {error}", flush=True)
            return Outcome.FAILED
        except Skipped:
            print(f"skip {case.name}: the client cannot fork", flush=True)
            return Outcome.SKIPPED
    print(f"ok   {case.name}", flush=True)
    return Outcome.HOLDS


if __name__ == "__main__":
    sys.exit(main())
