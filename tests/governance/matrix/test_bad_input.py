"""No way in breaks on what nobody would type: each answers with something better than a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse

from tests.governance.actions import all_ways
from tests.governance.actors import A
from tests.governance.addresses import every_address
from tests.governance.browsers import browser
from tests.governance.digests import undone
from tests.governance.ways import Form, Rest
from tests.governance.world import World

pytestmark = pytest.mark.django_db
# Longer than `int` reads, than a database's integer, no text of PostgreSQL, before all time.
TEXTS = ("9" * 5000, "99999999999999999999", "\x00", "0001-01-01T00:00:00+14:00")
VALUES: tuple[Any, ...] = (None, [], {"a": [1]}, 10**20, "a\x00b", "0001-01-01T00:00:00+14:00")
BODIES = (b"", b"nul", b"\xff", b"[" * 50_000, b'{"a":' + b"9" * 5000 + b"}")
NAMES = ("page", "before", "from", "to", "draft", "change", "dataset", "release", "seed", "up_to")


def forms() -> list[Form]:
    return [way for way in all_ways() if isinstance(way, Form)]


def operations() -> list[Rest]:
    return [way for way in all_ways() if isinstance(way, Rest)]


@pytest.mark.parametrize("actor", [A.CONTRIBUTOR, A.OPERATOR])
def test_form__with_any_text_in_any_field__is_answered(world: World, actor: A) -> None:
    broken = []
    for form in forms():
        address = reverse(form.name, kwargs=form.where(world))
        given = form.data(world)
        for field in given:
            for text in TEXTS:
                with undone():
                    answer = browser(world, actor).post(address, {**form.data(world), field: text})
                if answer.status_code >= 500:
                    broken.append(f"{form.name}: {field} = {text[:20]!r}")
    assert broken == []


@pytest.mark.parametrize("actor", [A.CONTRIBUTOR, A.OPERATOR])
def test_operation__with_any_body__is_answered(world: World, actor: A) -> None:
    broken = []
    for way in operations():
        address = reverse(way.name, kwargs=way.where(world)) + way.query
        kind = way.content_type or "application/json"
        bearer = {"Authorization": f"Bearer {world.bearer[actor]}", **way.headers}
        for body in (*BODIES, *changed(way.body(world))):
            with undone():
                client = browser(world, A.SIGNED_OUT)
                answer = client.generic(way.method, address, body, kind, headers=bearer)
            if answer.status_code >= 500:
                broken.append(f"{way.method} {way.name}: {body[:80]!r}")
    assert broken == []


def changed(body: Any) -> Iterator[bytes]:
    """The body with another value in each of its members."""
    for name in body if isinstance(body, dict) else ():
        for value in VALUES:
            yield json.dumps({**body, name: value}).encode()


def test_page__with_any_text_in_its_address__is_answered(world: World) -> None:
    broken = []
    for address in every_address():
        if "GET" not in address.methods:
            continue
        bearer = {"Authorization": f"Bearer {world.bearer[A.CONTRIBUTOR]}"}
        for text in TEXTS:
            client = browser(world, A.CONTRIBUTOR)
            headers = bearer if address.name.startswith("api") else {}
            asked = dict.fromkeys(NAMES, text)
            with undone():
                answer = client.get(address.of(world), asked, headers=headers)
            if answer.status_code >= 500:
                broken.append(f"{address.name}: {text[:20]!r}")
    assert broken == []
