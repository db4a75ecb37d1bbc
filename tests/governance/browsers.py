"""A signed-in browser for thousands of requests: the whole console, little of a test client."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpResponseBase
from django.test import Client
from django.test.client import ClientHandler

from tests.governance.actors import A, Actor
from tests.governance.world import World


class Browser(Client):
    """Sends requests through the middleware and the addresses, as Django's own client does.

    It does not copy the context of every template, and all share the middleware, which holds
    nothing of a request.
    """

    def request(self, **request: Any) -> Any:
        handler = _handler(self.handler.enforce_csrf_checks)
        response: HttpResponseBase = handler(self._base_environ(**request))  # type: ignore[attr-defined]
        self.cookies.update(response.cookies)
        return response


@cache
def _handler(enforce_csrf_checks: bool) -> ClientHandler:
    return ClientHandler(enforce_csrf_checks)


def browser(world: World, actor: Actor, **options: Any) -> Browser:
    """A signed-in browser, without anything that earlier tries left in its cookies."""
    client = Browser(**options)
    if actor != A.SIGNED_OUT:
        client.cookies["sessionid"] = world.cookies[actor]
    return client
