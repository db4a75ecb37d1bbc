"""Each further candidate that is tried on one sealed share has less error left to pass with."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from policies.models import Environment
from policies.services.releases import publication
from policies.services.review import changes
from tests.evaluations.runs_here import evaluated, imported, required
from tests.policies.steps import approved, documents, now, proposed, published


def test_looks__of_other_candidates_at_one_sealed_share__are_counted_and_judged_so(
    staging: Environment, author: User, owner: User, tmp_path: Path
) -> None:
    required(staging, imported(staging.workflow, author, tmp_path))
    published(staging, author, [owner], owner, documents(share=0, margin=0.1))
    first, second = (
        evaluated(proposed(staging, author, documents(share=share, margin=0.1)), author)[0]
        for share in (50, 70)
    )
    assert (first.look, second.look) == (1, 2)
    asked = [run.report["gates"][0]["confidence"] for run in (first, second)]
    assert asked == pytest.approx([1 - 0.05 / 2, 1 - 0.05 / 6])
    reworded = documents(share=50, margin=0.1)
    reworded["router_policy"]["rules"][0]["description"] = "Half and half."
    assert evaluated(proposed(staging, author, reworded), author)[0].look == 1


def test_attestation__of_a_gate_judged_at_its_look__says_the_confidence_of_the_interval(
    staging: Environment, author: User, owner: User, tmp_path: Path
) -> None:
    required(staging, imported(staging.workflow, author, tmp_path))
    published(staging, author, [owner], owner, documents(share=0, margin=0.1))
    change = proposed(staging, author, documents(share=50, margin=0.1))
    [judged] = evaluated(change, author)[0].report["gates"]
    change = approved(changes.submit(now(change), acting_user=author), owner)
    attested = publication.publish(change, acting_user=owner).attestation["evidence"]["gates"]
    said = {"confidence": pytest.approx(0.975), "low": judged["low"], "high": judged["high"]}
    assert [{name: gate[name] for name in said} for gate in attested] == [said]
