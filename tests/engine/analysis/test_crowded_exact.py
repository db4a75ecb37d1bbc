"""Many wide rules that leave little: findings and witnesses are still those of brute force."""

from hypothesis import assume, given, settings

from policies.engine import Bundle, parse_request
from policies.engine.analysis import ERROR, analyse
from tests.engine.analysis.brute_force import Truth, cells
from tests.engine.analysis.crowded_bundles import crowded_bundles
from tests.engine.analysis.test_rules_exact import found_about, true_about
from tests.engine.analysis.test_witnesses import CHECKS

MOST_CELLS = 3000


@given(bundle=crowded_bundles())
@settings(max_examples=200)
def test_crowded__any_bundle__findings_are_those_of_brute_force(bundle: Bundle) -> None:
    assume(cells(bundle) <= MOST_CELLS)
    analysis, truth = analyse(bundle), Truth(bundle)
    assert found_about(analysis, "request_classification") == true_about(truth.classification)
    assert found_about(analysis, "router_policy") == true_about(truth.policy)
    keys = set(bundle.request_classification.class_keys)
    unassigned = {f.name.partition(":")[2] for f in analysis.of_kind("class_never_assigned")}
    assert unassigned == keys - truth.assigned()
    for finding in analysis.of_kind("shadowed"):
        in_policy = finding.pointer.startswith("/router_policy/")
        shadowed = (truth.policy if in_policy else truth.classification).shadowed()
        assert (finding.severity == ERROR) == shadowed[finding.rules[0]]


@given(bundle=crowded_bundles())
@settings(max_examples=200)
def test_crowded__rule_is_shadowed__the_rules_named_take_all_its_requests(bundle: Bundle) -> None:
    assume(cells(bundle) <= MOST_CELLS)
    analysis, truth = analyse(bundle), Truth(bundle)
    for finding in analysis.of_kind("shadowed"):
        in_policy = finding.pointer.startswith("/router_policy/")
        tried = truth.policy if in_policy else truth.classification
        rule, *named = finding.rules
        of_rule = [holding for holding in tried.holding if rule in holding]
        assert all(set(named) & set(holding) for holding in of_rule)
        for left_out in named:
            rest = set(named) - {left_out}
            assert not all(rest & set(holding) for holding in of_rule)


@given(bundle=crowded_bundles())
@settings(max_examples=200)
def test_crowded__any_bundle__witnesses_show_what_findings_say(bundle: Bundle) -> None:
    for finding in analyse(bundle).findings:
        if finding.witness is not None:
            CHECKS[finding.kind](bundle, finding, parse_request(finding.witness))
