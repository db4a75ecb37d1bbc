"""Notes the ids of failed tests in a file, so that `manage.py test` can say how to repeat them.

A pytest plugin, named on the command line: it works for tests anywhere.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--note-failed", type=Path, metavar="FILE", help="note ids of failed tests")


def pytest_configure(config: pytest.Config) -> None:
    file = config.getoption("--note-failed")
    # With several processes, the first hears what every other one reports.
    if file is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Note(file))


class _Note:
    """Each id on a line of its own, once, as soon as it is known."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        name = _without_group(report.nodeid)
        if report.failed and name not in self._known:
            self._known.add(name)
            with self._file.open("a") as lines:
                lines.write(f"{name}\n")


def _without_group(nodeid: str) -> str:
    """The id without what `--dist=loadgroup` puts behind it: `@` and the name of a group."""
    name, at, group = nodeid.rpartition("@")
    return name if at and "]" not in group else nodeid
