"""The audit trail and the checks in words."""

from django import template

from policies.models import AuditEvent
from policies.models.changes import CheckKind
from policies.wording.events import action_words

register = template.Library()


@register.filter
def check_label(kind: str) -> str:
    """A check as people call it."""
    return str(CheckKind(kind).label) if kind in CheckKind.values else kind


@register.filter
def event_words(event: AuditEvent) -> str:
    """What happened, as the end of a sentence that starts with who did it."""
    return action_words(event.action)
