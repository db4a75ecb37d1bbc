"""Audit actions as a person would say them."""

from policies.models import AuditEvent

WORDS = {
    "draft.created": "started a draft",
    "draft.saved": "edited a draft",
    "draft.discarded": "closed a draft",
    "version.cut": "cut a version",
    "dataset.imported": "imported a dataset",
    "evaluation.started": "started a shadow evaluation",
    "evaluation.finished": "finished a shadow evaluation",
    "evaluation.cancelled": "cancelled a shadow evaluation",
    "contract.saved": "put a contract in force",
    "environment.created": "created an environment",
    "environment.updated": "changed an environment's rules",
    "workflow.created": "created the workflow",
    "workflow.updated": "changed what the workflow is for",
    "team.created": "founded the team",
    "team.member_added": "gave a role",
    "team.member_removed": "took a role away",
    "change.settled": "settled the change request",
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
    "webhook.created": "added a webhook",
    "webhook.updated": "changed a webhook",
    "webhook.secret_rotated": "rotated a webhook's secret",
    "webhook.switched_off": "switched a webhook off",
    "webhook.switched_on": "switched a webhook on",
    "webhook.deleted": "deleted a webhook",
    "webhook.tested": "tested a webhook",
    "webhook.redelivered": "delivered a webhook message again",
    "webhook.disabled": "switched off a failing webhook",
    "release.publication": "published",
    "release.rollback": "rolled back",
    "release.renewed": "renewed the signature",
}


def event_words(event: AuditEvent) -> str:
    """What happened, as the end of a sentence that starts with who did it."""
    return WORDS.get(event.action, event.action.replace(".", " ").replace("_", " "))
