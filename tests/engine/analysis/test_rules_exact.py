"""Findings about rules and classes are those of trying every request: none missed, none false."""

from hypothesis import assume, given, settings

from policies.engine import Bundle
from policies.engine.analysis import ERROR, Analysis, analyse
from tests.engine.analysis.brute_force import Tried, Truth, cells
from tests.engine.analysis.small_bundles import small_bundles

MOST_CELLS = 5000
SMALL = small_bundles(rows=False)  # what a request falls back to is nothing to a rule


def _small(bundle: Bundle) -> tuple[Analysis, Truth]:
    assume(cells(bundle) <= MOST_CELLS)
    return analyse(bundle), Truth(bundle)


def found_about(analysis: Analysis, component: str) -> dict[str, set[str]]:
    """Kind → rules (or pairs of them) of the findings about one component."""
    found: dict[str, set[str]] = {}
    for finding in analysis.findings:
        kind, _, rest = finding.name.partition(":")
        about, _, rules = rest.partition(":")
        if about == component:
            found.setdefault(kind, set()).add(rules)
    return found


def true_about(tried: Tried) -> dict[str, set[str]]:
    conflicts, exceptions = tried.overlaps()
    found = {
        "unsatisfiable": tried.unsatisfiable(),
        "shadowed": set(tried.shadowed()),
        "conflict": {":".join(pair) for pair in conflicts},
        "exception": {":".join(pair) for pair in exceptions},
        "redundant": tried.redundant(),
        "gap": {""} if tried.has_gap() else set(),
    }
    return {kind: rules for kind, rules in found.items() if rules}


@given(bundle=SMALL)
@settings(max_examples=300)
def test_class_rules__any_small_bundle__findings_are_those_of_brute_force(bundle: Bundle) -> None:
    analysis, truth = _small(bundle)
    assert found_about(analysis, "request_classification") == true_about(truth.classification)


@given(bundle=SMALL)
@settings(max_examples=300)
def test_policy_rules__any_small_bundle__findings_are_those_of_brute_force(bundle: Bundle) -> None:
    analysis, truth = _small(bundle)
    assert found_about(analysis, "router_policy") == true_about(truth.policy)


@given(bundle=SMALL)
@settings(max_examples=100)
def test_shadowed__some_requests_get_another_outcome__is_an_error(bundle: Bundle) -> None:
    analysis, truth = _small(bundle)
    for finding in analysis.of_kind("shadowed"):
        in_policy = finding.pointer.startswith("/router_policy/")
        shadowed = (truth.policy if in_policy else truth.classification).shadowed()
        assert (finding.severity == ERROR) == shadowed[finding.rules[0]]


@given(bundle=SMALL)
@settings(max_examples=200)
def test_class__any_small_bundle__unassigned_and_unruled_ones_are_found(bundle: Bundle) -> None:
    analysis, truth = _small(bundle)
    keys = set(bundle.request_classification.class_keys)
    unassigned = {f.name.partition(":")[2] for f in analysis.of_kind("class_never_assigned")}
    unruled = {f.name.partition(":")[2] for f in analysis.of_kind("class_without_rule")}
    assert unassigned == keys - truth.assigned()
    assert unruled == truth.without_rule()
