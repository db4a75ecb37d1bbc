"""The ways in: a plain form, the same over htmx, REST by token and by session, a command.

Each tries once, as one person, and says what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from policies.engine import DocumentError
from policies.refusals import Refused
from tests.governance.actors import A, Actor
from tests.governance.world import World

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
        client = browser(world, actor)
        address = reverse(self.name, kwargs=self.where(world))
        response = client.post(address, self.data(world), headers=headers)
        said = ""
        if response.status_code >= 400:
            said = response.content.decode("utf-8", "replace")[-4000:]
        return Answer(response.status_code, None, response.headers.get("Location", ""), said)


def browser(world: World, actor: Actor, **options: Any) -> Client:
    """A signed-in browser, without anything that earlier tries left in its cookies."""
    client = Client(**options)
    if actor != A.SIGNED_OUT:
        client.cookies["sessionid"] = world.cookies[actor]
    return client


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
        headers = dict(self.headers)
        if actor != A.SIGNED_OUT:
            headers["Authorization"] = f"Bearer {world.bearer[actor]}"
        return self._call(APIClient(headers=headers), world)

    def _by_session(self, world: World, actor: Actor) -> Answer:
        client = APIClient(headers=dict(self.headers))
        if actor != A.SIGNED_OUT:
            client.cookies["sessionid"] = world.cookies[actor]
        return self._call(client, world)

    def _call(self, client: APIClient, world: World) -> Answer:
        address = reverse(self.name, kwargs=self.where(world)) + self.query
        call = getattr(client, self.method.lower())
        kind = {"content_type": self.content_type} if self.content_type else {"format": "json"}
        response = call(address, self.body(world), **kind)
        told = response.json() if response.status_code >= 400 else {}
        codes = frozenset(reason["code"] for reason in told.get("reasons", []))
        return Answer(response.status_code, codes, said=str(told)[:600])


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
