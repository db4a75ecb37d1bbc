"""Findings as they are kept with a change request and shown on its page."""

import copy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from evaluations.demo import scenario
from policies.engine import analysis as engine_analysis
from policies.engine import compose
from policies.governance.static_checks import MOST_LISTED, findings_of
from policies.models import ChangeRequest, Environment
from policies.models.changes import CheckKind, Verdict
from policies.services.review import changes, checks
from tests.engine.analysis import documents as small
from tests.policies.steps import documents, now, proposed

CONFLICT = "conflict:request_classification:c1:long"
SHADOWED = "shadowed:request_classification:again"


def _with_class_rules(*rules: dict[str, Any]) -> dict[str, Any]:
    """The usual documents with more rules of the classification."""
    made = copy.deepcopy(documents())
    made["request_classification"]["rules"] += rules
    return made


LONG = {"id": "long", "when": {"prompt_tokens": {"gte": 8000}}, "class": "simple"}
AGAIN = {"id": "again", "when": {"task": {"in": ["code"]}}, "class": "simple"}


def _verdict(change: ChangeRequest) -> tuple[str, str]:
    check = checks.newest(now(change), CheckKind.STATIC_ANALYSIS)
    assert check is not None
    return check.verdict, check.summary


def _conflicting(pairs: int) -> dict[str, Any]:
    """A bundle in which a rule is in conflict with that many later ones, which agree."""
    later = {
        f"c{index}": ({"task": {"in": ["code"]}, "tokens": {"gte": index, "lt": index + 1}}, "hard")
        for index in range(pairs)
    }
    return small.bundle(class_rules={"vips": ({"vip": True}, "easy"), **later}).to_json()


def test_analysis__ordinary_documents__pass_with_notes_only(
    staging: Environment, author: User
) -> None:
    verdict, summary = _verdict(proposed(staging, author))
    assert verdict == Verdict.PASS
    assert summary.startswith("No errors and no warnings.")


def test_analysis__conflict__fails_until_it_is_acknowledged_by_name(
    staging: Environment, author: User
) -> None:
    change = proposed(staging, author, _with_class_rules(LONG))
    assert _verdict(change) == (Verdict.FAIL, "1 warning not acknowledged.")
    changes.acknowledge(now(change), [CONFLICT], acting_user=author)
    assert _verdict(change) == (Verdict.PASS, "1 warning, all acknowledged.")


def test_analysis__rule_never_reached__is_an_error_that_cannot_be_acknowledged(
    staging: Environment, author: User
) -> None:
    change = proposed(staging, author, _with_class_rules(AGAIN))
    changes.acknowledge(now(change), [SHADOWED], acting_user=author)
    assert _verdict(change) == (Verdict.FAIL, "1 error.")


def test_page__conflict__shows_word_sentence_witness_and_a_way_to_try_it(
    client: Client, staging: Environment, author: User
) -> None:
    change = proposed(staging, author, _with_class_rules(LONG))
    client.force_login(author)
    page = client.get(change.get_absolute_url()).content.decode()
    assert "<span>Warning</span>" in page
    assert "&quot;c1&quot; comes first and wins" in page
    assert "&quot;prompt_tokens&quot;: 10000" in page
    assert f"?change={change.number}&amp;a.task=code&amp;a.prompt_tokens=10000" in page
    assert f'name="warning" value="{CONFLICT}"' in page


def test_page__notes__ask_for_no_acknowledgement(
    client: Client, staging: Environment, author: User
) -> None:
    change = proposed(staging, author)
    client.force_login(author)
    page = client.get(change.get_absolute_url()).content.decode()
    assert "(informational)" in page
    assert 'name="warning"' not in page


def test_findings__documents_that_do_not_fit__are_errors_of_the_documents() -> None:
    made = {**small.bundle().to_json(), "router_policy": {"schema": 1}}
    (finding,) = findings_of(made)
    assert (finding.severity, finding.pointer) == ("error", "/router_policy/default")


def test_findings__more_of_a_kind_than_anybody_reads__are_one_that_stands_for_exactly_these() -> (
    None
):
    found = [f for f in findings_of(_conflicting(MOST_LISTED + 5)) if f.kind == "conflict"]
    assert len(found) == MOST_LISTED + 1
    assert found[-1].sentence.startswith("5 more findings")
    more = [f for f in findings_of(_conflicting(MOST_LISTED + 6)) if f.kind == "conflict"]
    assert more[-1].name != found[-1].name


@pytest.mark.parametrize(
    "policy", [scenario.FIRST_POLICY, scenario.SECOND_POLICY, scenario.PROPOSED_POLICY]
)
def test_findings__demo_documents__are_notes_only(policy: dict[str, Any]) -> None:
    models = {
        name: {
            "provider": provider,
            "context_window": window,
            "regions": regions,
            "capabilities": capabilities,
            "input_usd_per_mtok": float(sent),
            "output_usd_per_mtok": float(written),
        }
        for name, (provider, _, window, regions, capabilities, sent, written) in (
            scenario.MODELS.items()
        )
    }
    catalogue = {"providers": {key: {} for key in scenario.PROVIDERS}, "models": models}
    found = findings_of(compose(scenario.documents(policy), catalogue))
    assert {finding.severity for finding in found} == {"info"}


def test_findings__of_the_same_content_again__are_not_computed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = _conflicting(3)
    first = findings_of(content)
    monkeypatch.setattr(engine_analysis, "analyse", lambda bundle: pytest.fail("looked again"))
    assert findings_of(copy.deepcopy(content)) == first
    with pytest.raises(pytest.fail.Exception):
        findings_of(_conflicting(4))
