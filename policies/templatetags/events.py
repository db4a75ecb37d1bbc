"""The audit trail and the checks in words."""

from django import template

from policies.event_words import event_words
from policies.models.changes import CheckKind

register = template.Library()


@register.filter
def check_label(kind: str) -> str:
    """A check as people call it."""
    return str(CheckKind(kind).label) if kind in CheckKind.values else kind


register.filter("event_words", event_words)
