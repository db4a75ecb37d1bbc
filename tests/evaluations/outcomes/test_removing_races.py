"""What a token reported is taken back while others report and sum: nothing of it stays counted, and
nobody waits for one another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.db import connection

from evaluations.models import Grain, Outcome, OutcomeRollup, OutcomeSummary
from evaluations.services.outcomes import ingestion, removing
from evaluations.services.outcomes.ingestion import ingest, take_feedback
from evaluations.services.outcomes.removing import remove_reported
from evaluations.services.outcomes.rollups import mark, roll_up
from policies.models import Release, RouterToken
from policies.services.routers.tokens import issue_router_token
from tests.evaluations.outcome_cast import HOUR, NOW, event, minute_sums
from tests.evaluations.outcomes.test_rollups_races import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def token(release: Release, owner: User) -> RouterToken:
    token, _ = issue_router_token(release.environment, "bad", acting_user=owner)
    return token


def after(original: Callable[..., Any], then: Callable[[], None]) -> Callable[..., Any]:
    """The original, with something that happens once it was called first."""
    left = [then]

    def call(*given: Any, **named: Any) -> Any:
        result = original(*given, **named)
        if left:
            left.pop()()
        return result

    return call


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="one writer at a time")
def test_removal__of_what_comes_in_between_and_is_summed__leaves_sums_and_rows_in_step(
    token: RouterToken, owner: User, release: Release
) -> None:
    """The token was not revoked: another hour's reports come and are summed before rows go."""
    ingest(token.environment, [event("a"), minute_sums("a")], now=NOW, token=token)
    roll_up(release.workflow)

    def come_in_between() -> None:
        earlier = (NOW - 3 * HOUR).replace(second=0).isoformat()
        more = [event("b", time=earlier), minute_sums("b", minute=earlier)]
        in_threads(
            lambda: (
                ingest(token.environment, more, now=NOW, token=token),
                roll_up(release.workflow),
            )
        )

    class Before:
        """Lets something happen before the first row goes."""

        done = False

        def __call__(self, execute: Any, sql: str, *given: Any) -> Any:
            if sql.startswith("DELETE") and not self.done:
                self.done = True
                come_in_between()
            return execute(sql, *given)

    with connection.execute_wrapper(Before()):
        remove_reported(token, acting_user=owner)
    roll_up(release.workflow)
    kept = Outcome.objects.count() + sum(OutcomeSummary.objects.values_list("requests", flat=True))
    summed = OutcomeRollup.objects.filter(grain=Grain.HOUR).values_list("requests", flat=True)
    assert sum(summed) == kept


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="one writer at a time")
def test_removal__while_feedback_comes_on_what_goes__ends_for_both(
    token: RouterToken, owner: User, release: Release
) -> None:
    ingest(token.environment, [event("a")], now=NOW, token=token)
    marked, locked = threading.Event(), threading.Event()

    def wait_for_lock() -> None:
        marked.set()
        locked.wait(timeout=1)

    def wait_for_mark() -> None:
        locked.set()
        marked.wait(timeout=1)

    def tell() -> None:
        told = [{"request_id": "a", "labelled_class": "complex"}]
        take_feedback(token.environment, told, now=NOW)

    found = after(ingestion._outcomes_by_id, wait_for_mark)
    with (
        mock.patch.object(removing, "mark", after(mark, wait_for_lock)),
        mock.patch.object(ingestion, "_outcomes_by_id", found),
    ):
        in_threads(tell, lambda: remove_reported(token, acting_user=owner))
    assert not Outcome.objects.exists()
