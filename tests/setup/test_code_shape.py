"""The shape the code keeps, so that everything stays readable at a glance."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from routing_console.project_root import BASE_DIR

LONGEST_FUNCTION, LONGEST_CLASS, LONGEST_FILE, MEDIAN_FUNCTION = 60, 200, 400, 11
PACKAGES = ("routing_console", "policies", "evaluations")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _files(*packages: str) -> list[Path]:
    found = (path for package in packages for path in (BASE_DIR / package).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def _lengths(*kinds: type[ast.stmt], packages: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    for path in _files(*packages):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kinds):
                place = f"{path.relative_to(BASE_DIR)}:{node.lineno}"
                yield place, (node.end_lineno or node.lineno) - node.lineno + 1


def test_functions__anywhere__are_no_longer_than_a_screen() -> None:
    lengths = _lengths(*FUNCTIONS, packages=(*PACKAGES, "tests"))
    assert [(place, n) for place, n in lengths if n > LONGEST_FUNCTION] == []


def test_functions__in_the_middle__are_short() -> None:
    assert median(n for _, n in _lengths(*FUNCTIONS, packages=PACKAGES)) <= MEDIAN_FUNCTION


def test_classes__anywhere__do_one_thing() -> None:
    lengths = _lengths(ast.ClassDef, packages=(*PACKAGES, "tests"))
    assert [(place, n) for place, n in lengths if n > LONGEST_CLASS] == []


def test_files__anywhere__hold_one_subject() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in _files(*PACKAGES, "tests")}
    assert [(str(path), n) for path, n in lengths.items() if n > LONGEST_FILE] == []


def test_modules__by_name__say_what_is_in_them() -> None:
    vague = {"utils.py", "helpers.py", "misc.py", "common.py"}
    assert [str(path) for path in _files(*PACKAGES, "tests") if path.name in vague] == []
