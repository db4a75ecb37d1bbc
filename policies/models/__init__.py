"""What the console keeps: teams, documents, change requests, releases, audit."""

from policies.models.audit import AuditEvent, AuditHead
from policies.models.catalogue import CatalogueModel, ModelPrice, Provider
from policies.models.changes import ChangeRequest, Check, Comment, Review
from policies.models.components import (
    Bundle,
    ComponentContract,
    ComponentVersion,
    DocumentAuthor,
)
from policies.models.drafts import Draft, DraftDocument, DraftRevision
from policies.models.evidence import EvidencePlan
from policies.models.fleet import DriftEpisode, ReleaseArrival, RouterInstance
from policies.models.notifications import MailPreference, NewsCursor, Notification
from policies.models.price_imports import PriceImport
from policies.models.protection import FreezeWindow, ReviewDebt
from policies.models.questions import DecisionAnswers
from policies.models.releases import Release, SigningKey
from policies.models.rule_changes import RuleChange
from policies.models.teams import Membership, Team
from policies.models.tokens import PersonalToken, ReportedHour, RouterToken
from policies.models.webhooks import Webhook, WebhookAttempt, WebhookMessage
from policies.models.workflows import Environment, Workflow

__all__ = [
    "AuditEvent",
    "AuditHead",
    "Bundle",
    "CatalogueModel",
    "ChangeRequest",
    "Check",
    "Comment",
    "ComponentContract",
    "ComponentVersion",
    "DecisionAnswers",
    "DocumentAuthor",
    "Draft",
    "DraftDocument",
    "DraftRevision",
    "DriftEpisode",
    "Environment",
    "EvidencePlan",
    "FreezeWindow",
    "MailPreference",
    "Membership",
    "ModelPrice",
    "NewsCursor",
    "Notification",
    "PersonalToken",
    "PriceImport",
    "Provider",
    "Release",
    "ReleaseArrival",
    "ReportedHour",
    "Review",
    "ReviewDebt",
    "RouterInstance",
    "RouterToken",
    "RuleChange",
    "SigningKey",
    "Team",
    "Webhook",
    "WebhookAttempt",
    "WebhookMessage",
    "Workflow",
]
