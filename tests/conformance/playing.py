"""Plays a case: tells the console what to answer, asks the client, and compares."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.clients import Answer, Client, ClientFailed
from tests.conformance.console import KEYS, Script

CASES = Path(__file__).parent / "cases"
TOKEN = "rcr_" + "t" * 43
DEADLINE_S = "12"
LATE_BY_S = 5.0  # what a busy machine may take besides
WAIT_S = 10.0
REST_S = 1.0
STEP_KEYS = frozenset(
    {"serve", "keys", "given", "do", "after_ms", "expect", "asked", "never", "at_most"}
)
Starter = Callable[[Mapping[str, str]], Client]


class Failed(Exception):
    """What the client did otherwise than the case says."""


class Skipped(Exception):
    """The client's language cannot do what the case is about."""


@dataclass(frozen=True)
class Case:
    """One file of `cases`."""

    name: str
    title: str
    options: Mapping[str, str]
    steps: tuple[Mapping[str, Any], ...]

    @property
    def needs_a_process(self) -> bool:
        """Whether it kills or forks the client."""
        return any(step.get("do") in ("kill", "fork") for step in self.steps)


def load_cases() -> list[Case]:
    """All cases by name; raises ValueError for a step that means nothing."""
    cases = []
    for file in sorted(CASES.glob("*.json")):
        raw = json.loads(file.read_bytes())
        case = Case(file.stem, raw["title"], raw.get("options", {}), tuple(raw["steps"]))
        for step in case.steps:
            if unknown := set(step) - STEP_KEYS:
                raise ValueError(f"{file.name}: a step has no {sorted(unknown)}")
        cases.append(case)
    return cases


def play(case: Case, script: Script, start: Starter, folder: Path) -> None:
    """Raises Failed, with the step, where the client does not hold to the case."""
    script.serve, script.keys = {}, "first"
    script.asked.clear()
    script.lasting.clear()
    player = _Player(script, start, _variables(case, script, folder), folder / "state")
    try:
        for number, step in enumerate(case.steps, start=1):
            try:
                player.take(step)
            except (Failed, ClientFailed) as error:
                raise Failed(f"step {number}: {error}") from None
    finally:
        player.client.kill()


def _variables(case: Case, script: Script, folder: Path) -> dict[str, str]:
    keys = folder / "keys.json"
    if name := case.options.get("keys", ""):
        _give(keys, name)
    return {
        "CONFORMANCE_URL": script.url,
        "CONFORMANCE_TOKEN": TOKEN,
        "CONFORMANCE_STATE": str(folder / "state"),
        "CONFORMANCE_KEYS": str(keys) if name else "",
        "CONFORMANCE_EXPECT": case.options.get("expect", ""),
        "CONFORMANCE_DEADLINE_S": case.options.get("deadline_s", DEADLINE_S),
    }


class _Player:
    def __init__(
        self, script: Script, start: Starter, variables: Mapping[str, str], state: Path
    ) -> None:
        self._script, self._start, self._variables, self._state = script, start, variables, state
        self._asked_before = 0
        self.client = start(variables)

    def take(self, step: Mapping[str, Any]) -> None:
        if "serve" in step:
            self._script.serve = step["serve"]
            self._asked_before = len(self._script.questions())
        self._script.keys = step.get("keys", self._script.keys)
        if "given" in step:
            _give(Path(self._variables["CONFORMANCE_KEYS"]), step["given"])
        if "do" in step:
            answer = self._do(step)
            if answer.get("unsupported"):
                raise _unsupported(step["do"])
            _compare(answer, step.get("expect", {}))
        self._check_questions(step)

    def _do(self, step: Mapping[str, Any]) -> Answer:
        acts: Mapping[str, Callable[[], Answer]] = {
            "restart": self._restart,
            "kill": lambda: self._kill(step.get("after_ms", [0])),
            "damage": lambda: self._restart(_cut_files),
            "block": lambda: self._restart(_block),
            "wait": lambda: self._wait(step["expect"]),
            "rest": self._rest,
        }
        do = step["do"]
        return acts[do]() if do in acts else self._ask(do)

    def _ask(self, do: str) -> Answer:
        started = time.monotonic()
        answer = self.client.ask({"do": do})
        took, allowed = time.monotonic() - started, float(self._variables["CONFORMANCE_DEADLINE_S"])
        if took > allowed + LATE_BY_S:
            raise Failed(f"took {took:.0f} s, though a poll may take {allowed:g} s")
        return answer

    def _restart(self, between: Callable[[Path], None] = lambda state: None) -> Answer:
        self.client.end()
        between(self._state)
        self.client = self._start(self._variables)
        return self.client.ask({"do": "state"})

    def _kill(self, moments: list[float]) -> Answer:
        """Kill it so many ms after the console has sent its answer, each time anew."""
        for moment in moments:
            self._script.answered.clear()
            self.client.send({"do": "poll"})
            if not self._script.answered.wait(WAIT_S):
                raise Failed("it did not ask the console")
            time.sleep(moment / 1000)
            self.client.kill()
            self.client = self._start(self._variables)
        return self.client.ask({"do": "state"})

    def _wait(self, expected: Mapping[str, Any]) -> Answer:
        deadline = time.monotonic() + WAIT_S
        while True:
            answer = self.client.ask({"do": "state"})
            if not _differences(answer, expected) or time.monotonic() > deadline:
                return answer
            time.sleep(0.05)

    def _rest(self) -> Answer:
        time.sleep(REST_S)
        return self.client.ask({"do": "state"})

    def _check_questions(self, step: Mapping[str, Any]) -> None:
        last = self._script.last_question()
        for name, wanted in step.get("asked", {}).items():
            found = last.headers.get(name) if last is not None else None
            allowed = wanted if isinstance(wanted, list) else [wanted]
            if found not in allowed:
                told = " or ".join(map(repr, allowed))
                raise Failed(f"asked with {name}: {found!r} instead of {told}")
        for path in step.get("never", ()):
            if any(asked.path == path for asked in self._script.asked):
                raise Failed(f"asked for {path}")
        asked = len(self._script.questions()) - self._asked_before
        if asked > step.get("at_most", asked):
            raise Failed(f"asked {asked} times instead of {step['at_most']} at most")
        leaked = [
            a.path for a in self._script.asked if "jwks" in a.path and TOKEN in str(a.headers)
        ]
        if leaked:
            raise Failed("sent its token along when it asked for the keys")


def _give(file: Path, name: str) -> None:
    file.write_text(json.dumps(KEYS[name]), encoding="utf-8")


def _unsupported(do: str) -> Failed | Skipped:
    """A language may lack a fork; who cannot be asked anything else holds to nothing."""
    if do == "fork":
        return Skipped()
    return Failed(f"answered {do!r} with unsupported, which only a fork may be")


def _compare(answer: Answer, expected: Mapping[str, Any]) -> None:
    if differences := _differences(answer, expected):
        raise Failed("; ".join(differences))


def _differences(answer: Answer, expected: Mapping[str, Any]) -> list[str]:
    found = []
    for name, wanted in expected.items():
        allowed = wanted if isinstance(wanted, list) else [wanted]
        if name not in answer or answer[name] not in allowed:
            told = " or ".join(json.dumps(value) for value in allowed)
            found.append(f"{name} is {json.dumps(answer.get(name))} instead of {told}")
    return found


def _cut_files(state: Path) -> None:
    for file in state.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            file.write_bytes(content[: len(content) // 2])


def _block(state: Path) -> None:
    """A file in the folder's place stops everybody from writing there, root too."""
    shutil.rmtree(state, ignore_errors=True)
    state.write_text("in the way", encoding="utf-8")
