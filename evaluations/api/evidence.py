"""Evidence by REST: an environment's plan, what a change request has shown on it, and answers."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evaluations.api.runs import RunSerializer
from evaluations.models import FailAnswer, ShadowEvaluation
from evaluations.services.datasets.plans import require_datasets
from evaluations.services.runs import answering, planned
from evaluations.services.runs.shown import shown_by
from evaluations.services.runs.telling import detail_of, summary_of
from policies.api.access import change_or_404, environment_or_404, person, workflow_or_404
from policies.api.bodies import Body, Nothing, read
from policies.api.names import name_of
from policies.api.operation import Made, body_example, operation
from policies.api.shapes.rules import RuleChangeSerializer
from policies.governance.evidence_plans import PlanTerms
from policies.models import EvidencePlan
from policies.models.changes import Verdict

DIGEST = "sha256:" + "0" * 64
ACCEPTED = "The loss is known, and accepted until the model is replaced."


class RequiredDatasetShape(serializers.Serializer[Any]):
    digest = serializers.CharField()
    name = serializers.CharField()


class EvidencePlanSerializer(serializers.ModelSerializer[EvidencePlan]):
    """A version of an environment's evidence plan."""

    environment = name_of("name")
    datasets = RequiredDatasetShape(many=True)
    timeout_ms = serializers.DictField(child=serializers.FloatField())
    created_by = name_of("username")

    class Meta:
        model = EvidencePlan
        fields = ["environment", "version", *PlanTerms.__dataclass_fields__, "note", "set_alone",
                  "created_by", "created_at"]  # fmt: skip


class EvidencePlanBody(Body):
    """What evidence has to show; what is left out stays as it is in force."""

    datasets = serializers.ListField(
        child=serializers.RegexField(r"^sha256:[0-9a-f]{64}$"),
        required=False,
        min_length=1,
        max_length=10,
        help_text="Digests of the required datasets.",
    )
    adequate_at = serializers.FloatField(required=False, min_value=0, max_value=1)
    timeout_ms = serializers.DictField(child=serializers.FloatField(), required=False)
    min_moved = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000)
    min_clusters = serializers.IntegerField(required=False, min_value=2, max_value=1_000_000)
    sealed_share = serializers.FloatField(required=False, min_value=0.05, max_value=0.95)
    fresh_days = serializers.IntegerField(required=False, min_value=1, max_value=3650)
    why = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    apply_now = serializers.BooleanField(required=False)


class DatasetEvidenceShape(RequiredDatasetShape):
    """What is shown on one required dataset, and where its rows come from."""

    verdict = serializers.ChoiceField(Verdict.choices)
    reason = serializers.CharField()
    evaluation = serializers.IntegerField(allow_null=True)
    look = serializers.IntegerField()
    requests = serializers.IntegerField(help_text="Sealed requests that were read.")
    fresh_until = serializers.DateTimeField(allow_null=True)
    imported_by = serializers.CharField(allow_blank=True)
    imported_at = serializers.DateTimeField(allow_null=True)
    imported_from = serializers.CharField(
        allow_blank=True, help_text="The way in: browser, rest, command or task."
    )
    origin = serializers.CharField(allow_blank=True)
    models = serializers.CharField(
        allow_blank=True, help_text="Which models of the two it records: what can be measured."
    )


class GivenAnswerShape(serializers.Serializer[Any]):
    by = serializers.CharField()
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class PlannedRunShape(serializers.Serializer[Any]):
    """A run on a plan of what the change request does, of whatever change request and words."""

    evaluation = serializers.IntegerField()
    dataset = serializers.CharField()
    verdict = serializers.ChoiceField(Verdict.choices)
    look = serializers.IntegerField()
    answer = GivenAnswerShape(allow_null=True)


class EvidenceShape(serializers.Serializer[Any]):
    """The verdict is the worst over the required datasets; `blocking` names failed runs that
    nobody answered."""

    plan = EvidencePlanSerializer(allow_null=True)
    verdict = serializers.ChoiceField(Verdict.choices)
    summary = serializers.CharField(allow_blank=True)
    datasets = DatasetEvidenceShape(many=True)
    history = PlannedRunShape(many=True)
    blocking = serializers.ListField(child=serializers.IntegerField())
    looks_counted_since = serializers.DateTimeField(
        allow_null=True,
        help_text="When the content in force was first published here; null: all looks count.",
    )


class FailAnswerBody(Body):
    reason = serializers.CharField(max_length=20_000)


class FailAnswerSerializer(serializers.ModelSerializer[FailAnswer]):
    """Why a failed run need not hold back what means the same."""

    evaluation = serializers.IntegerField(source="run_id")
    created_by = name_of("username")

    class Meta:
        model = FailAnswer
        fields = ["evaluation", "reason", "created_by", "created_at"]


class ChangeEvidence(APIView):
    @operation("get_evidence", "What a change request has shown on its plan", gives=EvidenceShape)
    def get(self, request: Request, slug: str, number: int) -> Response:
        change = change_or_404(request, slug, number)
        shown = shown_by(change)
        if shown is None:
            empty: dict[str, Any] = {"datasets": [], "history": [], "blocking": []}
            empty |= {"plan": None, "looks_counted_since": None}
            return Response({"verdict": "missing", "summary": "", **empty})
        detail = {**detail_of(shown), "verdict": shown.verdict, "summary": summary_of(shown)}
        since = shown.looks.since
        return Response(
            EvidenceShape({**detail, "plan": shown.plan, "looks_counted_since": since}).data
        )

    @operation(
        "evaluate_on_plan",
        "Evaluate a change request on every dataset that its evidence plan requires",
        gives=RunSerializer(many=True),
        status=201,
        made=Made("api-change-evidence", ("slug", "number")),
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        read(request, Nothing)
        change = change_or_404(request, slug, number)
        runs = planned.evaluate_on_plan(change, acting_user=person(request))
        return Response(RunSerializer(runs, many=True).data, status=status.HTTP_201_CREATED)


class AnswerFail(APIView):
    @operation(
        "answer_failed_evaluation",
        "Answer a failed run on a plan, as somebody who did not work on it",
        takes=FailAnswerBody,
        gives=FailAnswerSerializer,
        status=201,
        made=Made("api-evaluation", ("slug", "pk")),
        examples=[body_example("A reason", {"reason": ACCEPTED})],
    )
    def post(self, request: Request, slug: str, pk: int) -> Response:
        rows = ShadowEvaluation.objects.with_related()
        run = get_object_or_404(rows, workflow=workflow_or_404(request, slug), pk=pk)
        reason = read(request, FailAnswerBody)["reason"]
        answer = answering.answer_fail(run, reason, acting_user=person(request))
        return Response(FailAnswerSerializer(answer).data, status=status.HTTP_201_CREATED)


class EnvironmentEvidencePlan(APIView):
    @operation("get_evidence_plan", "The evidence plan in force", gives=EvidencePlanSerializer)
    def get(self, request: Request, slug: str, environment: str) -> Response:
        found = environment_or_404(request, slug, environment)
        rows = EvidencePlan.objects.filter(environment=found).order_by("-version")
        plan = get_object_or_404(rows[:1])
        return Response(EvidencePlanSerializer(plan).data)

    @operation(
        "change_evidence_plan",
        "Put another evidence plan in force",
        takes=EvidencePlanBody,
        gives=EvidencePlanSerializer,
        or_else={status.HTTP_202_ACCEPTED: RuleChangeSerializer},
        examples=[body_example("One dataset", {"datasets": [DIGEST], "fresh_days": 14})],
    )
    def patch(self, request: Request, slug: str, environment: str) -> Response:
        """What asks for less waits for a second person: the answer is then 202."""
        found = environment_or_404(request, slug, environment)
        asked = read(request, EvidencePlanBody)
        present = EvidencePlan.objects.in_force(found)
        terms = (present.terms if present else PlanTerms(())).as_json()
        digests = asked.pop("datasets", [entry["digest"] for entry in terms.pop("datasets")])
        terms.pop("datasets", None)
        change = require_datasets(found, digests, acting_user=person(request), **{**terms, **asked})
        if change is not None and change.is_waiting:
            shown = RuleChangeSerializer(change).data
            return Response(shown, status=status.HTTP_202_ACCEPTED)
        return Response(EvidencePlanSerializer(EvidencePlan.objects.in_force(found)).data)
