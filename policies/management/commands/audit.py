"""`manage.py audit verify` and `manage.py audit export`."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from policies.models import AuditEvent
from policies.services.audit import as_json_line, breaks


class Command(BaseCommand):
    help = "Verify the audit chain, or export it as JSON lines."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("action", choices=["verify", "export"])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "export":
            for event in AuditEvent.objects.order_by("sequence").iterator(chunk_size=2000):
                self.stdout.write(as_json_line(event), ending="")
            return
        found = list(breaks())
        for broken in found:
            self.stderr.write(broken.sentence)
        if found:
            raise CommandError(f"The audit chain does not hold in {len(found)} places.")
        self.stdout.write(f"The audit chain holds: {AuditEvent.objects.count()} rows.")
