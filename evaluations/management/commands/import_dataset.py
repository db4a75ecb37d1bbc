"""`manage.py import_dataset FILE --workflow SLUG --name NAME --as USERNAME`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from evaluations.datasets.problems import DatasetError
from evaluations.services.datasets import importing
from policies.engine.errors import showable
from policies.governance.refusals import Refused
from policies.management.arguments import whole_text
from policies.models import Workflow


class Command(BaseCommand):
    help = "Import a file of recorded outcomes as a dataset of a workflow."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help=".jsonl, .csv or .parquet, each also .gz")
        parser.add_argument("--workflow", required=True, help="slug of the workflow")
        parser.add_argument("--as", dest="username", required=True, help="who imports it")
        parser.add_argument(
            "--name", type=whole_text, default="", help="name of the dataset; default: the file's"
        )
        parser.add_argument("--prices", type=Path, help="JSON price table to keep beside the rows")
        parser.add_argument("--simulated", action="store_true", help="the requests are made up")

    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["file"]
        if not source.is_file():
            raise CommandError(f"There is no file {source}.")
        try:
            prices = options["prices"] and importing.read_prices(options["prices"].read_bytes())
            dataset = importing.import_dataset(
                Workflow.objects.get(slug=options["workflow"]),
                source,
                acting_user=User.objects.get(username=options["username"]),
                name=options["name"] or showable(source.name),
                prices=prices,
                is_simulated=options["simulated"],
            )
        except (Workflow.DoesNotExist, User.DoesNotExist) as error:
            raise CommandError(f"{error} Check --workflow and --as.") from error
        except (DatasetError, Refused, OSError) as error:
            raise CommandError(str(error)) from error
        summary = dataset.summary
        self.stdout.write(
            f"{dataset.name}: {summary['requests']} requests, {summary['rows']} rows, "
            f"{len(summary['models'])} models, {summary['shape']}. {dataset.digest}"
        )
        for name, why in summary["excluded_features"].items():
            self.stdout.write(f"Kept out: {name} {why}.")
