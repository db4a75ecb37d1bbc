"""Changes of the rules that need a second person: read, decided, withdrawn."""

from __future__ import annotations

from collections.abc import Callable

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import person
from policies.api.bodies import Nothing, read, read_query
from policies.api.operation import body_example, operation
from policies.api.pages import page_of, pages_of
from policies.api.shapes.rules import RuleChangeQuery, RuleChangeSerializer, RuleDecision
from policies.models import RuleChange
from policies.services.rules import deciding

REASON = body_example("A reason", {"reason": "Two reviewers are on holiday until May."})


def rule_change_or_404(request: Request, pk: int) -> RuleChange:
    rows = RuleChange.objects.visible_to(person(request)).with_related()
    return get_object_or_404(rows, pk=pk)


def _decided(request: Request, pk: int, decide: Callable[..., RuleChange]) -> Response:
    change = rule_change_or_404(request, pk)
    reason = read(request, RuleDecision)["reason"]
    decided = decide(change, reason, acting_user=person(request))
    return Response(RuleChangeSerializer(decided).data)


class RuleChanges(APIView):
    @operation(
        "list_rule_changes",
        "Changes of protection rules and roles in my teams, newest first",
        gives=pages_of(RuleChangeSerializer),
        query=RuleChangeQuery,
    )
    def get(self, request: Request) -> Response:
        asked = read_query(request, RuleChangeQuery)
        rows = RuleChange.objects.visible_to(person(request)).with_related()
        if "state" in asked:
            rows = rows.filter(state=asked["state"])
        return page_of(rows, RuleChangeSerializer, request)


class OneRuleChange(APIView):
    @operation("get_rule_change", "One change of the rules", gives=RuleChangeSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(RuleChangeSerializer(rule_change_or_404(request, pk)).data)


class AcceptRuleChange(APIView):
    @operation(
        "accept_rule_change",
        "Agree as the second person, and put it in force",
        takes=RuleDecision,
        gives=RuleChangeSerializer,
        examples=[REASON],
    )
    def post(self, request: Request, pk: int) -> Response:
        return _decided(request, pk, deciding.accept)


class RejectRuleChange(APIView):
    @operation(
        "reject_rule_change",
        "Refuse it as the second person",
        takes=RuleDecision,
        gives=RuleChangeSerializer,
        examples=[REASON],
    )
    def post(self, request: Request, pk: int) -> Response:
        return _decided(request, pk, deciding.reject)


class WithdrawRuleChange(APIView):
    @operation("withdraw_rule_change", "Take back what I proposed", gives=RuleChangeSerializer)
    def post(self, request: Request, pk: int) -> Response:
        read(request, Nothing)
        change = rule_change_or_404(request, pk)
        withdrawn = deciding.withdraw(change, acting_user=person(request))
        return Response(RuleChangeSerializer(withdrawn).data)
