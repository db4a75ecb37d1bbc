"""`manage.py import_prices FILE --as USERNAME`: LiteLLM's price map into the catalogue.

Without --apply it only tells what would change. Exit codes: 0 done, 1 the file is no price map,
2 wrong usage, 3 refused.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from policies.engine import DocumentError
from policies.governance.refusals import Refused
from policies.pricing import PriceMap, Row, RowKind, read_price_map
from policies.services.rules import price_imports

WRONG, USAGE, REFUSED = 1, 2, 3


class Command(BaseCommand):
    help = "Tell what LiteLLM's price map would change in the catalogue, and take it over."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="model_prices_and_context_window.json")
        parser.add_argument("--as", dest="username", required=True, help="who does it")
        parser.add_argument(
            "--apply",
            action="store_true",
            help="take over what changes models of the catalogue without a doubt, or --models",
        )
        parser.add_argument("--models", nargs="+", metavar="MODEL", help="only these, doubted too")
        parser.add_argument("--new", action="store_true", help="list new models as well")
        parser.add_argument(
            "--effective-from",
            type=datetime.date.fromisoformat,
            metavar="YYYY-MM-DD",
            help="day that the prices begin (default: today)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            told = f"Nobody here has the user name {options['username']}."
            raise CommandError(told, returncode=USAGE)
        try:
            raw = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error}", returncode=USAGE) from error
        try:
            self.import_file(raw, user, options)
        except DocumentError as error:
            raise CommandError(f"{options['file']}: {error}", returncode=WRONG) from error
        except Refused as refusal:
            lines = [f"{found.sentence} {found.resolve}".rstrip() for found in refusal.reasons]
            raise CommandError("\n".join(lines), returncode=REFUSED) from refusal

    def import_file(self, raw: bytes, user: User, options: dict[str, Any]) -> None:
        found = read_price_map(raw)
        rows = price_imports.compared(found)
        for line in _told(rows, found, with_new=options["new"]):
            self.stdout.write(line)
        if not options["apply"]:
            return
        keys = options["models"] or price_imports.chosen_at_first(rows)
        if not keys:
            self.stdout.write("Nothing to take over without a look; name models with --models.")
            return
        kept = price_imports.keep_price_map(options["file"].name, raw, acting_user=user)
        day = options["effective_from"] or timezone.now().date()
        applied = price_imports.apply_price_map(kept, keys, day, acting_user=user)
        self.stdout.write(applied.sentence)


def _told(rows: list[Row], found: PriceMap, *, with_new: bool) -> Iterator[str]:
    by_kind = {kind: [row for row in rows if row.kind == kind] for kind in RowKind}
    for row in by_kind[RowKind.CHANGED]:
        yield f"~ {row.key}: {_change(row)}"
        yield from (f"    {priced}" for priced in (*row.entry.tiers, *row.entry.windows))
        yield from (f"    ! {doubt.sentence}" for doubt in row.doubts)
    for row in by_kind[RowKind.NEW] if with_new else ():
        yield f"+ {row.key}: ${row.entry.input_usd:f} in, ${row.entry.output_usd:f} out"
        yield from (f"    {priced}" for priced in (*row.entry.tiers, *row.entry.windows))
        yield from (f"    ! {doubt.sentence}" for doubt in row.doubts)
    yield (
        f"{len(by_kind[RowKind.CHANGED])} changed, {len(by_kind[RowKind.UNCHANGED])} unchanged, "
        f"{len(by_kind[RowKind.NEW])} not in the catalogue, {found.skipped_count} skipped."
    )


def _change(row: Row) -> str:
    held, entry = row.held, row.entry
    if held is None:
        return ""
    said = []
    if row.price_changes:
        said.append(f"input {held.input_usd} → {entry.input_usd:f} {row.input_ratio}".rstrip())
        said.append(f"output {held.output_usd} → {entry.output_usd:f} {row.output_ratio}".rstrip())
    said += [
        f"{name.replace('_', ' ')} {getattr(held, name) or 'none'} → {getattr(entry, name)}"
        for name in row.fact_changes
    ]
    return ", ".join(said)
