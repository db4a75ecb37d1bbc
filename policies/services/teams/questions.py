"""Decision questions: answered once for a workflow, in versions, and read with each release."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass, fields

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from policies.engine import digest
from policies.models import ChangeRequest, DecisionAnswers, Workflow
from policies.services import audit
from policies.services.locking import lock_workflow
from policies.services.rights import require_right

QUESTIONS = {
    "business_value": "Where is the business value?",
    "where_it_shows": "Where do over-routing and regressions show?",
    "predictors": "Which metrics predict success?",
    "cost_of_change": "What does a change cost?",
}
LONGEST_ANSWER = 20_000  # characters
HINTS = {
    "business_value": "What a good answer is worth here, and what a bad one costs.",
    "where_it_shows": "The class, tenant or report where one would see it first.",
    "predictors": "The figures that moved before outcomes did, in your experience.",
    "cost_of_change": "People's time, evaluation runs, and what is lost when it has to go back.",
}


@dataclass(frozen=True)
class Answers:
    """Markdown, one part for each question; an empty part is not answered yet."""

    business_value: str = ""
    where_it_shows: str = ""
    predictors: str = ""
    cost_of_change: str = ""


def answers_in_force(
    workflow: Workflow, at: datetime.datetime | None = None
) -> DecisionAnswers | None:
    """The newest answers, or those that were the newest at a time. One query."""
    rows = DecisionAnswers.objects.filter(workflow=workflow).select_related("created_by")
    rows = rows.filter(created_at__lte=at) if at else rows
    return rows.order_by("number").last()


def answered(answers: DecisionAnswers | None) -> list[tuple[str, str]]:
    """Question and answer, in order; the answer is empty where there is none."""
    return [(text, getattr(answers, key, "")) for key, text in QUESTIONS.items()]


def open_questions(answers: DecisionAnswers | None) -> list[str]:
    """The questions without an answer."""
    return [question for question, answer in answered(answers) if not answer.strip()]


@transaction.atomic
def save_answers(workflow: Workflow, said: Answers, *, acting_user: User) -> DecisionAnswers:
    """Put new answers in force; saying the same again makes no new version."""
    right = "answer its decision questions"
    require_right("edit_contracts", workflow.team, acting_user=acting_user, to=right)
    lock_workflow(workflow.pk)
    before = answers_in_force(workflow)
    if before is not None and _said(before) == said:
        return before
    rows = DecisionAnswers.objects.filter(workflow=workflow)
    answers = DecisionAnswers.objects.create(
        workflow=workflow,
        number=(rows.aggregate(last=Max("number"))["last"] or 0) + 1,
        created_by=acting_user,
        **asdict(said),
    )
    audit.record(
        "questions.answered",
        answers,
        acting_user=acting_user,
        workflow=workflow,
        before=digest(asdict(_said(before))) if before else "",
        after=digest(asdict(said)),
        detail={"number": answers.number, "open": open_questions(answers)},
    )
    return answers


def _said(answers: DecisionAnswers) -> Answers:
    return Answers(**{field.name: getattr(answers, field.name) for field in fields(Answers)})


@dataclass(frozen=True)
class Reading:
    """The questions as a page shows them. ``hint`` asks for what is missing, where it matters."""

    answers: DecisionAnswers | None
    entries: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    hint: str = ""


def reading_of(workflow: Workflow, at: datetime.datetime | None = None) -> Reading:
    """What is said of a workflow's questions, now or at a time. One query."""
    answers = answers_in_force(workflow, at)
    return Reading(answers, tuple(answered(answers)), tuple(open_questions(answers)))


def reading_for(change: ChangeRequest, *, is_last: bool) -> Reading:
    """The same for who reviews a change; for the last environment with a hint on open questions.

    `is_last`: nothing is promoted on from there, so what matters most goes out.
    """
    reading = reading_of(change.workflow)
    if not reading.missing or not is_last:
        return reading
    open_now = "None" if len(reading.missing) == len(QUESTIONS) else "Not every one"
    hint = (
        f"{open_now} of the decision questions is answered, and this is for "
        f"{change.environment.name}. Open: {' '.join(reading.missing)}"
    )
    return Reading(reading.answers, reading.entries, reading.missing, hint)
