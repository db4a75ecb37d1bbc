"""`manage.py publish_releases --to s3://bucket/prefix`: signed releases as objects."""

from __future__ import annotations

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from policies.delivery.static.objects import Objects, StoreError
from policies.services.releases.static_delivery import Result, compare, publish_all


class Command(BaseCommand):
    help = (
        "Write the signed releases in force, their signatures and the keys as objects, for any CDN "
        "or object store. Whoever may read them there needs no token."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--to",
            default=settings.PUBLISH_TO,
            metavar="ADDRESS",
            help="s3://bucket/prefix or file:///path; by default ROUTING_CONSOLE_PUBLISH_TO",
        )
        parser.add_argument(
            "--endpoint", default="", help="of an S3-compatible store, where it is not Amazon's"
        )
        parser.add_argument(
            "--only", default="", metavar="WORKFLOW[/ENVIRONMENT]", help="instead of all"
        )
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail where anything is behind"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["to"]:
            raise CommandError("Say where to: --to s3://bucket/prefix or --to file:///path.")
        try:
            objects = Objects.at(options["to"], endpoint=options["endpoint"])
            work = compare if options["check"] else publish_all
            results = work(objects, options["only"])
        except StoreError as error:
            raise CommandError(str(error)) from None
        self._tell(results, is_check=options["check"])

    def _tell(self, results: list[Result], *, is_check: bool) -> None:
        for result in results:
            done = "behind" if is_check else "written"
            state = result.trouble or (done if result.changed else "up to date")
            self.stdout.write(f"{result.place} release {result.release_number}: {state}")
        if not results:
            raise CommandError("No release is in force there.")
        failed = [result for result in results if result.trouble or (is_check and result.changed)]
        if failed:
            raise CommandError(f"{len(failed)} of {len(results)} are not as they should be.")
