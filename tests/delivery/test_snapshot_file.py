"""The file from which a plane starts while everything else is down."""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
import time
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from policies.delivery import snapshot_file
from policies.delivery.answering import JWKS_PATH
from policies.delivery.answers import KnownToken
from policies.delivery.loader import Loader
from policies.delivery.snapshot_file import SnapshotFile
from policies.models import Release, RouterToken
from policies.services.people.tokens import issue_personal_token
from policies.services.routers.tokens import revoke_router_token
from tests.services.plane import PlaneInProcess

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(tmp_path: Path, release: Release, token: str) -> Path:
    """A file that a plane has just written."""
    path = tmp_path / "folder" / "delivery-snapshot"
    Loader(PlaneInProcess().plane, SnapshotFile(path)).check()
    return path


def started_from(path: Path) -> PlaneInProcess:
    """A plane that knows only this file."""
    started = PlaneInProcess()
    found = SnapshotFile(path).load()
    if found is not None:
        started.plane.adopt(*found)
    started.loader.check = lambda: False  # type: ignore[method-assign]
    return started


def test_start__from_the_file_alone__serves_release_and_keys_and_says_how_old_they_are(
    path: Path, token: str, release: Release
) -> None:
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    plane = started_from(path)
    reply = plane.fetch(token)
    assert (reply.status, reply.body) == (200, release.body.encode())
    assert reply.headers["routing-console-source"] == "memory"
    assert 3600 <= int(reply.headers["age"]) < 3700
    assert plane.fetch(token, if_none_match=release.etag).status == 304
    assert len(json.loads(plane.ask({}, path=JWKS_PATH).body)["keys"]) == 1


def test_start__from_the_file__knows_whose_tokens_are(
    path: Path, token: str, release: Release
) -> None:
    known = started_from(path).plane.memory.token_of_text(token)
    assert isinstance(known, KnownToken)
    assert (known.workflow, known.environment) == (release.workflow.slug, release.environment.name)


def test_start__from_the_file__refuses_whom_it_refused_before(
    path: Path, token: str, author: User, operator: User
) -> None:
    _, personal = issue_personal_token(author, "laptop", acting_user=author)
    revoke_router_token(RouterToken.objects.get(), acting_user=operator)
    Loader(PlaneInProcess().plane, SnapshotFile(path)).check()
    plane = started_from(path)
    assert [plane.fetch(each).status for each in (token, personal, "rcr_x")] == [401, 403, 401]


def test_file__is_its_owners_alone_and_holds_no_token(path: Path, token: str) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token not in path.read_text()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("place", [0, 40, 70, 400, -2])
def test_file__with_any_byte_changed__is_not_used(
    path: Path, token: str, place: int, caplog: pytest.LogCaptureFixture
) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert started_from(path).fetch(token).status == 503
    assert "was not written by this console" in caplog.text


def test_file__of_a_console_with_another_secret_key__is_not_used(
    path: Path, token: str, settings: Settings
) -> None:
    settings.SECRET_KEY = "another" * 10
    assert started_from(path).fetch(token).status == 503


def test_release_in_the_file__that_does_not_verify__is_not_handed_out(
    path: Path, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    data = path.read_bytes().partition(b"\n")[2].replace(b"swift-small", b"swift-smell")
    path.write_bytes(snapshot_file._seal(data).encode() + b"\n" + data)
    assert started_from(path).fetch(token).status == 404
    assert "does not verify" in caplog.text


def test_file__that_is_missing_or_cannot_be_read__is_done_without(
    path: Path, token: str, tmp_path: Path
) -> None:
    assert SnapshotFile(tmp_path / "missing").load() is None
    assert SnapshotFile(tmp_path).load() is None


def test_disk__that_takes_nothing__hinders_nobody(
    token: str, release: Release, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    plane = PlaneInProcess()
    Loader(plane.plane, SnapshotFile(in_the_way / "delivery-snapshot")).check()
    assert plane.fetch(token).status == 200
    assert plane.plane.figures()["failed_snapshots"] == 1
    assert "cannot be written" in caplog.text


def test_file__while_nothing_changes__is_confirmed_not_written(path: Path) -> None:
    loader = Loader(PlaneInProcess().plane, file := SnapshotFile(path))
    loader.check()
    written = path.read_bytes()
    os.utime(path, (1, 1))
    file._confirmed_at = float("-inf")
    loader.check()
    assert path.stat().st_mtime > 1
    assert path.read_bytes() == written


def test_file__that_misses_the_newest__is_not_confirmed(
    path: Path, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = SnapshotFile(path)
    loader = Loader(PlaneInProcess().plane, file)
    assert loader.check()
    os.utime(path, (1, 1))
    with monkeypatch.context() as full:
        full.setattr(tempfile, "mkstemp", _no_space)
        revoke_router_token(RouterToken.objects.get(), acting_user=operator)
        assert loader.check()
        file._confirmed_at = float("-inf")
        assert loader.check()
    assert path.stat().st_mtime == 1


def _no_space(**_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
