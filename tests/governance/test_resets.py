"""One table of what keeps an approval and what voids it, each done as a person would do it."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from policies.files.yaml_text import dump_component
from policies.governance.roles import Role
from policies.governance.transitions import State
from policies.models import ChangeRequest, Environment
from policies.services import audit
from policies.services.releases import scheduling
from policies.services.review import changes, threads
from policies.services.rules.environments import change_rules
from policies.services.teams import environments, members
from policies.services.teams.environments import EnvironmentRules
from tests.policies.review_steps import measure
from tests.policies.steps import (
    approved,
    documents,
    in_review,
    now,
    pass_evaluation,
    published,
    save_and_take_over,
    standing,
)

TIME = datetime.datetime(2100, 1, 1, 9, 0, tzinfo=datetime.UTC)
Do = Callable[[ChangeRequest, dict[str, User]], object]


@pytest.fixture
def people(author: User, owner: User, administrator: User, outsider: User) -> dict[str, User]:
    return {
        "author": author,
        "owner": owner,
        "administrator": administrator,
        "outsider": outsider,
    }


@pytest.fixture
def accepted(
    staging: Environment, people: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> ChangeRequest:
    """Approved for a set time."""
    monkeypatch.setattr(scheduling, "FARTHEST", datetime.timedelta(days=40_000))
    change = in_review(staging, people["author"])
    scheduling.schedule(change, TIME, acting_user=people["author"])
    return approved(change, people["owner"])


def saved(change: ChangeRequest, people: dict[str, User], **content: Any) -> object:
    return save_and_take_over(change, content, people["author"])


def turned(value: Any) -> Any:
    """The same with all members of every object in the opposite order."""
    if isinstance(value, dict):
        return {name: turned(inner) for name, inner in reversed(value.items())}
    return [turned(inner) for inner in value] if isinstance(value, list) else value


def by_yaml(change: ChangeRequest, people: dict[str, User], text: str) -> None:
    """Through the YAML tab, then taken over."""
    assert change.draft is not None
    row = change.draft.documents.get(kind="router_policy")
    client = Client()
    client.force_login(people["author"])
    where = [change.workflow.slug, change.draft.pk, "router_policy"]
    fields = {"_revision": row.revision, "text": text}
    assert client.post(reverse("draft-yaml", args=where), fields).status_code == 302
    changes.update_content(change, acting_user=people["author"])


def yaml_with_comments(change: ChangeRequest, people: dict[str, User]) -> None:
    text = dump_component("router_policy", documents()["router_policy"])
    by_yaml(change, people, f"# Agreed on Monday.\n\n{text}\n# The end.\n")


def yaml_as_json(change: ChangeRequest, people: dict[str, User]) -> None:
    by_yaml(change, people, json.dumps(turned(documents()["router_policy"]), indent=7))


def yaml_of_another_split(change: ChangeRequest, people: dict[str, User]) -> None:
    by_yaml(change, people, dump_component("router_policy", documents(share=50)["router_policy"]))


def defaults_written_out(change: ChangeRequest, people: dict[str, User]) -> object:
    classification = documents()["request_classification"]
    classification["provided"] = None
    classification["rules"][0]["description"] = ""
    return saved(change, people, request_classification=classification)


def numbers_written_otherwise(change: ChangeRequest, people: dict[str, User]) -> object:
    policy = documents()["router_policy"]
    policy["rules"][0]["route"]["candidates"][0]["weight"] = 90.0
    return saved(change, people, router_policy=policy)


def thread_opened_and_resolved(change: ChangeRequest, people: dict[str, User]) -> None:
    anchor = "/router_policy/rules/0"
    remark = changes.comment(change, "Why?", acting_user=people["owner"], anchor=anchor)
    threads.resolve(remark, acting_user=people["author"])


def rules_saved_again(change: ChangeRequest, people: dict[str, User]) -> None:
    environment = change.environment
    rules = EnvironmentRules.of(environment)
    change_rules(environment, rules, acting_user=people["administrator"])


def release_lifetime_changed(change: ChangeRequest, people: dict[str, User]) -> None:
    rules = replace(EnvironmentRules.of(change.environment), release_lifetime_days=20)
    change_rules(change.environment, rules, acting_user=people["administrator"])


def somebody_joined(change: ChangeRequest, people: dict[str, User]) -> None:
    team = change.workflow.team
    members.add_member(team, people["outsider"], Role.REVIEWER, acting_user=people["administrator"])


def rescheduled(moment: datetime.datetime | None) -> Do:
    return lambda c, p: scheduling.schedule(c, moment, acting_user=p["author"])


def edited(kind: str, content: dict[str, Any]) -> Do:
    return lambda c, p: saved(c, p, **{kind: content})


KEEPS: dict[str, Do] = {
    "the same documents": lambda c, p: saved(c, p, **documents()),
    "members in another order": lambda c, p: saved(c, p, **turned(documents())),
    "defaults written out": defaults_written_out,
    "numbers written otherwise": numbers_written_otherwise,
    "YAML with comments": yaml_with_comments,
    "YAML in another layout": yaml_as_json,
    "the same words": lambda c, p: changes.describe(c, c.title, c.why, acting_user=p["author"]),
    "a comment": lambda c, p: changes.comment(c, "Thank you.", acting_user=p["author"]),
    "a thread": thread_opened_and_resolved,
    "the same evidence": lambda c, p: pass_evaluation(c),
    "the same time": rescheduled(TIME),
    "the same minute": rescheduled(TIME + datetime.timedelta(seconds=40)),
    "the same time elsewhere": rescheduled(
        TIME.astimezone(datetime.timezone(datetime.timedelta(hours=5)))
    ),
    "the same base": lambda c, p: changes.rebase(c, acting_user=p["author"]),
    "the same rules": rules_saved_again,
    "how long releases live": release_lifetime_changed,
    "a new colleague": somebody_joined,
}


def other_classification() -> dict[str, Any]:
    found: dict[str, Any] = documents()["request_classification"]
    return {**found, "default_class": "complex"}


def other_fallbacks() -> dict[str, Any]:
    found: dict[str, Any] = documents()["fallback_matrix"]
    found["rows"][0]["then"] = ["swift-large"]
    return found


def other_environment(change: ChangeRequest, people: dict[str, User]) -> None:
    canary = environments.create_environment(
        change.workflow, "canary", acting_user=people["administrator"]
    )
    changes.describe(change, "Moved", "On.", acting_user=people["author"], environment=canary)


def other_base(change: ChangeRequest, people: dict[str, User]) -> None:
    author, owner = people["author"], people["owner"]
    published(change.environment, author, [owner], owner, documents(share=30))
    changes.rebase(now(change), acting_user=author)


VOIDS: dict[str, Do] = {
    "the classification": edited("request_classification", other_classification()),
    "the policy": edited("router_policy", documents(share=50)["router_policy"]),
    "the policy, as YAML": yaml_of_another_split,
    "the fallbacks": edited("fallback_matrix", other_fallbacks()),
    "the thresholds": edited("quality_thresholds", documents(margin=0.05)["quality_thresholds"]),
    "another environment": other_environment,
    "another base": other_base,
    "new evidence": lambda c, p: pass_evaluation(c, run="run-2"),
    "another title": lambda c, p: changes.describe(c, "Other", c.why, acting_user=p["author"]),
    "another reason": lambda c, p: changes.describe(c, c.title, "Words.", acting_user=p["author"]),
    "a warning acknowledged": lambda c, p: changes.acknowledge(c, ["a"], acting_user=p["author"]),
    "a measured impact": lambda c, p: measure(c, rerouted_share=0.4),
    "another time": rescheduled(TIME + datetime.timedelta(minutes=1)),
    "no time any more": rescheduled(None),
}


@pytest.mark.parametrize("what", KEEPS)
def test_without_change_of_meaning__the_approval_stays(
    accepted: ChangeRequest, people: dict[str, User], what: str
) -> None:
    KEEPS[what](accepted, people)
    assert now(accepted).state == State.APPROVED
    assert [review.reviewer for review in standing(accepted).approvals] == [people["owner"]]
    assert now(accepted).bundle == accepted.bundle


@pytest.mark.parametrize("what", VOIDS)
def test_change_of_meaning__voids_the_approval_and_says_so(
    accepted: ChangeRequest, people: dict[str, User], what: str
) -> None:
    VOIDS[what](accepted, people)
    assert now(accepted).state == State.IN_REVIEW
    assert standing(accepted).approvals == ()
    review = accepted.reviews.get()
    assert review.voided_at is not None and review.voided_at <= timezone.now()
    assert review.voided_because.endswith(".")
    assert list(audit.breaks()) == []
