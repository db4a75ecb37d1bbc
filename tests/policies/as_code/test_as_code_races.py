"""Pipelines at once: the same files are proposed as one change request, whoever comes first."""

import pytest
from django.contrib.auth.models import User

from policies.files.workflow_files import Header, read_files, write_files
from policies.models import ChangeRequest, Draft, Environment
from policies.services.as_code import proposing
from policies.services.as_code.proposing import Outcome, Proposal
from tests.policies.review.test_change_request_races import THREADS, at_once
from tests.policies.steps import documents

pytestmark = pytest.mark.django_db(transaction=True)


def test_propose__the_same_files_at_once__opens_one_change_request(
    staging: Environment, author: User
) -> None:
    files = read_files(write_files(Header(staging.workflow.slug), documents()))

    def propose() -> Proposal:
        return proposing.propose(staging, files, "From Git", "Merged.", acting_user=author)

    made = at_once([propose] * THREADS)
    outcomes = sorted(one.outcome for one in made if isinstance(one, Proposal))
    assert outcomes == [Outcome.EXISTS] * (THREADS - 1) + [Outcome.OPENED]
    assert ChangeRequest.objects.count() == Draft.objects.count() == 1
