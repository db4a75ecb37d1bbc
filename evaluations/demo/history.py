"""Six weeks of the demo workflow's life, walked through the real services.

Only the clock is moved: each step runs with Django's notion of "now" set to a moment in the past,
so that versions, reviews, releases and audit rows are made as in real use.
"""

from __future__ import annotations

import datetime
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from django.contrib.auth.models import User
from django.utils import timezone

from evaluations.demo import scenario, traffic
from evaluations.models import Dataset
from evaluations.services.datasets import importing
from evaluations.services.impact.checking import record_impact
from evaluations.services.runs import planned, running
from policies.governance.evidence_plans import PlanTerms, RequiredDataset
from policies.models import ChangeRequest, Environment, Release, Workflow
from policies.services.authoring import drafts
from policies.services.releases import publication
from policies.services.review import changes, reviews, standings
from policies.services.rules.evidence import change_plan

DATASET_REQUESTS = 4000
# Half of it, so that a visitor can try several candidates before looks at it get too dear.
SEALED = 0.5
PLAN_NOTE = "One quarter of traffic, with every model asked; half of it is kept sealed."


@dataclass(frozen=True)
class Cast:
    """Who acts in the demo."""

    author: User
    reviewer: User
    owner: User


@contextmanager
def at(moment: datetime.datetime) -> Iterator[None]:
    """Let everything believe that it is this moment."""
    with mock.patch.object(timezone, "now", return_value=moment):
        yield


def days_ago(days: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(days=days)


def import_traffic(workflow: Workflow, cast: Cast) -> Dataset:
    """The dataset of the evidence plans: made-up requests on which every model was asked."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for row in traffic.rows(DATASET_REQUESTS, seed=7):
            file.write(json.dumps(row) + "\n")
        file.flush()
        return importing.import_dataset(
            workflow,
            Path(file.name),
            acting_user=cast.owner,
            name="Support requests, simulated",
            source_name="simulated.jsonl",
            is_simulated=True,
        )


def require(dataset: Dataset, environment: Environment, cast: Cast) -> None:
    """Before the first release whoever manages environments sets the evidence plan alone."""
    terms = PlanTerms((RequiredDataset(dataset.digest, dataset.name),), sealed_share=SEALED)
    change_plan(environment, terms, acting_user=cast.owner, why=PLAN_NOTE)


def evaluate(change: ChangeRequest, cast: Cast) -> None:
    """Measure its impact and run the shadow evaluation on the plan here and now, by no worker."""
    record_impact(change.pk)
    for run in planned.evaluate_on_plan(change, acting_user=cast.author):
        for index in running.begin(run.pk):
            running.compute_chunk(run.pk, index)


def propose(
    policy: dict[str, object],
    environment: Environment,
    title: str,
    why: str,
    cast: Cast,
) -> ChangeRequest:
    """A draft, its change request, its evaluation, and the request for review."""
    workflow = environment.workflow
    draft = drafts.create_draft(
        workflow, title, acting_user=cast.author, documents=scenario.documents(policy)
    )
    change = changes.propose(draft, environment, title, why, acting_user=cast.author)
    evaluate(change, cast)
    return changes.submit(change, acting_user=cast.author)


def approve_and_publish(
    change: ChangeRequest, when: datetime.datetime, words: tuple[tuple[User, str], ...], cast: Cast
) -> Release:
    """Approvals some hours apart, then publication by the owner, who also operates."""
    for place, (person, reason) in enumerate(words):
        with at(when - datetime.timedelta(hours=2 * (len(words) - place))):
            seen = standings.subject_digest(change)
            reviews.approve(change, reason, acting_user=person, seen=seen)
    with at(when):
        return publication.publish(change, acting_user=cast.owner)


def live_through(
    workflow: Workflow, staging: Environment, production: Environment, cast: Cast
) -> None:
    """Two published policies, one waiting for review, one half-done draft."""
    with at(days_ago(46)):
        dataset = import_traffic(workflow, cast)
        for environment in (staging, production):
            require(dataset, environment, cast)
    stories = (
        (
            scenario.FIRST_POLICY,
            42,
            "Route by class: sensitive and technical requests first",
            "Until now every request went to one model. Sensitive requests shall stay in the EU.",
        ),
        (
            scenario.SECOND_POLICY,
            19,
            "Answer routine questions with GPT-4o mini",
            "Routine questions are half of our cost, and the small model answers them as well.",
        ),
    )
    for policy, days, title, why in stories:
        with at(days_ago(days + 2)):
            change = propose(policy, staging, title, why, cast)
        tried = ((cast.owner, "Good enough to try."),)  # staging asks for the owner alone
        release = approve_and_publish(change, days_ago(days + 1), tried, cast)
        with at(days_ago(days + 0.9)):
            promotion = publication.promote(
                release, production, "A day on staging without surprises.", acting_user=cast.author
            )
            evaluate(promotion, cast)
            changes.submit(promotion, acting_user=cast.author)
        agreed = (
            (cast.reviewer, "The evaluation passes and the rules read well."),
            (cast.owner, "Agreed; the saving is worth it."),
        )
        approve_and_publish(promotion, days_ago(days), agreed, cast)
    with at(timezone.now() - datetime.timedelta(hours=26)):
        drafts.create_draft(
            workflow,
            "Split technical requests 80:20",
            acting_user=cast.author,
            documents=scenario.documents(scenario.unfinished_policy()),
        )
    with at(timezone.now() - datetime.timedelta(hours=3)):
        waiting = propose(
            scenario.PROPOSED_POLICY,
            production,
            "Move routine questions to Gemini 2.0 Flash",
            "Flash costs a third less per routine question and answers faster. GPT-4o mini stays "
            "as its substitute, so that one provider's outage does not reach the customer.",
            cast,
        )
    with at(timezone.now() - datetime.timedelta(hours=2)):
        changes.comment(
            waiting,
            "The cost side is clear. I will look at the French conversations before I decide.",
            acting_user=cast.reviewer,
        )
