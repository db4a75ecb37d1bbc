"""The audit trail and the checks in words."""

from django import template

from policies.models import AuditEvent
from policies.models.changes import CheckKind
from policies.wording.events import action_words, words_before_number

register = template.Library()


@register.filter
def check_label(kind: str) -> str:
    """A check as people call it."""
    return str(CheckKind(kind).label) if kind in CheckKind.values else kind


@register.filter
def event_words(event: AuditEvent) -> str:
    """What happened, as the end of a sentence that starts with who did it."""
    return action_words(event.action)


@register.filter
def event_words_in_list(event: AuditEvent) -> str:
    """The same, as the number of what it happened to follows in a list, where there is one."""
    words = words_before_number if event.detail.get("number") else action_words
    return words(event.action)
