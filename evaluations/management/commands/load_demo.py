"""`manage.py load_demo`: the demo workflow, once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evaluations.demo.loading import SLUG, load
from policies.models import Workflow


class Command(BaseCommand):
    help = "Load the simulated demo workflow, with accounts to sign in as, into this console."

    def handle(self, *args: Any, **options: Any) -> None:
        if Workflow.objects.filter(slug=SLUG).exists():
            raise CommandError(f"There is a workflow {SLUG} already; the demo is loaded once.")
        loaded = load()
        target = settings.DATA_DIR / "demo.json"
        _write(target, json.dumps(loaded.as_json(), indent=2))
        _write(settings.DATA_DIR / "router-token", f"{loaded.router_token}\n")
        self.stdout.write(f"The demo is loaded; its accounts are in {target.name}.")


def _write(file: Path, text: str) -> None:
    """Passwords and tokens: only the account that runs the console may read them."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(text)
