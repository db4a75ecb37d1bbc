"""However writers cross or die, a reader's pair becomes whole, and never an older one."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policies.delivery.answers import VerifiedRelease
from policies.delivery.static.objects import Kept, Kind, Objects, StoreError, in_memory
from policies.delivery.static.writing import (
    Mark,
    NewerThere,
    Publication,
    mark_of,
    write_keys,
    write_release,
)

FOLDER = "support-assistant/production"
END = datetime.datetime(2027, 3, 1, 12, 0, tzinfo=datetime.UTC)


def publication(number: int, *, renewed: int = 0, folder: str = FOLDER) -> Publication:
    workflow, _, environment = folder.partition("/")
    not_after = (END + datetime.timedelta(days=renewed)).isoformat()
    body = {
        "workflow": workflow,
        "environment": environment,
        "release": {"number": number, "not_after": not_after},
    }
    signature = f"header..{number}-{renewed}"
    return Publication(
        folder, VerifiedRelease.of(json.dumps(body).encode(), f'"{number}"', signature)
    )


def pair(objects: Objects) -> tuple[bytes, bytes]:
    body, signature = (objects.get(f"{FOLDER}/policy.{ending}") for ending in ("json", "jws"))
    assert body is not None and signature is not None
    return body.body, signature.body


def wanted(of: Publication) -> tuple[bytes, bytes]:
    return of.release.body, of.release.signature.encode()


def folder_objects(path: Path) -> Objects:
    return Objects.at(path.as_uri())


@pytest.fixture(params=["memory", "folder"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    return in_memory() if request.param == "memory" else folder_objects(tmp_path / "objects")


def test_release__first_and_again__is_written_once(objects: Objects) -> None:
    assert write_release(objects, publication(1)) is True
    assert pair(objects) == wanted(publication(1))
    assert write_release(objects, publication(1)) is False


def test_release__newer_or_renewed__replaces_the_one_before(objects: Objects) -> None:
    for of in (publication(1), publication(2), publication(2, renewed=30)):
        assert write_release(objects, of)
        assert pair(objects) == wanted(of)


@pytest.mark.parametrize("older", [publication(4), publication(5)])
def test_release__older_than_what_is_there__is_refused(
    objects: Objects, older: Publication
) -> None:
    newer = publication(5, renewed=30)
    write_release(objects, newer)
    with pytest.raises(NewerThere, match="holds release 5, which is newer than release"):
        write_release(objects, older)
    assert pair(objects) == wanted(newer)


def test_releases__of_before__stay_under_their_own_names(objects: Objects) -> None:
    for of in (publication(1), publication(2), publication(2, renewed=30)):
        write_release(objects, of)
        name = f"{FOLDER}/releases/{of.mark.number}-{of.mark.not_after}"
        for number in (1, 2):
            if of.mark.number == number:
                kept = objects.get(f"{name}.json")
                assert kept is not None and kept.body == of.release.body
    assert objects.get(f"{FOLDER}/releases/1-{publication(1).mark.not_after}.jws") is not None


FOREIGN = publication(9, folder="a/b").release.body


@pytest.mark.parametrize("there", [b"", b"{", b"[]", b'{"release": {"number": 99}}', FOREIGN])
def test_release__where_something_else_is__replaces_it(objects: Objects, there: bytes) -> None:
    objects.put(f"{FOLDER}/policy.json", there, Kind("a/b", "no-cache"), instead_of=None)
    assert write_release(objects, publication(1))
    assert pair(objects) == wanted(publication(1))


def test_signature__lost_or_of_another_release__is_completed(objects: Objects) -> None:
    write_release(objects, publication(1))
    there = objects.get(f"{FOLDER}/policy.jws")
    objects.put(f"{FOLDER}/policy.jws", b"other", Kind("a/b", "no-cache"), instead_of=there)
    assert write_release(objects, publication(1)) is True
    assert pair(objects) == wanted(publication(1))


def test_keys__again__are_written_when_they_changed(objects: Objects) -> None:
    assert write_keys(objects, "", b'{"keys": []}') is True
    assert write_keys(objects, "", b'{"keys": []}') is False
    assert write_keys(objects, FOLDER, b'{"keys": []}') is True
    assert write_keys(objects, "", b'{"keys": [1]}') is True


def test_mark__of_a_body__is_its_number_and_end() -> None:
    assert publication(7).mark == Mark(7, int(END.timestamp()))
    assert mark_of(publication(7).release.body, "other/production") is None


# --- Crossing writers -------------------------------------------------------------------
class Crash(Exception):
    """The writer's process ends here."""


class Turns:
    """Lets writers take their steps at the store in a given order, so that any can be tried."""

    def __init__(self, order: list[int], writers: int) -> None:
        self._order = list(order)
        self._running = set(range(writers))
        self._changed = threading.Condition()

    def take(self, writer: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._next() == writer, timeout=10)
            if self._order:
                self._order.pop(0)
            self._changed.notify_all()

    def end(self, writer: int) -> None:
        with self._changed:
            self._running.discard(writer)
            self._changed.notify_all()

    def _next(self) -> int:
        while self._order and self._order[0] not in self._running:
            self._order.pop(0)
        return self._order[0] if self._order else min(self._running)


class Stepwise(Objects):
    """The same objects, seen by one writer that takes turns and may die at a step."""

    def __init__(self, of: Objects, step: Callable[[], None], marks: list[Mark]) -> None:
        self._of, self._step, self._marks, self.address = of, step, marks, of.address

    def get(self, path: str) -> Kept | None:
        self._step()
        return self._of.get(path)

    def put(self, path: str, body: bytes, kind: Kind, *, instead_of: Kept | None) -> None:
        self._step()
        self._of.put(path, body, kind, instead_of=instead_of)
        if path.endswith("policy.json") and (mark := mark_of(body, FOLDER)):
            self._marks.append(mark)


@example([0, 0, 0, 1] * 8, {})
@given(
    st.lists(st.integers(0, 2), max_size=40),
    st.dictionaries(st.integers(0, 2), st.integers(1, 12), max_size=2),
)
def test_writers__crossing_and_dying_anywhere__leave_what_the_next_one_completes(
    order: list[int], deaths: Mapping[int, int]
) -> None:
    objects, marks = in_memory(), list[Mark]()
    write_release(objects, publication(1))
    releases = [publication(2), publication(3), publication(3, renewed=30)]
    turns = Turns(order, len(releases))

    def write(writer: int) -> None:
        steps = iter(range(deaths.get(writer, 1000)))

        def step() -> None:
            turns.take(writer)
            if next(steps, None) is None:
                raise Crash

        try:
            write_release(Stepwise(objects, step, marks), releases[writer])
        except (Crash, NewerThere):
            pass
        finally:
            turns.end(writer)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert marks == sorted(marks)
    if len(deaths) == 0:
        assert pair(objects) == wanted(releases[-1])
    write_release(objects, releases[-1])
    assert pair(objects) == wanted(releases[-1])


# --- Addresses and faults ---------------------------------------------------------------
@pytest.mark.parametrize(
    "address",
    ["", "/srv", "http://cdn", "s3://", "file://host/x", "file:x", "s3://b/p?x=1", "gs://b"],
)
def test_address__that_is_none__is_refused_with_what_would_be_one(address: str) -> None:
    with pytest.raises(StoreError, match=r"must"):
        Objects.at(address)


def test_folder__that_cannot_be_made__says_so() -> None:
    with pytest.raises(StoreError, match="/proc/nothing cannot be used"):
        Objects.at("file:///proc/nothing")


def test_folder__two_writers__take_turns(tmp_path: Path) -> None:
    first, second = folder_objects(tmp_path), folder_objects(tmp_path)
    entered = threading.Event()

    def enter() -> None:
        with second.alone():
            entered.set()

    with first.alone():
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.1)
    waiting.join(10)
    assert entered.is_set()
