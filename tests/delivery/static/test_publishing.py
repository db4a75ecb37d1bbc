"""Releases of the console as objects: by command, by themselves, and only verified ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from policies import tasks
from policies.client import PolicyClient
from policies.delivery import signing
from policies.delivery.static.objects import Kept, Objects, StoreError
from policies.models import Environment, Release
from policies.services.releases import static_delivery
from policies.services.releases.publication import roll_back
from policies.services.releases.sealing import renew_releases
from tests.policies.steps import documents, published, use_data_folder
from tests.services.object_store import BUCKET, ObjectStore, running_object_store

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with running_object_store(tmp_path_factory.mktemp("objects")) as started:
        yield started


@pytest.fixture
def data_folder(founded: object, settings: Settings, tmp_path: Path) -> Path:
    """A data folder of its own, with the key of what was published already, if anything was."""
    use_data_folder(settings, tmp_path / "data")
    settings.SIGNING_KEY_PEM = ""
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


def held(folder: Path, release: Release) -> bool:
    """Whether a reader of the folder has this release, by the keys that lie beside it."""
    place = folder / release.workflow.slug / release.environment.name
    body, signature = (place / "policy.json").read_bytes(), (place / "policy.jws").read_text()
    keys = json.loads((place / "jwks.json").read_bytes())
    assert json.loads((folder / "jwks.json").read_bytes()) == keys
    return signing.verify(body, signature, keys) and body == release.body.encode()


def test_command__to_a_folder__writes_what_a_reader_verifies(
    folder: Path, release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("publish_releases", to=folder.as_uri())
    assert held(folder, release)
    place = f"{release.workflow.slug}/{release.environment.name}"
    assert capsys.readouterr().out == f"{place} release {release.number}: written\n"
    call_command("publish_releases", to=folder.as_uri())
    assert capsys.readouterr().out == f"{place} release {release.number}: up to date\n"


def test_command__to_a_bucket__writes_objects_that_caches_understand(
    store: ObjectStore, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in store.variables.items():
        monkeypatch.setenv(name, value)
    call_command("publish_releases", to=f"s3://{BUCKET}/routing")
    place = f"routing/{release.workflow.slug}/{release.environment.name}"
    reader = store.reader()
    body = reader.get(f"{place}/policy.json")
    assert bytes(body.bytes()) == release.body.encode()
    assert body.attributes["Content-Type"] == "application/json"
    assert body.attributes["Cache-Control"] == "public, max-age=10, stale-if-error=86400"
    assert bytes(reader.get(f"{place}/policy.jws").bytes()) == release.signature.encode()
    kids = [
        key["kid"] for key in json.loads(bytes(reader.get("routing/jwks.json").bytes()))["keys"]
    ]
    assert kids == [key["kid"] for key in signing.published_keys()["keys"]]
    epoch = int(release.not_after.timestamp())
    kept = reader.get(f"{place}/releases/{release.number}-{epoch}.json")
    assert kept.attributes["Cache-Control"] == "public, max-age=31536000, immutable"


def test_command__wrong_credentials__fails_and_says_where(
    store: ObjectStore, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**store.variables, "AWS_SECRET_ACCESS_KEY": "another"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(CommandError, match=f"s3://{BUCKET}/jwks.json cannot be read") as error:
        call_command("publish_releases", to=f"s3://{BUCKET}", endpoint=store.endpoint)
    assert "another" not in str(error.value)


def test_command__an_empty_variable__is_refused_by_its_name(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")
    with pytest.raises(CommandError, match="AWS_ENDPOINT_URL must hold something"):
        call_command("publish_releases", to=f"s3://{BUCKET}")


def test_command__checking__fails_until_all_is_there(folder: Path, release: Release) -> None:
    with pytest.raises(CommandError, match="1 of 1"):
        call_command("publish_releases", to=folder.as_uri(), check=True)
    assert not any(folder.iterdir())
    call_command("publish_releases", to=folder.as_uri())
    call_command("publish_releases", to=folder.as_uri(), check=True)


@pytest.mark.parametrize("of", ["environment", "top"])
@pytest.mark.parametrize("content", [None, b'{"keys": []}'], ids=["missing", "empty"])
def test_command__checking_where_keys_are_not_those_published__fails_until_they_are_written(
    folder: Path,
    release: Release,
    capsys: pytest.CaptureFixture[str],
    of: str,
    content: bytes | None,
) -> None:
    call_command("publish_releases", to=folder.as_uri())
    place = f"{release.workflow.slug}/{release.environment.name}"
    keys = folder / "jwks.json" if of == "top" else folder / place / "jwks.json"
    keys.unlink()
    if content is not None:
        keys.write_bytes(content)
    capsys.readouterr()
    with pytest.raises(CommandError, match="1 of 1 are not as they should be"):
        call_command("publish_releases", to=folder.as_uri(), check=True)
    assert capsys.readouterr().out == f"{place} release {release.number}: behind\n"
    call_command("publish_releases", to=folder.as_uri())
    assert capsys.readouterr().out == f"{place} release {release.number}: written\n"
    assert held(folder, release)
    call_command("publish_releases", to=folder.as_uri(), check=True)


def test_command__without_an_address_or_a_release__says_so(folder: Path) -> None:
    with pytest.raises(CommandError, match="--to"):
        call_command("publish_releases")
    with pytest.raises(CommandError, match="No release is in force"):
        call_command("publish_releases", to=folder.as_uri(), only="nothing")


def test_release__that_does_not_verify__is_not_written(folder: Path, release: Release) -> None:
    Release.objects.filter(pk=release.pk).update(body=release.body.replace("swift", "other"))
    with pytest.raises(CommandError):
        call_command("publish_releases", to=folder.as_uri())
    assert not list(folder.rglob("policy.*"))


def test_one_environment_in_trouble__holds_up_no_other(
    folder: Path, release: Release, production: Environment, author: User,
    reviewer: User, owner: User,
) -> None:  # fmt: skip
    other = published(production, author, [reviewer, owner], owner)
    Release.objects.filter(pk=release.pk).update(signature="x..y")
    results = {r.place: r for r in static_delivery.publish_all(Objects.at(folder.as_uri()))}
    assert held(folder, other)
    assert not results[f"{release.workflow.slug}/{production.name}"].trouble
    assert "does not verify" in results[f"{release.workflow.slug}/staging"].trouble


class Counting(Objects):
    """Objects of a slow store, and how many are asked for at once."""

    asking = most = 0
    changed = threading.Condition()

    def get(self, path: str) -> Kept | None:
        with self.changed:
            self.asking += 1
            self.most = max(self.most, self.asking)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most > 1, timeout=0.05)
        try:
            return super().get(path)
        finally:
            with self.changed:
                self.asking -= 1


@pytest.mark.parametrize("at_once", [1, 2])
def test_environments__however_many__are_written_so_many_at_once(
    folder: Path, release: Release, production: Environment, author: User,
    reviewer: User, owner: User, at_once: int, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(static_delivery, "AT_ONCE", at_once)
    other = published(production, author, [reviewer, owner], owner)
    objects = Counting.at(folder.as_uri())
    static_delivery.publish_all(objects)
    assert objects.most == at_once
    assert held(folder, release) and held(folder, other)


def test_client__given_the_address_of_the_objects__decides_by_them(
    folder: Path, staging: Environment, author: User, owner: User, tmp_path: Path
) -> None:
    first = published(staging, author, [owner], owner)
    call_command("publish_releases", to=folder.as_uri())
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        place = f"{first.workflow.slug}/{staging.name}"
        address = f"http://127.0.0.1:{server.server_address[1]}/{place}/policy.json"
        client = PolicyClient(static_url=address, state_dir=tmp_path / "state", expect=place)
        assert client.poll_once() and client.health.release == 1, client.health
        published(staging, author, [owner], owner, documents(share=50))
        call_command("publish_releases", to=folder.as_uri())
        assert client.poll_once() and client.health.release == 2, client.health
        client.close()
        server.shutdown()


# --- By itself --------------------------------------------------------------------------
@pytest.fixture
def configured(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Static delivery is on, and what is queued is carried out at once."""
    settings.PUBLISH_TO = folder.as_uri()

    def at_once(name: str, arguments: tuple[int, ...] = (), **options: object) -> None:
        for task in (tasks.publish_objects, tasks.repair_objects):
            if name == task.name:
                task(*arguments)

    monkeypatch.setattr(current_app, "send_task", at_once)


def test_publication__where_it_is_configured__writes_by_itself(
    configured: None, folder: Path, staging: Environment, author: User, owner: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        first = published(staging, author, [owner], owner)
    assert held(folder, first)
    with django_capture_on_commit_callbacks(execute=True):
        second = published(staging, author, [owner], owner, documents(share=50))
    assert held(folder, second)
    with django_capture_on_commit_callbacks(execute=True):
        third = roll_back(first, "It was worse.", acting_user=owner)
    assert held(folder, third)
    with django_capture_on_commit_callbacks(execute=True):
        assert renew_releases(third.not_after) == 1
    assert held(folder, Release.objects.get(pk=third.pk))


def test_keys__whatever_becomes_of_them__are_written_beside_each_release_at_once(
    configured: None, folder: Path, release: Release, data_folder: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    tasks.repair_objects()
    place = folder / release.workflow.slug / release.environment.name
    for change in (
        ["prepare"], ["rotate"], ["retire", "1", "--reason", "Grown old."], ["rotate"],
        ["revoke", "2", "--reason", "Stolen."], ["start-over", "--reason", "All are lost."],
    ):  # fmt: skip
        before = (place / "jwks.json").read_bytes()
        if change[0] == "start-over":
            (data_folder / "signing-key.pem").unlink()
        with django_capture_on_commit_callbacks(execute=True):
            call_command("keys", *change)
        assert (place / "jwks.json").read_bytes() != before, change
        assert json.loads((place / "jwks.json").read_bytes()) == signing.published_keys(), change
        release.refresh_from_db()
        assert held(folder, release), change


def test_publication__where_it_is_not_configured__writes_nothing(
    folder: Path, staging: Environment, author: User, owner: User, settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    assert settings.PUBLISH_TO == ""
    sent: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, *rest, **more: sent.append(name))
    with django_capture_on_commit_callbacks(execute=True):
        release = published(staging, author, [owner], owner)
    assert tasks.publish_objects.name not in sent
    tasks.publish_objects(release.environment_id)
    tasks.repair_objects()
    assert not folder.exists()


def test_repair__after_a_lost_task_and_damage__makes_it_whole(
    configured: None, folder: Path, release: Release
) -> None:
    tasks.repair_objects()
    assert held(folder, release)
    place = folder / release.workflow.slug / release.environment.name
    (place / "policy.jws").write_text("header..nonsense")
    (place / "jwks.json").unlink()
    tasks.repair_objects()
    assert held(folder, release)


def test_task__store_away__is_tried_again(
    settings: Settings, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PUBLISH_TO = "file:///proc/nothing"
    tried: list[object] = []

    def retry(*arguments: object, exc: Exception, **options: object) -> Exception:
        tried.append(exc)
        return exc

    monkeypatch.setattr(tasks.publish_objects, "retry", retry)
    with pytest.raises(StoreError):
        tasks.publish_objects(release.environment_id)
    assert len(tried) == 1
