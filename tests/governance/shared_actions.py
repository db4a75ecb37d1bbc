"""The catalogue that all teams share, datasets and evaluations."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.governance.action import (
    ANSWERING,
    IN_WORKFLOW,
    Action,
    one,
    said,
)
from tests.governance.actors import BARRED, EVALUATORS, REVIEWERS
from tests.governance.ways import WHO, Command, Form, Rest
from tests.governance.world import World


def cataloguing() -> list[Action]:
    """The catalogue that all teams share: everybody reads it, who answers for a team edits it."""
    day = timezone.now().date() + datetime.timedelta(days=3)
    price = {"effective_from": str(day), "input_usd_per_mtok": "1", "output_usd_per_mtok": "2"}
    provider = said(slug="cumulus", label="Cumulus")
    model = said(
        label="Renamed",
        context_window="1000",
        regions="eu",
        capabilities="",
        status="active",
        why="It moved.",
    )

    def of_model(world: World) -> dict[str, Any]:
        return {"pk": world.model.pk}

    def new_model(world: World) -> dict[str, Any]:
        facts = {"key": "breeze", "label": "Breeze", "context_window": "1000", "status": "active"}
        return {**facts, "provider": world.provider.pk, "regions": "eu", **price}

    new_in_rest = said(provider="acme", key="breeze", context_window=1000, price=price)
    return [
        Action(
            "add a provider",
            ANSWERING,
            (
                Form("catalogue-provider-add", provider),
                Rest("POST", "api:providers", provider),
            ),
            outsider=403,
        ),
        Action(
            "add a model",
            ANSWERING,
            (
                Form("catalogue-model-add", new_model),
                Rest("POST", "api:models", new_in_rest),
            ),
            outsider=403,
        ),
        Action(
            "change a model",
            ANSWERING,
            (
                Form("catalogue-model", model, of_model),
                Rest("PATCH", "api:model", said(label="Renamed"), of_model),
            ),
            outsider=403,
        ),
        Action(
            "add a price",
            ANSWERING,
            (
                Form("catalogue-price-add", said(**price, why="It rose."), of_model),
                Rest("POST", "api:prices", said(**price, why="It rose."), of_model),
            ),
            outsider=403,
        ),
    ]


def importing() -> list[Action]:
    """Price maps: kept, then taken over by choice."""

    def upload(world: World) -> dict[str, Any]:
        return {"file": SimpleUploadedFile("prices.json", world.price_map.read_bytes() + b" ")}

    day = str(timezone.now().date() + datetime.timedelta(days=3))

    taken = ("--apply", "--models", "swift-small")

    def of_import(world: World) -> dict[str, Any]:
        return {"pk": world.price_import.pk}

    return [
        Action(
            "keep a price map",
            ANSWERING,
            (
                Form("price-import-upload", upload),
                Rest(
                    "POST",
                    "api:price-imports",
                    lambda w: w.price_map.read_bytes() + b" ",
                    content_type="application/octet-stream",
                ),
            ),
            outsider=403,
        ),
        Action(
            "take prices over",
            ANSWERING,
            (
                Form("price-import", said(effective_from=day, model=["swift-small"]), of_import),
                Rest(
                    "POST",
                    "api:apply-price-import",
                    said(effective_from=day, models=["swift-small"]),
                    of_import,
                ),
                Command("import_prices", lambda w: [str(w.price_map), "--as", WHO, *taken]),
            ),
            outsider=403,
        ),
    ]


def evaluating() -> list[Action]:
    """Datasets."""

    def import_file(world: World) -> list[str]:
        return [str(world.outcomes), "--workflow", world.workflow.slug]

    return [
        Action(
            "import a dataset",
            EVALUATORS,
            (
                Form("dataset-import", _upload, IN_WORKFLOW),
                Rest(
                    "POST",
                    "api-datasets",
                    lambda w: w.outcomes.read_bytes(),
                    IN_WORKFLOW,
                    query="?name=More&file_name=more.jsonl",
                    content_type="application/octet-stream",
                ),
                Command("import_dataset", import_file),
            ),
        ),
    ]


def on_plans() -> list[Action]:
    """Evidence: runs on the plan, and answers to those that failed."""

    def on_plan(world: World) -> list[str]:
        number = str(world.changes["staging", "in_review"].number)
        return ["--workflow", world.workflow.slug, "--change", number, "--queue"]

    def of_change(world: World) -> dict[str, Any]:
        number = world.changes["staging", "in_review"].number
        return {"slug": world.workflow.slug, "number": number}

    def failed(world: World) -> dict[str, Any]:
        return {"slug": world.workflow.slug, "pk": world.failed.pk}

    def failed_in_form(world: World) -> dict[str, Any]:
        return {**of_change(world), "pk": world.failed.pk}

    reason = said(reason="The loss is known and accepted until summer.")
    return [
        Action(
            "evaluate on the evidence plan",
            EVALUATORS,
            (
                Form("change-evaluate", where=of_change),
                Rest("POST", "api-change-evidence", where=of_change),
                Command("run_evaluation", on_plan),
            ),
        ),
        Action(
            "answer a failed evaluation",
            REVIEWERS - BARRED,
            (
                Form("fail-answer", reason, failed_in_form),
                Rest("POST", "api-fail-answer", reason, failed),
            ),
            obstacles=dict.fromkeys(REVIEWERS & BARRED, frozenset({"four_eyes"})),
        ),
    ]


def running() -> list[Action]:
    """Shadow evaluations."""

    def subject(world: World) -> dict[str, Any]:
        number = world.changes["staging", "in_review"].number
        return {"subject": f"change-{number}", "dataset": world.dataset.pk}

    def body(world: World) -> dict[str, Any]:
        number = world.changes["staging", "in_review"].number
        return {"change": number, "dataset": world.dataset.pk}

    def arguments(world: World) -> list[str]:
        number = world.changes["staging", "in_review"].number
        what = ["--dataset", world.dataset.digest, "--change", str(number), "--queue"]
        return ["--workflow", world.workflow.slug, *what]

    return [
        Action(
            "start an evaluation",
            EVALUATORS,
            (
                Form("evaluation-create", subject, IN_WORKFLOW),
                Rest("POST", "api-evaluations", body, IN_WORKFLOW),
                Command("run_evaluation", arguments),
            ),
        ),
        Action(
            "cancel an evaluation",
            EVALUATORS,
            (
                Form("evaluation-cancel", where=one("run")),
                Rest("POST", "api-evaluation-cancel", where=one("run")),
            ),
        ),
    ]


def _upload(world: World) -> dict[str, Any]:
    return {"name": "More", "file": SimpleUploadedFile("more.jsonl", world.outcomes.read_bytes())}
