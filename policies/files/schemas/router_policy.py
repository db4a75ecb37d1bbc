"""The schema of ``router_policy``."""

from __future__ import annotations

from policies.engine.routing import (
    DEFAULT_RULE,
    MOST_EARLIER_WEIGHTS,
    ON_NO_CANDIDATE,
    SELECTIONS,
    Candidate,
    Constraints,
    Route,
)
from policies.files.schemas.conditions import CONDITION, DEFINITIONS
from policies.files.schemas.keywords import (
    SCHEMA_NUMBER,
    Schema,
    choice,
    flag,
    listing,
    nullable,
    number,
    record,
    when,
    words,
)
from policies.files.schemas.names import key, label, model, remark

_UNCONSTRAINED = Constraints().to_json()
_ROUTE: Schema = {"$ref": "#/$defs/route"}


def _candidate() -> Schema:
    return record(
        {
            "model": model("A model of the catalogue, by its name."),
            "weight": number(
                at_least=0,
                description="Its share of a weighted split, against the sum of all weights. Other "
                "selections do not use it.",
                default=Candidate("").weight,
            ),
        },
        required=("model",),
        title="Candidate",
        description="A model that the route may choose; each stands once.",
    )


def _earlier_weights() -> Schema:
    weights = {
        "type": "object",
        "title": "Weights",
        "description": "Models and their weights.",
        "properties": {},
        "propertyNames": model("A model; the catalogue need not have it any more."),
        "additionalProperties": number(above=0, description="Its weight then."),
        "minProperties": 1,
    }
    return listing(
        weights,
        maxItems=MOST_EARLIER_WEIGHTS,
        description="The weights that a weighted split had before, oldest first, so that a change "
        "of weights moves as few conversations as it can. [] deals everyone out by the present "
        "weights alone. Default: those in force, which the console keeps.",
    )


def _constraints() -> Schema:
    return record(
        {
            "regions": words(
                key("A region of the catalogue."),
                description="A candidate must be served in one of these. Empty: anywhere.",
                default=_UNCONSTRAINED["regions"],
            ),
            "capabilities": words(
                key("A capability of the catalogue, such as tools or vision."),
                description="A candidate must have all of these.",
                default=_UNCONSTRAINED["capabilities"],
            ),
            "max_cost_usd": nullable(
                number(
                    above=0,
                    description="The most that the request may be estimated to cost, in US "
                    "dollars. null: no limit.",
                    default=_UNCONSTRAINED["max_cost_usd"],
                )
            ),
            "fits_context": flag(
                description="Whether the whole request must fit into the model's context window.",
                default=_UNCONSTRAINED["fits_context"],
            ),
        },
        title="Constraints",
        description="What a candidate must offer; others are left out.",
        default={},
    )


def _route() -> Schema:
    members = {
        "select": choice(
            SELECTIONS,
            description="ordered: the first candidate that is left. weighted: a split by weights. "
            "cheapest: the lowest estimated cost.",
        ),
        "salt": label(
            "What a weighted split is drawn with; keep it and nobody is moved by other edits. "
            f'Default: the rule\'s id, "{DEFAULT_RULE}" for the default route.'
        ),
        "candidates": listing(
            _candidate(), minItems=1, description="The models that the route may choose from."
        ),
        "earlier_weights": _earlier_weights(),
        "constraints": _constraints(),
        "on_no_candidate": choice(
            ON_NO_CANDIDATE,
            description="Where no candidate is left. refuse: the request is refused. default: the "
            "default route is asked.",
            default=Route("", (), "").on_no_candidate,
        ),
    }
    # A candidate without a weight has one above 0.
    drawn = {"contains": {"properties": {"weight": {"exclusiveMinimum": 0}}}}
    return record(
        members,
        required=("select", "candidates"),
        title="Route",
        description="Which model answers.",
        allOf=[when("select", ["weighted"], {"properties": {"candidates": drawn}})],
    )


def _rule() -> Schema:
    identifier = key(
        f'Names the rule in decisions, traces and reviews; each differs. Not "{DEFAULT_RULE}".',
        **{"not": {"const": DEFAULT_RULE}},
    )
    return record(
        {
            "id": identifier,
            "description": remark("the rule"),
            "when": CONDITION,
            "route": _ROUTE,
        },
        required=("id", "when", "route"),
        title="Rule",
        description="The first rule whose condition holds gives the route. Conditions may test "
        "class beside the attributes.",
    )


def _default_route() -> Schema:
    last = {"properties": {"on_no_candidate": {"const": "refuse"}}}
    return {
        **_ROUTE,
        **last,
        "description": "The route where no rule holds; its last resort is to refuse.",
    }


DOCUMENT: Schema = {
    **record(
        {
            "schema": SCHEMA_NUMBER,
            "rules": listing(
                _rule(), description="Tried in this order; the first that holds wins.", default=[]
            ),
            "default": _default_route(),
            "sticky_on": nullable(
                key(
                    "The category whose value keeps a conversation on one candidate. null: each "
                    "request is drawn by its own id.",
                    default=None,
                )
            ),
        },
        required=("schema", "default"),
        title="Router policy",
        description="Which model answers a request.",
    ),
    "$defs": {**DEFINITIONS, "route": _route()},
}
