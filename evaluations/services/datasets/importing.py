"""Bring datasets in; the one way for the form, REST and the command."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from evaluations.datasets.problems import refuse
from evaluations.datasets.storage import StoredDataset, import_file
from evaluations.models import Dataset
from evaluations.models.datasets import dataset_folder
from policies.engine import DocumentError, load_json
from policies.engine.errors import showable
from policies.engine.json_text import places_of_nul
from policies.governance.origin import current_origin
from policies.models import Workflow
from policies.services import audit
from policies.services.rights import require_right


def import_dataset(
    workflow: Workflow,
    source: Path,
    *,
    acting_user: User,
    name: str,
    source_name: str = "",
    prices: dict[str, Any] | None = None,
    is_simulated: bool = False,
) -> Dataset:
    """Import a file of outcomes; the same rows again give the dataset that is already there.

    Raises DatasetError with every faulty line; nothing is stored then.
    """
    require_right("evaluate", workflow.team, acting_user=acting_user, to="import datasets")
    stored = import_file(source, source_name or source.name, dataset_folder())
    return _register(workflow, stored, acting_user, name or source_name or source.name,
                     source_name or source.name, prices, is_simulated)  # fmt: skip


def import_upload(
    workflow: Workflow,
    chunks: Iterable[bytes],
    *,
    acting_user: User,
    name: str,
    source_name: str,
    prices: dict[str, Any] | None = None,
    is_simulated: bool = False,
) -> Dataset:
    """Import bytes as they arrive; see `import_dataset`."""
    require_right("evaluate", workflow.team, acting_user=acting_user, to="import datasets")
    with tempfile.NamedTemporaryFile(prefix="upload-") as received:
        for chunk in chunks:
            received.write(chunk)
        received.flush()
        return import_dataset(
            workflow,
            Path(received.name),
            acting_user=acting_user,
            name=name,
            source_name=source_name,
            prices=prices,
            is_simulated=is_simulated,
        )


def read_prices(text: bytes) -> dict[str, Any]:
    """A price table: a JSON object. Kept as it is, for people to read beside the costs."""
    try:
        prices = load_json(text)
    except DocumentError as error:
        raise refuse(f"The price table is not sound JSON ({error}).", name="prices") from error
    for place in places_of_nul(prices):
        raise refuse(f"The price table holds a NUL character at {place}.", name="prices")
    if not isinstance(prices, dict):
        raise refuse("The price table must be one JSON object.", name="prices")
    return prices


@transaction.atomic
def _register(
    workflow: Workflow,
    stored: StoredDataset,
    acting_user: User,
    name: str,
    source_name: str,
    prices: dict[str, Any] | None,
    is_simulated: bool,
) -> Dataset:
    dataset, created = Dataset.objects.get_or_create(
        workflow=workflow,
        digest=stored.digest,
        defaults={
            "name": name,
            "summary": stored.summary,
            "prices": prices,
            "source_name": showable(source_name),
            "is_simulated": is_simulated,
            "created_by": acting_user,
            "imported_from": current_origin().way,
        },
    )
    if created:
        audit.record(
            "dataset.imported",
            dataset,
            acting_user=acting_user,
            workflow=workflow,
            after=stored.digest,
            detail={"name": name, "requests": dataset.requests},
        )
    return dataset
