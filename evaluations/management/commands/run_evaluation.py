"""`manage.py run_evaluation --workflow SLUG --change N [--dataset NAME] --as USERNAME`."""

from __future__ import annotations

import argparse
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist
from django.core.management.base import BaseCommand, CommandError

from evaluations.models import Dataset, ShadowEvaluation
from evaluations.models.runs import RunStatus
from evaluations.services.runs import planned, running, starting
from policies.governance.refusals import Refused
from policies.models import Bundle, ChangeRequest, Workflow


class Command(BaseCommand):
    help = (
        "Evaluate a change request on its evidence plan; or, with --dataset, explore what it or "
        "any two bundles do."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--workflow", required=True, help="slug of the workflow")
        parser.add_argument("--dataset", help="name or digest of a dataset to explore on")
        parser.add_argument("--as", dest="username", required=True, help="who runs it")
        parser.add_argument("--change", type=int, help="number of the change request")
        parser.add_argument("--candidate", help="digest of a bundle, instead of --change")
        parser.add_argument("--baseline", help="digest of a bundle to compare --candidate with")
        parser.add_argument(
            "--queue", action="store_true", help="leave it to the workers instead of waiting here"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            runs = _start(options)
        except ObjectDoesNotExist as error:
            raise CommandError(f"{error} Check the names that were given.") from error
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        for run in runs:
            if options["queue"]:
                self.stdout.write(f"Evaluation {run.pk} is {run.status}: {run.get_absolute_url()}")
            else:
                self._finish(run)

    def _finish(self, run: ShadowEvaluation) -> None:
        """Compute here whatever the workers have not: both may, the result is the same."""
        for index in running.begin(run.pk):
            running.compute_chunk(run.pk, index)
        running.finish(run.pk)
        run.refresh_from_db()
        if run.status != RunStatus.FINISHED:
            raise CommandError(f"Evaluation {run.pk} is {run.status}. {run.error}")
        self.stdout.write(f"{run.verdict}: {run.get_absolute_url()}")
        for reason in run.report["reasons"]:
            self.stdout.write(f"  {reason}")


def _start(options: dict[str, Any]) -> list[ShadowEvaluation]:
    workflow = Workflow.objects.get(slug=options["workflow"])
    user = User.objects.get(username=options["username"])
    if options["change"]:
        changes = ChangeRequest.objects.with_related().filter(workflow=workflow)
        change = changes.get(number=options["change"])
        if not options["dataset"]:
            return planned.evaluate_on_plan(change, acting_user=user)
        dataset = _dataset(workflow, options["dataset"])
        return [starting.evaluate_change(change, dataset, acting_user=user)]
    if not options["candidate"] or not options["dataset"]:
        raise CommandError("Give --change, or --candidate with --baseline and --dataset.")
    return [_explore(workflow, _dataset(workflow, options["dataset"]), user, options)]


def _dataset(workflow: Workflow, name: str) -> Dataset:
    datasets = Dataset.objects.filter(workflow=workflow)
    dataset = datasets.filter(digest=name).first() or datasets.filter(name=name).first()
    if dataset is None:
        raise CommandError(f"{workflow} has no dataset called {name}.")
    return dataset


def _explore(
    workflow: Workflow, dataset: Dataset, user: User, options: dict[str, Any]
) -> ShadowEvaluation:
    bundles = Bundle.objects.filter(workflow=workflow)
    return starting.start_evaluation(
        acting_user=user,
        workflow=workflow,
        dataset=dataset,
        candidate=bundles.get(digest=options["candidate"]),
        baseline=bundles.get(digest=options["baseline"]) if options["baseline"] else None,
    )
