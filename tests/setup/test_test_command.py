"""`manage.py test`: what it runs, its exit code, and how it says to repeat just what failed."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from routing_console import lints, test_command
from routing_console.project_root import BASE_DIR
from routing_console.test_command import COMMAND, Outcome, PytestRun, main

ONE_OF_TWO = """
import pytest

@pytest.mark.parametrize("word", ["a b", "c"])
def test_word(word):
    assert word == "c"
"""
OF_A_GROUP = """
import pytest

@pytest.mark.xdist_group("console")
@pytest.mark.parametrize("address", ["a@b", "c"])
def test_address(address):
    assert address == "c"
"""
MANY = """
import pytest

@pytest.mark.parametrize("number", range(13))
def test_number(number):
    assert number == -1
"""
ONE_WITH_A_SERVER = """
import pytest

@pytest.mark.server
def test_page():
    raise AssertionError("It was not to run.")
"""


def says(text: str, code: int = 0) -> tuple[str, ...]:
    """A command that stands in for a tool."""
    return (sys.executable, "-c", f"import sys; print({text!r}); sys.exit({code})")


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree of its own in place of this one, and tools that answer at once."""
    for name in lints.LINTS:
        monkeypatch.setitem(lints.LINTS, name, says(f"{name} looked"))
    monkeypatch.setattr(test_command, "BASE_DIR", tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(BASE_DIR))
    # Of all that pytest would load, what it takes to run in several processes.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return tmp_path


def repeated(said: str) -> list[str]:
    """The commands that a message names."""
    return [line.strip() for line in said.splitlines() if line.startswith(f"  {COMMAND}")]


def arguments_of(command: str) -> list[str]:
    return shlex.split(command.removeprefix(COMMAND), comments=True)


def test_help__says_every_way_in_a_few_lines(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capfd.readouterr().out
    assert len(said.splitlines()) <= 12
    for option in ("--quick", "--db postgres", "--lint", "PATH"):
        assert option in said


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["one", "two"])
def test_failed_test__is_named_with_the_command_that_repeats_just_that(
    tree: Path, capfd: pytest.CaptureFixture[str], processes: tuple[str, ...]
) -> None:
    file = tree / "test_words.py"
    file.write_text(ONE_OF_TWO)
    assert main([str(file), *processes]) == 1
    out, error = capfd.readouterr()
    assert "1 failed, 1 passed" in out.splitlines()[-1]
    assert error.strip().splitlines()[0] == "Failed: tests."
    (command,) = repeated(error)
    assert arguments_of(command) == ["test_words.py::test_word[a b]"]

    assert main(arguments_of(command)) == 1
    out, error = capfd.readouterr()
    assert "1 failed in" in out.splitlines()[-1]
    assert repeated(error) == [command]


def test_failed_test__of_a_group__is_named_without_the_group(
    tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tree / "test_addresses.py").write_text(OF_A_GROUP)
    assert main([str(tree), "--dist=loadgroup"]) == 1
    (command,) = repeated(capfd.readouterr().err)
    assert arguments_of(command) == ["test_addresses.py::test_address[a@b]"]


def test_test_file__that_cannot_be_read__is_named_itself(
    tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tree / "test_broken.py"
    file.write_text("import nothing_of_this_name")
    assert main([str(file)]) != 0
    (command,) = repeated(capfd.readouterr().err)
    assert arguments_of(command) == ["test_broken.py"]


def test_many_failed_tests__are_named_up_to_ten_then_all_at_once(
    tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tree / "test_numbers.py"
    file.write_text(MANY)
    assert main([str(file)]) == 1
    commands = repeated(capfd.readouterr().err)
    assert len(commands) == 11
    assert len(set(commands[:10])) == 10
    assert arguments_of(commands[10]) == ["--lf"]
    assert "3 more" in commands[10]


def test_failure_on_postgres__is_repeated_on_postgres() -> None:
    tests = PytestRun(("-n", "2", "--db", "postgres"), 1, ("tests/test_a.py::test_b[c d]",))
    assert tests.repeats() == ["--db postgres 'tests/test_a.py::test_b[c d]'"]


def test_failure_outside_any_test__is_repeated_whole() -> None:
    assert PytestRun(("--db", "postgres", "-m", "a and not b"), 3, ()).repeats() == [
        "--db postgres -m 'a and not b'"
    ]


def test_failed_lint__is_named_with_its_own_command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(lints.LINTS, "ruff check", says("line too long", 3))
    assert main(["--lint", "ruff check"]) == 3
    out, error = capfd.readouterr()
    assert out.startswith("line too long\nruff check: failed in")
    (command,) = repeated(error)
    assert arguments_of(command) == ["--lint", "ruff check"]


def test_quick__runs_the_lints_and_no_test_that_needs_a_server(
    tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tree / "test_words.py").write_text(ONE_OF_TWO.replace('== "c"', "in 'a b c'"))
    (tree / "test_pages.py").write_text(ONE_WITH_A_SERVER)
    assert main(["--quick", str(tree)]) == 0
    out = capfd.readouterr().out
    assert "2 passed" in out
    assert [name for name in lints.LINTS if f"{name} looked" in out] == [*lints.OF_THE_SOURCE]


def test_any_run__where_compiled_files_are_forbidden__has_them_kept(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    file = tree / "test_compiled.py"
    file.write_text("import sys\n\ndef test_it():\n    assert not sys.dont_write_bytecode\n")
    assert main([str(file)]) == 0


def test_quick__where_every_test_needs_a_server__says_so(
    tree: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tree / "test_pages.py"
    file.write_text(ONE_WITH_A_SERVER)
    assert main(["--quick", str(file)]) == 0
    assert f"{COMMAND} {file}" in capfd.readouterr().out


def test_everything__lints_and_runs_both_databases__the_whole_suite_last(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, ...]] = []

    def run_tests(*arguments: str) -> PytestRun:
        asked.append(arguments)
        return PytestRun(arguments, 1, ("tests/test_a.py::test_b",))

    monkeypatch.setattr(test_command, "run_tests", run_tests)
    monkeypatch.setitem(lints.LINTS, "mypy", says("wrong", 7))
    assert main([]) == 7
    assert ["postgres" in arguments for arguments in asked] == [True, False]
    assert not {"-m", "-k"} & set(asked[1])
    out, error = capfd.readouterr()
    assert all(f"\n{name}: " in f"\n{out}" for name in lints.LINTS)
    assert "Failed: mypy, tests on PostgreSQL, tests." in error
    assert [arguments_of(command) for command in repeated(error)] == [
        ["--lint", "mypy"],
        ["--db", "postgres", "tests/test_a.py::test_b"],
        ["tests/test_a.py::test_b"],
    ]


def test_outcome__with_nothing_wrong__says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome()
    outcome.linted({"mypy": 0})
    outcome.tested("tests", PytestRun((), 0, ()))
    outcome.tell()
    assert outcome.first_failure == 0
    assert capfd.readouterr() == ("", "")
