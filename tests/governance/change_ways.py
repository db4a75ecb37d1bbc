"""Every way in to each action on a change request."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from policies.models import ChangeRequest, Comment
from policies.services.releases import breaking_glass as glass
from policies.services.releases import publication, scheduling
from policies.services.review import changes, merging, reviews, threads
from tests.governance.ways import Form, Rest, Service, Told, Way
from tests.governance.world import World

REASON = "Looked at every case of it."
NOWHERE = "sha256:" + "0" * 64


def later() -> datetime.datetime:
    """A time for a publication that is not frozen."""
    return timezone.now() + datetime.timedelta(days=2)


def open_thread(change: ChangeRequest) -> Comment:
    return change.comments.filter(parent=None, resolved_at=None).exclude(anchor="").earliest("pk")


def resolved_thread(change: ChangeRequest) -> Comment:
    return change.comments.filter(resolved_at__isnull=False).earliest("pk")


def _scheduled(change: ChangeRequest, user: User) -> object:
    return scheduling.schedule(change, later(), acting_user=user)


SERVICES: dict[str, Callable[[ChangeRequest, User, str], object]] = {
    "update_content": lambda c, u, s: changes.update_content(c, acting_user=u),
    "describe": lambda c, u, s: changes.describe(c, "Other", "Words.", acting_user=u),
    "acknowledge": lambda c, u, s: changes.acknowledge(c, ["a"], acting_user=u),
    "rebase": lambda c, u, s: merging.rebase_as_it_is(c, acting_user=u),
    "merge": lambda c, u, s: merging.rebase_with_merge(c, {}, NOWHERE, acting_user=u),
    "submit": lambda c, u, s: changes.submit(c, acting_user=u),
    "withdraw": lambda c, u, s: changes.withdraw(c, acting_user=u),
    "schedule": lambda c, u, s: _scheduled(c, u),
    "comment": lambda c, u, s: changes.comment(c, "Hm.", acting_user=u),
    "resolve_thread": lambda c, u, s: threads.resolve(open_thread(c), acting_user=u),
    "reopen_thread": lambda c, u, s: threads.reopen(resolved_thread(c), acting_user=u),
    "approve": lambda c, u, s: reviews.approve(c, REASON, acting_user=u, seen=s),
    "request_changes": lambda c, u, s: reviews.request_changes(c, REASON, acting_user=u, seen=s),
    "reject": lambda c, u, s: reviews.reject(c, REASON, acting_user=u, seen=s),
    "take_back": lambda c, u, s: reviews.take_back(c, REASON, acting_user=u),
    "publish": lambda c, u, s: publication.publish(c, acting_user=u),
    "break_glass": lambda c, u, s: glass.break_glass(c, REASON, acting_user=u, through_freeze=True),
    "approve_afterwards": lambda c, u, s: glass.approve_afterwards(
        c, REASON, acting_user=u, seen=s
    ),
    "close_debt": lambda c, u, s: glass.close_debt(c, REASON, acting_user=u),
}
Fields = dict[str, Callable[[ChangeRequest], dict[str, Any]]]


def _reason(change: ChangeRequest) -> dict[str, Any]:
    return {"reason": REASON}


def _emergency(change: ChangeRequest) -> dict[str, Any]:
    return {"reason": REASON, "through_freeze": True}


def _none(change: ChangeRequest) -> dict[str, Any]:
    return {}


FORM_FIELDS: Fields = {
    "acknowledge": lambda c: {"warning": ["a"]},
    "merge": lambda c: {"against": NOWHERE},
    "break_glass": _emergency,
    "comment": lambda c: {"body": "Hm."},
    "schedule": lambda c: {"publish_at": later().strftime("%Y-%m-%dT%H:%M")},
    "resolve_thread": lambda c: {"thread": open_thread(c).pk},
    "reopen_thread": lambda c: {"thread": resolved_thread(c).pk},
}
REST_BODIES: Fields = {
    "acknowledge": lambda c: {"names": ["a"]},
    "merge": lambda c: {"against": NOWHERE},
    "break_glass": _emergency,
    "comment": lambda c: {"body": "Hm."},
    "schedule": lambda c: {"publish_at": later().isoformat()},
}
WITH_REASON = frozenset(
    {
        "approve",
        "request_changes",
        "reject",
        "take_back",
        "break_glass",
        "approve_afterwards",
        "close_debt",
    }
)
# Bound to what the person was shown; forms and REST call it differently.
JUDGEMENTS = frozenset({"approve", "request_changes", "reject", "approve_afterwards"})
REST_NAMES = {"comment": "comments"}  # where it is not the action's own name
IN_THREAD = {"resolve_thread": open_thread, "reopen_thread": resolved_thread}


@dataclass(frozen=True)
class Place:
    """One change request of the world, and what is said to do something to it."""

    environment: str
    state: str

    def where(self, action: str = "") -> Told:
        """Its address, with what an action's own adds to it."""

        def where(world: World) -> dict[str, Any]:
            change = world.changes[self.environment, self.state]
            there = {"pk": IN_THREAD[action](change).pk} if action in IN_THREAD else {}
            return {"slug": change.workflow.slug, "number": change.number, **there}

        return where

    def act(self, action: str) -> Told:
        there = self.where()
        return lambda world: {**there(world), "action": action.replace("_", "-")}

    def said(self, fields: Callable[[ChangeRequest], dict[str, Any]], shown: str = "") -> Told:
        """The fields, and as `shown` the digest of what the page showed."""

        def said(world: World) -> dict[str, Any]:
            there = (self.environment, self.state)
            seen = {shown: world.shown[there]} if shown else {}
            return {**fields(world.changes[there]), **seen}

        return said


def ways_of(action: str, environment: str, state: str) -> list[Way]:
    """All that lead to an action on one change request."""
    act, place = SERVICES[action], Place(environment, state)
    ways: list[Way] = [
        Service(
            lambda w, user: act(w.change(environment, state), user, w.shown[environment, state])
        )
    ]
    if action == "describe":
        return [*ways, *_describing(place)]
    fields = FORM_FIELDS.get(action, _reason if action in WITH_REASON else _none)
    body = REST_BODIES.get(action, _reason if action in WITH_REASON else _none)
    judges = action in JUDGEMENTS
    name = f"api:{REST_NAMES.get(action, action.replace('_', '-'))}"
    ways.append(Form("change-act", place.said(fields, "seen" if judges else ""), place.act(action)))
    sent = place.said(body, "subject_digest" if judges else "")
    ways.append(Rest("POST", name, sent, place.where(action)))
    return ways


def _describing(place: Place) -> list[Way]:
    def fields(change: ChangeRequest) -> dict[str, Any]:
        return {"title": "Other", "why": "Words.", "environment": change.environment_id}

    return [
        Form("change-describe", place.said(fields), place.where()),
        Rest("PATCH", "api:change", lambda w: {"title": "Other"}, place.where()),
    ]
