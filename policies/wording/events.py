"""Every audit action, as a person would say it. What is not here cannot be recorded."""

ACTION_WORDS = {
    "draft.created": "started a draft",
    "draft.saved": "edited a draft",
    "draft.renamed": "renamed a draft",
    "draft.discarded": "closed a draft",
    "version.cut": "created a version",
    "dataset.imported": "imported a dataset",
    "evaluation.started": "started a shadow evaluation",
    "evaluation.finished": "finished a shadow evaluation",
    "evaluation.cancelled": "cancelled a shadow evaluation",
    "evaluation.fail_answered": "answered a failed evaluation",
    "contract.saved": "put a contract in force",
    "environment.created": "created an environment",
    "environment.updated": "changed an environment's rules",
    "rules.proposed": "asked for a change of the rules",
    "rules.accepted": "agreed to a change of the rules",
    "rules.rejected": "rejected a change of the rules",
    "rules.withdrawn": "withdrew a change of the rules",
    "evidence_plan.set": "set an evidence plan",
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
    "change.submit": "submitted for review",
    "change.withdraw": "withdrew",
    "change.commented": "commented",
    "change.scheduled": "set the time of its publication",
    "change.unscheduled": "cleared the time of its publication",
    "change.schedule_failed": "could not publish at the set time",
    "change.thread_resolved": "resolved a thread",
    "change.thread_reopened": "reopened a thread",
    "change.reviews_voided": "voided earlier reviews",
    "change.objections_kept": "found objections to this content that stand",
    "review.approve": "approved",
    "review.request_changes": "requested changes",
    "review.reject": "rejected",
    "review.taken_back": "took a review back",
    "freeze.created": "froze publication",
    "freeze.lifted": "lifted a freeze",
    "debt.paid": "paid a review debt",
    "debt.closed": "closed a review debt",
    "release.break_glass": "broke the glass and published",
    "webhook.created": "added a webhook",
    "webhook.updated": "changed a webhook",
    "webhook.secret_rotated": "rotated a webhook's secret",
    "webhook.switched_off": "switched a webhook off",
    "webhook.switched_on": "switched a webhook on",
    "webhook.deleted": "deleted a webhook",
    "webhook.tested": "tested a webhook",
    "webhook.redelivered": "delivered a webhook message again",
    "webhook.disabled": "switched off a failing webhook",
    "provider.added": "added a provider",
    "model.added": "added a model",
    "model.changed": "changed what the catalogue says of a model",
    "price.added": "added a price",
    "fleet.drifted": "noticed policy drift",
    "fleet.drift_ended": "saw policy drift end",
    "router_token.issued": "issued a router token",
    "router_token.rotated": "rotated a router token",
    "router_token.reports_removed": "removed what a router token reported",
    "router_token.revoked": "revoked a router token",
    "personal_token.issued": "issued a personal token",
    "personal_token.revoked": "revoked a personal token",
    "prices.uploaded": "uploaded a price map",
    "prices.imported": "took prices over from a price map",
    "questions.answered": "answered the decision questions",
    "release.publication": "published",
    "release.rollback": "rolled back",
    "release.renewed": "renewed the signature",
    "release.signed_anew": "signed anew",
    "signing_key.published": "published the first signing key",
    "signing_key.prepared": "prepared the next signing key",
    "signing_key.rotated": "switched to the next signing key",
    "signing_key.retired": "retired a signing key",
    "signing_key.revoked": "revoked a signing key as compromised",
    "signing_key.started_over": "began a new chain of signing keys",
}

# Those that read otherwise where the number of what was acted on follows.
_BEFORE_NUMBER = {
    "change.commented": "commented on",
    "review.request_changes": "requested changes to",
    "release.rollback": "rolled back, as",
}


def action_words(action: str) -> str:
    """What happened, as the end of a sentence that starts with who did it.

    Rows are kept for ever, so one of an action that is gone is shown by its name.
    """
    return ACTION_WORDS.get(action, action.replace(".", " ").replace("_", " "))


def words_before_number(action: str) -> str:
    """The same, where a number follows: commented on (#5)."""
    return _BEFORE_NUMBER.get(action, action_words(action))
