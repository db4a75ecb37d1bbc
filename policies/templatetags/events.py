"""The audit trail in words."""

from django import template

from policies.event_words import event_words

register = template.Library()
register.filter("event_words", event_words)
