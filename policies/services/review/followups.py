"""What is to be computed anew when a change request has new content or a new base.

Who brings evidence is wiring, not ours to know: `settings.TASKS_ON_NEW_CONTENT` names the tasks.
"""

from __future__ import annotations

import logging
from functools import partial

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from policies.models import ChangeRequest

logger = logging.getLogger(__name__)


def content_is_new(change: ChangeRequest) -> None:
    """Queue every such task with the change request's id, once this is in the database."""
    for name in settings.TASKS_ON_NEW_CONTENT:
        transaction.on_commit(partial(_queue, name, change.pk))


def _queue(name: str, change_id: int) -> None:
    """A broker that is down loses nothing: the scheduler finds what is not computed."""
    try:
        current_app.send_task(name, (change_id,), retry=False)
    except OperationalError as error:
        logger.warning("The broker does not answer (%s); %s waits for the scheduler.", error, name)
