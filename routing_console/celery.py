"""The Celery application: `celery -A routing_console worker`."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

from routing_console.parent_death import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routing_console.settings")

app = Celery("routing_console")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def _leave_no_orphans(**_: Any) -> None:
    # A killed worker cannot tell its pool to stop, and a pool process would wait for ever.
    die_with_parent()
