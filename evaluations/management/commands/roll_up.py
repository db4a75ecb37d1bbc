"""`manage.py roll_up`: sum changed hours and days now, instead of with the next minute."""

from typing import Any

from django.core.management.base import BaseCommand

from evaluations.services.outcomes.rollups import roll_up_all


class Command(BaseCommand):
    help = "Sum every hour and day whose outcomes changed, as the scheduler does each minute."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{roll_up_all()} hours and days summed.")
