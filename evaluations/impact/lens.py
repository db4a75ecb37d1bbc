"""What a bundle can tell apart in requests.

Two requests with the same signature get the same decision, save where a weighted split deals
them out by a key. A signature holds, for each attribute that a condition of the bundle tests, the
cell its value lies in: between which bounds a number lies, which of the named values a category
is or a set holds. Sizes are in it only as far as a constraint or a selection asks for them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from policies.engine import Bundle, Request, Requirements
from policies.engine.conditions import Condition, Constraint, Has, In, NotIn, Range, Value
from policies.engine.request import known_size, resolve

Signature = tuple[object, ...]
OTHER = ("other",)  # a category's value that no condition names; no text equals it


class Lens:
    """The cells of one bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._sticky_on = bundle.router_policy.sticky_on
        self._values: dict[str, set[str]] = {}
        self._cuts: dict[str, list[float]] = {}
        self._note_conditions(bundle)
        self._note_provided(bundle)
        names = self._values.keys() | {self._sticky_on}
        classification = bundle.request_classification
        # Only what is tested is resolved, so that no prompt is searched in vain.
        self._classification = replace(
            classification,
            attributes=tuple(a for a in classification.attributes if a.name in names),
        )
        self._order = tuple(sorted(self._values))
        self.needs_prompt = any(
            attribute.derived_from is not None for attribute in self._classification.attributes
        )
        self._needs_sizes, self._windows = _size_needs(bundle)

    def values(self, request: Request) -> dict[str, Value]:
        """The request's values of the attributes that this bundle looks at."""
        return resolve(self._classification, request)

    def signature(self, request: Request, values: dict[str, Value]) -> Signature:
        """Equal for requests that the bundle decides alike, splits aside."""
        cells = [self._cell(name, values.get(name)) for name in self._order]
        return (*cells, *self._size(request))

    def split_key(self, request: Request, values: dict[str, Value]) -> str:
        """What a weighted split hashes, or something that tells apart at least as much."""
        sticky = values.get(self._sticky_on) if self._sticky_on else None
        return sticky if isinstance(sticky, str) else f"\0{request.request_id}"

    def _cell(self, name: str, value: Value | None) -> object:
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, str):
            return value if value in self._values[name] else OTHER
        if isinstance(value, tuple):
            return tuple(held for held in value if held in self._values[name])
        cuts = self._cuts.get(name, [])
        place = bisect_left(cuts, value)
        return (place, place < len(cuts) and cuts[place] == value)

    def room(self, tokens: int | None) -> int | None:
        """How many of the context windows that matter are too small for so many tokens."""
        if tokens is None or not self._windows:
            return None
        return bisect_left(self._windows, tokens)

    def _size(self, request: Request) -> Signature:
        sizes = Requirements(
            input_tokens=known_size(request.input_tokens),
            max_output_tokens=known_size(request.max_output_tokens),
        )
        if self._needs_sizes:
            return (sizes.input_tokens, sizes.max_output_tokens)
        return (self.room(sizes.least_tokens),)

    def _note_conditions(self, bundle: Bundle) -> None:
        for condition in _conditions(bundle):
            for box in condition.boxes:
                for name, constraint in box.tests:
                    if name != "class":
                        self._note(name, constraint)
        for cuts in self._cuts.values():
            cuts.sort()

    def _note(self, name: str, constraint: Constraint) -> None:
        named = self._values.setdefault(name, set())
        if isinstance(constraint, In | NotIn | Has):
            named.update(constraint.values)
        elif isinstance(constraint, Range):
            bounds = (constraint.gte, constraint.gt, constraint.lt, constraint.lte)
            known = self._cuts.setdefault(name, [])
            known.extend(bound for bound in bounds if bound is not None and bound not in known)

    def _note_provided(self, bundle: Bundle) -> None:
        provided = bundle.request_classification.provided
        if provided is None:
            return
        classes = bundle.request_classification.class_keys
        self._note(provided.attribute, In(classes))
        self._note(provided.confidence_attribute, Range(gte=provided.min_confidence))
        self._cuts[provided.confidence_attribute].sort()


def _conditions(bundle: Bundle) -> Iterator[Condition]:
    yield from (rule.when for rule in bundle.request_classification.rules)
    yield from (rule.when for rule in bundle.router_policy.rules)


def _size_needs(bundle: Bundle) -> tuple[bool, list[int]]:
    """Whether exact sizes matter, and else the context windows that they are held against."""
    routes = [route for _, route in bundle.router_policy.routes()]
    exact = any(
        route.select == "cheapest" or route.constraints.max_cost_usd is not None for route in routes
    )
    fits = any(route.constraints.fits_context for route in routes)
    if not fits and not bundle.fallback_matrix.limits.preserve.context:
        return exact, []
    windows = {model.context_window for model in bundle.catalogue.models.values()}
    return exact, sorted(window for window in windows if window is not None)
