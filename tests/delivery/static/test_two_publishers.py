"""On real S3-compatible servers: of two publishers at once, whoever is late leaves the newer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count, cycle

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from policies.delivery import signing
from policies.delivery.static.objects import Kept, Kind, Objects
from policies.models import Environment, Release
from policies.services.releases import static_delivery
from policies.services.releases.publication import roll_back
from tests.policies.steps import documents, published
from tests.services.object_store import BUCKET, ObjectStore, running_object_store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module", params=["unconditional", "conditional"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ObjectStore]:
    folder = tmp_path_factory.mktemp("objects")
    with running_object_store(folder, conditional=request.param == "conditional") as started:
        yield started


@pytest.fixture
def address(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in store.variables.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}"


class Overtaken(Objects):
    """Objects of a publisher whom another one overtakes, before the nth step at the store."""

    steps_left = 0
    meanwhile: Callable[[], None] | None = None

    def overtaken_by(self, meanwhile: Callable[[], None], *, before: int) -> Overtaken:
        self.meanwhile, self.steps_left = meanwhile, before
        self.put_since: list[bytes] = []
        return self

    @property
    def was_overtaken(self) -> bool:
        return self.meanwhile is None

    def get(self, path: str) -> Kept | None:
        self._step()
        return super().get(path)

    def put(self, path: str, body: bytes, kind: Kind, *, instead_of: Kept | None) -> None:
        self._step()
        super().put(path, body, kind, instead_of=instead_of)
        if self.was_overtaken and "/policy." in path:
            self.put_since.append(body)

    def _step(self) -> None:
        self.steps_left -= 1
        meanwhile = self.meanwhile
        if self.steps_left < 0 and meanwhile is not None:
            self.meanwhile = None
            meanwhile()


def in_force(objects: Objects, release: Release) -> bool:
    """Whether a reader finds this release, whole, by the keys beside it."""
    place = f"{release.workflow.slug}/{release.environment.name}"
    body, signature, keys = (
        objects.get(f"{place}/{name}") for name in ("policy.json", "policy.jws", "jwks.json")
    )
    assert body is not None and signature is not None and keys is not None
    holds = signing.verify(body.body, signature.body.decode(), json.loads(keys.body))
    return holds and body.body == release.body.encode()


def test_publisher__overtaken_at_any_step__leaves_the_newer_release(
    store: ObjectStore, address: str, staging: Environment, author: User, owner: User
) -> None:
    shares = (10, 20)
    contents = cycle(
        [published(staging, author, [owner], owner, documents(share=n)) for n in shares]
    )

    def publish() -> Release:
        return roll_back(next(contents), "In turns.", acting_user=owner)

    def overtake() -> None:
        newer.append(publish())
        static_delivery.publish_environment(objects, staging.pk)
        connection.close()  # in a thread of the publisher's

    for step in count():
        older = publish()
        objects, newer = Objects.at(f"{address}/{step}"), list[Release]()
        late = Overtaken.at(objects.address).overtaken_by(overtake, before=step)
        static_delivery.publish_environment(late, staging.pk)
        if not late.was_overtaken:
            break
        assert in_force(objects, newer[0]), step
        if store.is_conditional:
            assert not {older.body.encode(), older.signature.encode()} & set(late.put_since), step
    assert step > 10


def test_repair__overtaken_by_a_rotation_at_any_step__leaves_the_keys_of_today(
    address: str, release: Release
) -> None:
    def overtake() -> None:
        call_command("keys", "rotate")
        static_delivery.publish_all(objects)
        connection.close()

    for step in count():
        call_command("keys", "prepare") if not step else None
        objects = Objects.at(f"{address}/keys-{step}")
        late = Overtaken.at(objects.address).overtaken_by(overtake, before=step)
        static_delivery.publish_all(late)
        if not late.was_overtaken:
            break
        release.refresh_from_db()
        assert in_force(objects, release), step
        for path in ("", f"{release.workflow.slug}/{release.environment.name}/"):
            there = objects.get(f"{path}jwks.json")
            assert there is not None
            assert json.loads(there.body) == signing.published_keys(), step
    assert step > 10
