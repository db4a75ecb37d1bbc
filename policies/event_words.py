"""Audit actions as a person would say them."""

from policies.models import AuditEvent

WORDS = {
    "change.opened": "opened the change request",
    "change.content": "changed its content",
    "change.described": "edited its description",
    "change.rebased": "compared it with the active release",
    "change.acknowledged": "acknowledged warnings",
    "change.submit": "submitted it for review",
    "change.withdraw": "withdrew it",
    "change.commented": "commented",
    "change.reviews_voided": "voided earlier reviews",
    "review.approve": "approved",
    "review.request_changes": "asked for changes",
    "review.reject": "rejected it",
    "release.publication": "published",
    "release.rollback": "rolled back",
    "release.renewed": "renewed the signature",
}


def event_words(event: AuditEvent) -> str:
    """What happened, as the end of a sentence that starts with who did it."""
    return WORDS.get(event.action, event.action.replace(".", " ").replace("_", " "))
