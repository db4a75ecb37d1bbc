"""`manage.py load_demo`: the demo workflow, once."""

from __future__ import annotations

import json
import os
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
        # It names passwords, so only the account that runs the console may read it.
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(loaded.as_json(), file, indent=2)
        self.stdout.write(f"The demo is loaded; its accounts are in {target.name}.")
