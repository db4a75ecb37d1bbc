"""Changes of the rules, as REST tells them."""

from __future__ import annotations

from rest_framework import serializers, status
from rest_framework.response import Response

from policies.api.bodies import Body, PageQuery
from policies.api.names import name_of
from policies.models import RuleChange
from policies.models.rule_changes import RuleChangeState


class RuleChangeSerializer(serializers.ModelSerializer[RuleChange]):
    """What was asked for, what it loosens, and who agreed. `before` and `proposed` are objects of
    the kind's own form; `alone` says that it loosened something before the first release."""

    team = name_of("slug", nullable=True)
    workflow = name_of("slug", nullable=True)
    environment = name_of("name", nullable=True)
    before = serializers.DictField()
    proposed = serializers.DictField()
    weakens = serializers.ListField(child=serializers.CharField())
    proposed_by = name_of("username")
    decided_by = name_of("username", nullable=True)

    class Meta:
        model = RuleChange
        fields = [
            "id",
            "kind",
            "team",
            "workflow",
            "environment",
            "subject",
            "before",
            "proposed",
            "weakens",
            "why",
            "apply_now",
            "alone",
            "state",
            "proposed_by",
            "proposed_at",
            "decided_by",
            "decided_at",
            "decision_reason",
        ]


def waiting_answer(change: RuleChange | None) -> Response | None:
    """202 with what waits for a second person; None where nothing does."""
    if change is None or not change.is_waiting:
        return None
    return Response(RuleChangeSerializer(change).data, status=status.HTTP_202_ACCEPTED)


class RuleDecision(Body):
    reason = serializers.CharField(max_length=20_000)


class RuleChangeQuery(PageQuery):
    """Narrow the list; without anything all of one's teams'."""

    state = serializers.ChoiceField(RuleChangeState.choices, required=False)
