"""When the base of a change request moved: the three-way comparison, and merging."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import change_or_404, change_to_act_on_or_404, person
from policies.api.bodies import read
from policies.api.operation import body_example, operation
from policies.api.shapes.changes import ChangeDetailSerializer
from policies.api.shapes.three_way import MergeChoices, ThreeWayShape, shown_comparison
from policies.api.views.changes import shown_change
from policies.services.review.merging import comparison_of, rebase_with_merge

EXAMPLE = {
    "against": "sha256:" + "0" * 64,
    "choices": {"router_policy:rules[p1].route.split": "ours"},
}


class ThreeWay(APIView):
    @operation(
        "compare_three_way",
        "What was published since its base, and what of it collides",
        gives=ThreeWayShape,
    )
    def get(self, request: Request, slug: str, number: int) -> Response:
        change = change_or_404(request, slug, number)
        return Response(ThreeWayShape(shown_comparison(comparison_of(change))).data)


class Merge(APIView):
    @operation(
        "merge_change",
        "Take the active release's changes into its draft, and rebase it",
        takes=MergeChoices,
        gives=ChangeDetailSerializer,
        examples=[body_example("Keep our split", EXAMPLE)],
    )
    def post(self, request: Request, slug: str, number: int) -> Response:
        change = change_to_act_on_or_404(request, slug, number)
        asked = read(request, MergeChoices)
        merged = rebase_with_merge(
            change, asked.get("choices", {}), asked["against"], acting_user=person(request)
        )
        return shown_change(request, merged)
