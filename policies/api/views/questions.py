"""The decision questions of a workflow by REST."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from policies.api.access import person, workflow_or_404
from policies.api.bodies import Body, PageQuery, read, read_query
from policies.api.names import name_of
from policies.api.operation import body_example, operation
from policies.api.pages import page_of, pages_of
from policies.models import DecisionAnswers
from policies.services.teams import questions
from policies.services.teams.questions import LONGEST_ANSWER, QUESTIONS, Answers


def _answer(key: str) -> serializers.CharField:
    return serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_ANSWER, help_text=QUESTIONS[key]
    )


class NewAnswers(Body):
    """What is left out counts as not answered."""

    business_value = _answer("business_value")
    where_it_shows = _answer("where_it_shows")
    predictors = _answer("predictors")
    cost_of_change = _answer("cost_of_change")


class AnswersSerializer(serializers.ModelSerializer[DecisionAnswers]):
    """One version of the answers; an empty one is an open question."""

    created_by = name_of("username")

    class Meta:
        model = DecisionAnswers
        fields = ["number", *asdict(Answers()), "created_by", "created_at"]


class QuestionsView(APIView):
    @operation(
        "list_answers",
        "Answers to the decision questions, newest first; the first is in force",
        gives=pages_of(AnswersSerializer),
        query=PageQuery,
    )
    def get(self, request: Request, slug: str) -> Response:
        read_query(request, PageQuery)
        rows = DecisionAnswers.objects.filter(workflow=workflow_or_404(request, slug))
        return page_of(rows.select_related("created_by"), AnswersSerializer, request)

    @operation(
        "save_answers",
        "Put new answers in force; the same again make no new version",
        takes=NewAnswers,
        gives=AnswersSerializer,
        examples=[
            body_example(
                "Two of four",
                {
                    "business_value": "Each ticket solved without a person saves four euros.",
                    "where_it_shows": "In re-opened tickets, within a day.",
                },
            )
        ],
    )
    def put(self, request: Request, slug: str) -> Response:
        workflow = workflow_or_404(request, slug)
        asked: dict[str, Any] = read(request, NewAnswers)
        answers = questions.save_answers(workflow, Answers(**asked), acting_user=person(request))
        return Response(AnswersSerializer(answers).data)
