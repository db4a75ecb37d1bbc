"""Where chains of attempts begin: which models reached rules choose first, for which classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..bundle import Bundle
from ..decision import decide
from ..request import Request
from ..routing import DEFAULT_RULE, Route
from ..suitability import Requirements
from .findings import Witness
from .reach import Reach
from .route_effects import able
from .rule_lists import RuleList
from .space import Space
from .undecided import Ledger
from .witnesses import attributes_in, telling_sizes, witness_of_model

# Input and output tokens in all proportions, for routes that choose the cheapest.
PROPORTIONS = tuple(
    (1000 * sent, 1000 * written)
    for sent, written in ((1, 0), (100, 1), (10, 1), (3, 1), (1, 1), (1, 3), (1, 10), (0, 1))
)


@dataclass(frozen=True, slots=True)
class Start:
    """Requests of some classes that a rule sends to ``model``.

    ``classes`` is empty where the fallback matrix treats all alike. ``route`` is the one that
    chose the model: the rule's own or the default. ``box`` holds the requests.
    """

    rule_id: str
    classes: tuple[str, ...]
    route: Route
    model: str
    box: int

    @property
    def class_key(self) -> str:
        """A class that stands for all of ``classes``."""
        return self.classes[0] if self.classes else ""

    @property
    def requirements(self) -> Requirements:
        limits = self.route.constraints
        return Requirements(regions=limits.regions, capabilities=limits.capabilities)

    def witness(self, bundle: Bundle, space: Space) -> Witness | None:
        return witness_of_model(bundle, space, self.box, self.rule_id, self.model)


def starts_of(bundle: Bundle, reach: Reach, ledger: Ledger) -> list[Start]:
    """Every first model of every reached rule and of the default route."""
    found: list[Start] = []
    groups = _class_groups(bundle)
    rules: Sequence[tuple[str, int | None]] = [
        *((rule.id, rule.index) for rule in reach.list.rules if reach.decides(rule)),
        (DEFAULT_RULE, None),
    ]
    for rule_id, index in rules:
        for classes in groups:
            with ledger.question("chains", "router_policy", rule_id):
                box = _box_of(reach, index, classes)
                if box is not None:
                    firsts = _first_models(bundle, reach.list.space, rule_id, box)
                    found += [Start(rule_id, classes, route, m, box) for route, m in firsts]
    return found


def _class_groups(bundle: Bundle) -> list[tuple[str, ...]]:
    """Classes that the matrix tells apart; one empty group where it tells none apart."""
    named = {row.class_key for row in bundle.fallback_matrix.rows if row.class_key is not None}
    keys = bundle.request_classification.class_keys
    if not named:
        return [()]
    rest = tuple(key for key in keys if key not in named)
    return [*((key,) for key in keys if key in named), *([rest] if rest else [])]


def _box_of(reach: Reach, index: int | None, classes: tuple[str, ...]) -> int | None:
    """Requests of these classes that the rule, or else the default, decides."""
    rules: RuleList = reach.list
    if index is None:
        within = rules.space.of_class(classes) if classes else rules.space.full
        return rules.ask(within, rules.all_covers())
    if not classes:
        return reach.deciding[index][0].box
    rule, of_class = rules.rules[index], rules.space.of_class(classes)
    for cover in rule.boxes:
        if rules.space.is_box(cover.box & of_class):
            found = rules.ask(cover.box & of_class, rules.before(rule))
            if found is not None:
                return found
    return None


def _first_models(
    bundle: Bundle, space: Space, rule_id: str, box: int
) -> Iterator[tuple[Route, str]]:
    """(route, model) of every first choice; sizes are tried where they make a difference."""
    default = bundle.router_policy.default
    route = dict(bundle.router_policy.routes())[rule_id]
    if _is_fixed(bundle, route):
        yield from ((route, model) for model in _static_choices(bundle, route))
        return
    plain = Request(attributes=attributes_in(space, box))
    sizes = [(None, None), *telling_sizes(bundle, route), *telling_sizes(bundle, default)]
    seen: dict[tuple[Route, str], None] = {}
    for sent, written in (*sizes, *PROPORTIONS):
        request = Request(plain.attributes, input_tokens=sent, max_output_tokens=written)
        decision = decide(bundle, request)
        chosen = default if decision.fell_to_default else route
        models = decision.candidates if chosen.select == "weighted" else decision.candidates[:1]
        seen |= dict.fromkeys((chosen, model) for model in models)
    yield from seen


def _is_fixed(bundle: Bundle, route: Route) -> bool:
    """Whether sizes make no difference to the first choice."""
    limits = route.constraints
    sized = limits.max_cost_usd is not None or limits.fits_context
    falls = route.on_no_candidate == "default" and not able(bundle.catalogue, route)
    return not sized and not falls and route.select != "cheapest"


def _static_choices(bundle: Bundle, route: Route) -> list[str]:
    models = [candidate.model for candidate in able(bundle.catalogue, route)]
    return models if route.select == "weighted" else models[:1]
