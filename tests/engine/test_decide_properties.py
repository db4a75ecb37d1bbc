"""Deciding is total, deterministic and keeps its own promises, whatever the request."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given

from policies.engine import Bundle, Request, check_request, decide
from policies.engine.request import resolve
from tests.engine.strategies import bundles, requests


@given(bundles(), requests())
def test_decide__any_request__is_total_and_deterministic(bundle: Bundle, request: Request) -> None:
    first = decide(bundle, request)
    again = decide(bundle, Request(**{name: getattr(request, name) for name in FIELDS}))
    assert first == again
    assert first.class_key in bundle.request_classification.class_keys
    assert (first.model is None) == (first.refused is not None) == (not first.candidates)


FIELDS = tuple(Request.__dataclass_fields__)


@given(bundles(), requests())
def test_decide__every_candidate__is_either_admissible_or_excluded_once(
    bundle: Bundle, request: Request
) -> None:
    decision = decide(bundle, request)
    routes = dict(bundle.router_policy.routes())
    tried = [routes[decision.policy_rule]]
    if decision.fell_to_default:
        tried.append(bundle.router_policy.default)
    seen = [*decision.candidates, *(out.model for out in decision.excluded)]
    assert sorted(seen) == sorted(c.model for route in tried for c in route.candidates)
    assert all(out.sentence.endswith(".") for out in decision.excluded)


@given(bundles(), requests())
def test_decide__chosen_model__meets_the_constraints_that_can_be_checked(
    bundle: Bundle, request: Request
) -> None:
    decision = decide(bundle, request)
    for name in decision.candidates:
        model, wanted = bundle.catalogue.models[name], decision.requirements
        assert model.status != "retired"
        assert not wanted.regions or set(wanted.regions) & set(model.regions)
        assert set(wanted.capabilities) <= set(model.capabilities)


@given(bundles(), requests())
def test_decide__without_what_check_request_reports__decides_the_same(
    bundle: Bundle, request: Request
) -> None:
    """Of a set only the values that are not declared go; the others are used."""
    unusable = {
        problem.pointer.removeprefix("/attributes/") for problem in check_request(bundle, request)
    }
    kept: dict[str, Any] = {}
    for name, value in request.attributes.items():
        if name not in unusable:
            kept[name] = value
        elif isinstance(value, list | tuple) and (held := _declared_texts(bundle, name, value)):
            kept[name] = held
    cleaned = Request(
        attributes=kept,
        prompt=request.prompt,
        request_id=request.request_id,
        input_tokens=request.input_tokens,
        max_output_tokens=request.max_output_tokens,
    )
    assert decide(bundle, cleaned) == decide(bundle, request)
    assert not check_request(bundle, cleaned)


def _declared_texts(bundle: Bundle, name: str, given_texts: Sequence[Any]) -> tuple[str, ...]:
    attribute = bundle.request_classification.declared.get(name)
    if attribute is None or attribute.type != "set" or attribute.values is None:
        return ()
    if not all(isinstance(text, str) for text in given_texts):
        return ()
    return tuple(text for text in given_texts if text in attribute.values)


@given(bundles(), requests())
def test_resolve__any_request__yields_values_of_the_declared_types(
    bundle: Bundle, request: Request
) -> None:
    types = {"number": float, "category": str, "flag": bool, "set": tuple}
    declared = bundle.request_classification.declared
    for name, value in resolve(bundle.request_classification, request).items():
        assert type(value) is types[declared[name].type]
