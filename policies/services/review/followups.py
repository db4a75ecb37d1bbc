"""What is to be computed when a change request has new content or a new base, or is submitted.

Who brings evidence is wiring, not ours to know: `settings.TASKS_ON_NEW_CONTENT` and
`settings.TASKS_ON_SUBMISSION` name the tasks.
"""

from __future__ import annotations

import logging
from functools import partial

from celery import current_app
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from kombu.exceptions import OperationalError

from policies.models import ChangeRequest

logger = logging.getLogger(__name__)


def content_is_new(change: ChangeRequest) -> None:
    """Queue every such task with the change request's id, once this is in the database."""
    for name in settings.TASKS_ON_NEW_CONTENT:
        transaction.on_commit(partial(_queue, name, change.pk))


def is_submitted(change: ChangeRequest, acting_user: User) -> None:
    """Queue every such task with the change request's id and that of who submitted it."""
    for name in settings.TASKS_ON_SUBMISSION:
        transaction.on_commit(partial(_queue, name, change.pk, acting_user.pk))


def _queue(name: str, *ids: int) -> None:
    """A broker that is down loses no content: the scheduler finds what is not computed, and the
    page offers what a submission would have started.
    """
    try:
        current_app.send_task(name, ids, retry=False)
    except OperationalError as error:
        logger.warning("The broker does not answer (%s); %s waits for the scheduler.", error, name)
