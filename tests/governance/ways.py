"""The ways in: a plain form, the same over htmx, REST by token and by session, a command.

Each tries once, as one person, and says what came of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any
from urllib.parse import urlencode

from django.core.files import File
from django.core.management import CommandError, call_command
from django.urls import reverse

from policies.engine import DocumentError
from policies.governance.refusals import Refused
from tests.governance.actors import A, Actor
from tests.governance.browsers import Browser, browser
from tests.governance.world import World

URLENCODED = "application/x-www-form-urlencoded"
Told = Callable[[World], Any]
SIGN_IN = "/sign-in/"
WHO = "<who>"  # stands for the user name among a command's arguments


@dataclass(frozen=True)
class Answer:
    """What came of one try. `codes` is None where the way tells no codes."""

    status: int
    codes: frozenset[str] | None = None
    location: str = ""
    said: str = ""

    @property
    def is_sign_in(self) -> bool:
        return self.status == 401 or (self.status == 302 and SIGN_IN in self.location)

    @property
    def is_done(self) -> bool:
        return self.status < 400 and not self.is_sign_in


def nothing(world: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Form:
    """A page's form. Tried plainly and with htmx's header."""

    name: str
    data: Told = nothing
    where: Told = nothing

    @property
    def entries(self) -> frozenset[tuple[str, str]]:
        return frozenset({(self.name, "POST")})

    def tries(self) -> Mapping[str, Callable[[World, Actor], Answer]]:
        return {"form": self._plain, "htmx": self._htmx}

    def _plain(self, world: World, actor: Actor) -> Answer:
        return self._post(world, actor, {})

    def _htmx(self, world: World, actor: Actor) -> Answer:
        return self._post(world, actor, {"HX-Request": "true"})

    def _post(self, world: World, actor: Actor, headers: dict[str, str]) -> Answer:
        address = reverse(self.name, kwargs=self.where(world))
        data = self.data(world)
        client = browser(world, actor)
        if any(isinstance(value, File) for value in data.values()):
            response = client.post(address, data, headers=headers)
        else:
            encoded = urlencode(data, doseq=True)
            response = client.post(address, encoded, URLENCODED, headers=headers)
        said = ""
        if response.status_code >= 400:
            said = response.content.decode("utf-8", "replace")
        return Answer(response.status_code, None, response.headers.get("Location", ""), said)


@dataclass(frozen=True)
class Rest:
    """One REST operation. Tried with a personal token and with a browser's session."""

    method: str
    name: str
    body: Told = nothing
    where: Told = nothing
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    content_type: str = ""

    @property
    def entries(self) -> frozenset[tuple[str, str]]:
        return frozenset({(self.name, self.method)})

    def tries(self) -> Mapping[str, Callable[[World, Actor], Answer]]:
        return {"token": self._by_token, "session": self._by_session}

    def _by_token(self, world: World, actor: Actor) -> Answer:
        bearer = {"Authorization": f"Bearer {world.bearer[actor]}"} if actor in world.bearer else {}
        return self._call(browser(world, A.SIGNED_OUT), world, bearer)

    def _by_session(self, world: World, actor: Actor) -> Answer:
        return self._call(browser(world, actor), world, {})

    def _call(self, client: Browser, world: World, bearer: Mapping[str, str]) -> Answer:
        response = self.send(client, world, bearer)
        told = json.loads(response.content) if response.status_code >= 400 else {}
        codes = frozenset(reason["code"] for reason in told.get("reasons", []))
        return Answer(response.status_code, codes, said=str(told)[:600])

    def send(self, client: Browser, world: World, bearer: Mapping[str, str]) -> Any:
        """The response to it, in a session or by a bearer token."""
        address = reverse(self.name, kwargs=self.where(world)) + self.query
        body = self.body(world)
        if not self.content_type:
            body = json.dumps(body)
        kind = self.content_type or "application/json"
        headers = {**self.headers, **bearer}
        return client.generic(self.method, address, body, kind, headers=headers)


@dataclass(frozen=True)
class Command:
    """A management command that acts as somebody, by default named by `--as`."""

    name: str
    arguments: Told

    @property
    def entries(self) -> frozenset[tuple[str, str]]:
        return frozenset({(self.name, "command")})

    def tries(self) -> Mapping[str, Callable[[World, Actor], Answer]]:
        return {"command": self._run}

    def _run(self, world: World, actor: Actor) -> Answer:
        name = "nobody" if actor == A.SIGNED_OUT else world.people[actor].get_username()
        given = self.arguments(world)
        given = given if WHO in given else [*given, "--as", WHO]
        told = [name if word == WHO else word for word in given]
        try:
            call_command(self.name, *told, stdout=StringIO(), stderr=StringIO())
        except CommandError as error:
            return Answer(403, said=str(error))
        return Answer(200)


@dataclass(frozen=True)
class Service:
    """The service itself: what every way in ends at."""

    act: Callable[[World, Any], object]

    entries: frozenset[tuple[str, str]] = frozenset()

    def tries(self) -> Mapping[str, Callable[[World, Actor], Answer]]:
        return {"service": self._act}

    def _act(self, world: World, actor: Actor) -> Answer:
        try:
            self.act(world, world.user(actor))
        except Refused as refusal:
            status = 403 if refusal.is_forbidden else 409
            return Answer(status, frozenset(refusal.codes), said=str(refusal))
        except DocumentError as error:
            return Answer(422, frozenset(), said=str(error))
        return Answer(200)


Way = Form | Rest | Command | Service
