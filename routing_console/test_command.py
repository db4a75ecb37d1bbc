"""`manage.py test`: lints and tests, all of them or some. Standard library only."""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from routing_console.lints import LINTS, OF_THE_SOURCE, Beside, lint
from routing_console.project_root import BASE_DIR

COMMAND = "python3 manage.py test"
HELP = f"""usage: {COMMAND} [--quick] [--db postgres] [PATH … | pytest's options]

  {COMMAND}                 everything: lints, tests on PostgreSQL, tests on SQLite
  {COMMAND} --quick         lints, types and every test that needs no server (about a minute)
  {COMMAND} --quick PATH …  the same lints, and of the tests only those in these places
  {COMMAND} PATH …          the tests in these places, with all that they need, on SQLite
  {COMMAND} --db postgres PATH …  the same on a real PostgreSQL
  {COMMAND} --lint NAME     one lint: {", ".join(LINTS)}

Without --quick and --lint, all that is given goes to pytest: -k WORDS, -x, --lf, -n 2, …
A server is a database, a broker, a worker, a console or a browser; tests start their own.
"""
BOTH_CORES = ("-n", "2")
# What a database could answer otherwise: tests/services/repeated_on_postgres.py says which.
ON_POSTGRES = ("--db", "postgres", "-m", "postgres and not browser")
WITHOUT_SERVERS = ("-m", "not server")
NOTHING_FOUND = 5  # pytest's exit code where no test was chosen
MOST_NAMED = 10
PLUGIN = ("-p", "tests.services.failed_tests")


@dataclass
class Outcome:
    """Exit codes by what was run, and for what failed the arguments that repeat just that."""

    codes: dict[str, int] = field(default_factory=dict)
    repeats: list[str] = field(default_factory=list)

    def linted(self, codes: dict[str, int]) -> None:
        self.codes |= codes
        self.repeats += [f"--lint {shlex.quote(name)}" for name, code in codes.items() if code]

    def tested(self, name: str, tests: "PytestRun") -> None:
        self.codes[name] = tests.code
        if tests.code:
            self.repeats += tests.repeats()

    @property
    def first_failure(self) -> int:
        return next((code for code in self.codes.values() if code), 0)

    def tell(self) -> None:
        """Name what failed and how to repeat it, on standard error, below pytest's last line."""
        failed = [name for name, code in self.codes.items() if code]
        if failed:
            lines = [f"Failed: {', '.join(failed)}.", "To repeat just that:"]
            lines += [f"  {COMMAND} {repeat}" for repeat in self.repeats]
            print("", *lines, sep="\n", file=sys.stderr)


@dataclass(frozen=True)
class PytestRun:
    """One run of pytest: what it was given, its exit code and the ids of what failed."""

    arguments: tuple[str, ...]
    code: int
    failed: tuple[str, ...]

    def repeats(self) -> list[str]:
        """Arguments that repeat each failed test; all of them at once where there are many."""
        database = "--db postgres " if is_on_postgres(self.arguments) else ""
        if not self.failed:  # it broke outside any test
            return [shlex.join(self.arguments)]
        named = [f"{database}{shlex.quote(test)}" for test in self.failed[:MOST_NAMED]]
        more = len(self.failed) - len(named)
        return [*named, *([f"{database}--lf   # {more} more"] if more else [])]


def main(arguments: list[str]) -> int:
    """Lint and test as asked; the exit code is that of the first thing that failed."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--lint", choices=LINTS)
    asked, given = parser.parse_known_args(arguments)
    if asked.help:
        print(HELP, end="")
        return 0
    # Containers often forbid compiled files; without them each of many processes compiles anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    outcome = Outcome()
    if asked.lint:
        linted = lint(asked.lint)
        linted.tell()
        outcome.linted({linted.name: linted.code})
    elif asked.quick:
        quick(given, outcome)
    elif given:
        outcome.tested("tests", run_tests(*cores_for(given), *given))
    else:
        everything(outcome)
    outcome.tell()
    return outcome.first_failure


def everything(outcome: Outcome) -> None:
    """Lints, beside them what the database decides on PostgreSQL, then all tests on SQLite."""
    with Beside(*LINTS) as lints:
        on_postgres = run_tests(*BOTH_CORES, *ON_POSTGRES)
        outcome.linted(lints.tell())
    outcome.tested("tests on PostgreSQL", on_postgres)
    # Last, so that the closing line is that of the whole suite.
    outcome.tested("tests", run_tests(*BOTH_CORES))


def quick(given: list[str], outcome: Outcome) -> None:
    """What needs nothing but this tree and an interpreter; of the tests those in some places."""
    with Beside(*OF_THE_SOURCE) as lints:
        tests = run_tests(*cores_for(given), *WITHOUT_SERVERS, *given)
        outcome.linted(lints.tell())
    if given and tests.code == NOTHING_FOUND:
        print(f"No test there runs without a server: {COMMAND} {shlex.join(given)}")
    else:
        outcome.tested("tests without servers", tests)


def cores_for(given: list[str]) -> tuple[str, ...]:
    """Both for many tests; for single files a second process would start for longer than it ran."""
    files = [word for word in given if ".py" in word]
    return () if files else BOTH_CORES


def run_tests(*arguments: str) -> PytestRun:
    """Run pytest; what it prints is seen as it goes."""
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "failed"
        command = [sys.executable, "-m", "pytest", *PLUGIN, f"--note-failed={note}"]
        if is_on_postgres(arguments):  # what failed there is remembered apart, for --lf
            command += ["-o", "cache_dir=.pytest_cache/postgres"]
        done = subprocess.run([*command, *arguments], cwd=BASE_DIR)
        failed = tuple(note.read_text().splitlines()) if note.exists() else ()
    return PytestRun(arguments, done.returncode, failed)


def is_on_postgres(arguments: Sequence[str]) -> bool:
    return ("--db", "postgres") in pairwise(arguments) or "--db=postgres" in arguments
