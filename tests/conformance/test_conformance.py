"""Our client holds to every case, a careless one does not, and the fixtures are what they say."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance import make_fixtures, run
from tests.conformance.clients import ProcessClient
from tests.conformance.console import FIXTURES, Script, scripted_console
from tests.conformance.lasting import sign
from tests.conformance.playing import Case, Failed, load_cases, play
from tests.conformance.python_client import PythonClient

CASES = load_cases()
COMMAND = [sys.executable, "-S", "-m", "tests.conformance.python_client"]
CARELESS = [sys.executable, "-S", "-m", "tests.conformance.careless_client"]


@pytest.fixture(scope="module")
def script() -> Iterator[Script]:
    with scripted_console() as started:
        yield started


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_our_client__in_each_case__holds(case: Case, script: Script, tmp_path: Path) -> None:
    if case.needs_a_process:
        play(case, script, lambda variables: ProcessClient(COMMAND, variables), tmp_path)
    else:
        play(case, script, PythonClient, tmp_path)


@pytest.mark.parametrize("name", ["bad_signature", "replay", "key_swapped", "other_environment"])
def test_careless_client__in_cases_of_attacks__fails(
    name: str, script: Script, tmp_path: Path
) -> None:
    case = next(case for case in CASES if case.name == name)
    with pytest.raises(Failed, match="release is"):
        play(case, script, lambda variables: ProcessClient(CARELESS, variables), tmp_path)


def test_runner__over_a_client_of_any_language__tells_which_cases_hold(
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = ["--case", "new_release", "--case", "bad_signature"]
    assert run.main([*chosen, "--", *COMMAND]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 of 2 cases hold"
    assert run.main(["--case", "bad_signature", "--", *CARELESS]) == 1
    told = capsys.readouterr().out
    assert "FAIL bad_signature: A body that was changed on its way is refused" in told
    assert "step 2: release is 2 instead of 1" in told


CANNOT = """
import json, sys
for line in sys.stdin:
    does = json.loads(line)["do"] != "fork" and sys.argv[1] == "all but forks"
    answer = {"release": 1, "stale": False, "error": None} if does else {"unsupported": True}
    print(json.dumps(answer), flush=True)
"""


def test_runner__over_a_client_that_can_do_nothing__fails_all_cases(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = [sys.executable, "-S", "-c", CANNOT, "nothing"]
    assert run.main(["--", *command]) == 1
    told = capsys.readouterr().out
    assert told.splitlines()[-1] == f"0 of {len(CASES)} cases hold"
    assert "step 1: answered 'poll' with unsupported, which only a fork may be" in told


def test_runner__over_a_client_that_cannot_fork__counts_that_case_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = [sys.executable, "-S", "-c", CANNOT, "all but forks"]
    assert run.main(["--case", "fork", "--", *command]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "skip fork: the client cannot fork",
        "0 of 1 cases hold, 1 skipped",
    ]


@pytest.mark.parametrize(
    "program",
    ["import sys; sys.exit()", "print('hello')", "print([])"],
    ids=["ends", "text", "list"],
)
def test_runner__over_what_is_no_client__says_so_and_does_not_hang(
    program: str, script: Script, tmp_path: Path
) -> None:
    command = [sys.executable, "-S", "-c", program]
    with pytest.raises(Failed, match="step 1"):
        play(CASES[0], script, lambda variables: ProcessClient(command, variables), tmp_path)


def test_fixtures__written_anew__are_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_fixtures, "FIXTURES", tmp_path)
    make_fixtures.main()
    for name in ("releases.json", "keys.json"):
        assert (tmp_path / name).read_bytes() == (FIXTURES / name).read_bytes()


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200))
@settings(max_examples=20, deadline=None)
def test_signing__with_any_seed__signs_as_an_independent_library(
    seed: bytes, message: bytes
) -> None:
    assert sign(seed, message) == Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def test_cases__each__names_fixtures_that_are_there() -> None:
    releases = json.loads((FIXTURES / "releases.json").read_bytes())
    keys = json.loads((FIXTURES / "keys.json").read_bytes())
    for case in CASES:
        for step in case.steps:
            assert step.get("serve", {}).get("release", "one") in releases, case.name
            assert step.get("keys", "first") in keys, case.name
