"""What a piece of news is about: its name in a sentence, its page, its facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from policies.models import (
    AuditEvent,
    ChangeRequest,
    Environment,
    Release,
    RuleChange,
    Webhook,
)


@dataclass(frozen=True)
class Subject:
    """What happened to what: its name in a sentence, its page, its facts, its change requests."""

    name: str
    path: str
    facts: dict[str, Any]
    changes: tuple[ChangeRequest, ...] = ()


def subject_of(event: AuditEvent) -> Subject | None:
    """None for a thing that is gone by now."""
    match event.object_type:
        case "changerequest":
            rows = ChangeRequest.objects.with_related().select_related("workflow")
            change = rows.filter(pk=event.object_id).first()
            return _of_change(change) if change else None
        case "release":
            releases = Release.objects.select_related("workflow", "environment", "bundle")
            release = releases.filter(pk=event.object_id).first()
            return _of_release(release) if release else None
        case "rulechange":
            rule = RuleChange.objects.select_related("environment").filter(pk=event.object_id)
            return _of_rule_change(found) if (found := rule.first()) else None
        case "environment" if event.action.startswith("fleet."):
            environments = Environment.objects.select_related("workflow").filter(pk=event.object_id)
            environment = environments.first()
            return _of_fleet(event, environment) if environment else None
        case "webhook":
            webhook = Webhook.objects.filter(pk=event.object_id).first()
            return _of_webhook(webhook) if webhook else None
    return None


def _of_change(change: ChangeRequest) -> Subject:
    facts = {
        "type": "change_request",
        "number": change.number,
        "title": change.title,
        "state": str(change.state),
        "environment": change.environment.name,
        "digest": change.bundle.digest,
        "repairs": change.repairs.number if change.repairs else None,
    }
    return Subject(
        f"#{change.number} “{change.title}”", change.get_absolute_url(), facts, (change,)
    )


def _of_release(release: Release) -> Subject:
    change = release.change
    facts = {
        "type": "release",
        "number": release.number,
        "kind": str(release.kind),
        "environment": release.environment.name,
        "digest": release.bundle.digest,
        "change_request": change.number if change else None,
        "repairs": release.repairs.number if release.repairs else None,
    }
    name = f"release {release.number} to {release.environment.name}"
    if release.restores is not None:
        name += f", the content of release {release.restores.number}"
    elif change is not None:
        name += f" (#{change.number} “{change.title}”)"
    if release.repairs is not None:
        name += f", which repairs release {release.repairs.number}"
    return Subject(name, release.get_absolute_url(), facts, _changes_behind(release))


def _changes_behind(release: Release) -> tuple[ChangeRequest, ...]:
    found = [release.change]
    if release.restores is not None:
        # Those whose release was taken back are concerned as much as those whose came back.
        before = Release.objects.filter(environment=release.environment, number=release.number - 1)
        found += [replaced.change for replaced in before.select_related("change")]
    return tuple({change.pk: change for change in found if change is not None}.values())


def _of_rule_change(change: RuleChange) -> Subject:
    facts = {
        "type": "rule_change",
        "kind": str(change.kind),
        "subject": change.subject,
        "state": str(change.state),
        "weakens": change.weakens,
        "environment": change.environment.name if change.environment else None,
    }
    return Subject(f"the {change.subject}", change.get_absolute_url(), facts)


def _of_fleet(event: AuditEvent, environment: Environment) -> Subject:
    """Of the running routers of an environment; the facts are those of the time."""
    facts = {"type": "fleet", "environment": environment.name}
    facts |= {
        name: event.detail[name]
        for name in ("release", "behind", "routers", "since")
        if name in event.detail
    }
    path = f"{reverse('fleet', args=[environment.workflow.slug])}?env={environment.name}"
    return Subject(f"{environment.workflow.name} in {environment.name}", path, facts)


def _of_webhook(webhook: Webhook) -> Subject:
    facts = {"type": "webhook", "name": webhook.name}
    return Subject(f"the webhook {webhook.name}", webhook.get_absolute_url(), facts)
