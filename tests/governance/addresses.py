"""Every address of the console, from its URL patterns, and one of each in the tests' world."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.http import Http404
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from policies.views.news.webhooks import ACTIONS as WEBHOOK_ACTS
from policies.views.review.changes import ACTIONS as CHANGE_ACTS
from tests.governance.world import World

WRITING = ("POST", "PUT", "PATCH", "DELETE")
ACTS = {"change-act": tuple(CHANGE_ACTS), "webhook-act": tuple(WEBHOOK_ACTS)}
PARAMETER = re.compile(r"(\w[\w-]*)/(?:<\w+:pk>)")


@dataclass(frozen=True)
class Address:
    """One URL pattern. `act` is the part of an address that names one of several acts."""

    name: str
    route: str
    pattern: URLPattern
    act: str = ""

    @property
    def entry(self) -> str:
        """How the matrix names it."""
        return f"{self.name}:{self.act}" if self.act else self.name

    @property
    def parameters(self) -> frozenset[str]:
        return frozenset(re.findall(r"<(?:\w+:)?(\w+)>", self.route))

    @property
    def methods(self) -> frozenset[str]:
        """The methods that it takes: of a class what it defines, of a function what it says."""
        view: Any = self.pattern.callback
        if hasattr(view, "actions"):  # a view set says what each method calls
            return frozenset(method.upper() for method in view.actions)
        cls = getattr(view, "view_class", None) or getattr(view, "cls", None)
        if cls is not None:
            allowed = {method.upper() for method in cls.http_method_names}
            methods = allowed & {"GET", *WRITING}
            return frozenset(method for method in methods if hasattr(cls, method.lower()))
        # No view of ours knows TRACE, so all it can do is to say what it does know.
        request = RequestFactory().generic("TRACE", "/")
        request.user = User(username="somebody")
        try:
            answer = view(request, **dict.fromkeys(self.parameters, "1"))
        except Http404:
            return frozenset({"GET", *WRITING})  # it looked for the row first
        if answer.status_code != 405:
            return frozenset({"GET", *WRITING})  # it does not look at the method
        return frozenset(method.strip() for method in answer.headers["Allow"].split(","))

    def of(self, world: World) -> str:
        """The address of something that is there."""
        return reverse(self.name, kwargs=self.where(world))

    def where(self, world: World) -> dict[str, Any]:
        found = {name: _of_name(self, name, world) for name in self.parameters}
        return {**found, "action": self.act} if self.act else found


def every_address() -> list[Address]:
    return [
        Address(name, route, pattern, act)
        for name, route, pattern in _walk(get_resolver(), "", "")
        for act in ACTS.get(name, ("",))
    ]


def _walk(
    resolver: URLResolver, route: str, namespace: str
) -> Iterator[tuple[str, str, URLPattern]]:
    for entry in resolver.url_patterns:
        here = route + str(entry.pattern).removeprefix("^").removesuffix("$")
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry, here, inner)
        else:
            readable = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"<int:\1>", here)
            yield f"{namespace}{entry.name}", readable, entry


def _of_name(address: Address, name: str, world: World) -> Any:
    if name == "pk":
        return _key(address, world)
    if name == "number":
        if "<slug:environment>" in address.route:
            return world.releases["staging"].number
        return 1 if "<slug:kind>" in address.route else world.changes["staging", "in_review"].number
    if name == "name" and address.name.endswith("validate"):
        return "price"
    return {
        "slug": "support" if "teams/" in address.route else world.workflow.slug,
        "kind": "router_policy",
        "router": "litellm",
        "revision": 1,
        "sequence": 1,
        "environment": "staging",
        "name": "staging",
        "metric": "mean_quality",
        "message_pk": world.message.pk,
        "action": address.act,
    }[name]


def _key(address: Address, world: World) -> int:
    """By what stands before it in the address; a new kind of thing is to be added here."""
    before = PARAMETER.findall(address.route)[0]
    change = world.changes["staging", "in_review"]
    things: dict[str, Any] = {
        "rule-changes": world.rule_change,
        "drafts": world.draft,
        "models": world.model,
        "import": world.price_import,
        "price-imports": world.price_import,
        "datasets": world.dataset,
        "evaluations": world.run,
        "evidence": world.failed,
        "inbox": world.notification,
        "notifications": world.notification,
        "members": world.membership,
        "webhooks": world.webhook,
        "freezes": world.freeze,
        "router-tokens": world.router_tokens["staging"],
        "tokens": world.personal_token,
        "comments": change.comments.earliest("pk"),
    }
    if address.name in ("router-token-rotate", "router-token-revoke"):
        return world.router_tokens["staging"].pk
    return int(things[before].pk)
