"""What the editor knows of each component document: its fields, their kinds, labels and choices.

A shape says how a place of a document is written as form controls. It does not say what is right;
the engine's parser alone does.
"""

from __future__ import annotations

from policies.engine.attributes import TYPES, VALUED
from policies.engine.classification import RISKS
from policies.engine.fallback import JITTERS
from policies.engine.metrics import COMPARISONS, LAYERS
from policies.engine.thresholds import EFFECTS
from policies.forms.authoring.shape_kinds import (
    Applies,
    Condition,
    Kind,
    Leaf,
    OneOf,
    Record,
    Rows,
    description,
    flag,
    named,
    number,
    text,
)

DERIVED_FROM = OneOf(
    {
        "keywords": Leaf(
            Kind.LINES, "Keywords, one a line", [], help="Any of them; case does not matter."
        ),
        "pattern": text("RE2 pattern", widget="code"),
    },
    label="Comes from",
    none_label="The request itself",
)

ATTRIBUTE = Record(
    {
        "name": text("Name", widget="code"),
        "type": text("Type", choices=named(TYPES)),
        "description": description(),
        "unit": text("Unit"),
        "values": Leaf(
            Kind.OPTIONAL_LINES, "Values, one a line", None, help="Left blank, any text may come."
        ),
        "derived_from": DERIVED_FROM,
    },
    applies={
        "unit": Applies("type", ("number",)),
        "values": Applies("type", VALUED),
        "derived_from": Applies("type", ("flag",)),
    },
)

CLASSIFICATION = Record(
    {
        "attributes": Rows(ATTRIBUTE, "Attributes"),
        "classes": Rows(
            Record(
                {
                    "key": text("Key", widget="code"),
                    "label": text("Label", omit_blank=True),
                    "risk": text("Risk", choices=named(RISKS)),
                    "description": description(),
                }
            ),
            "Classes",
        ),
        "rules": Rows(
            Record(
                {
                    "id": text("Name of the rule", widget="code"),
                    "description": description(),
                    "when": Condition(),
                    "class": text("Class", source="classes"),
                }
            ),
            "Rules",
            folds=True,
        ),
        "default_class": text("Class when no rule matches", source="classes"),
        "provided": Record(
            {
                "attribute": text("Attribute with the class", widget="code"),
                "confidence_attribute": text("Attribute with the confidence", widget="code"),
                "min_confidence": number("Believed from", help="Between 0 and 1."),
            },
            label="Class provided by the router",
            nullable=True,
            absent=None,
        ),
    }
)

ROUTE = Record(
    {
        "select": text(
            "How to choose",
            choices=(
                ("ordered", "First that fits, in this order"),
                ("weighted", "Weighted split"),
                ("cheapest", "Cheapest that fits"),
            ),
        ),
        "salt": text(
            "Salt of the split",
            widget="code",
            omit_blank=True,
            help="Decides who gets which model. Keep it: another one assigns everyone anew.",
        ),
        "candidates": Rows(
            Record(
                {"model": text("Model", source="models"), "weight": number("Weight", 1)},
            ),
            "Candidates",
        ),
        "earlier_weights": Leaf(
            Kind.JSON,
            "Earlier weights, oldest first",
            None,
            omit_blank=True,
            help="Kept by the console, so that a change of weights moves as few conversations as "
            "it can: edit the weights alone. [] forgets them and assigns everyone anew.",
        ),
        "constraints": Record(
            {
                "regions": Leaf(Kind.WORDS, "In one of these regions", [], source="regions"),
                "capabilities": Leaf(
                    Kind.WORDS, "With all of these capabilities", [], source="capabilities"
                ),
                "max_cost_usd": number("At most, a request", unit="USD"),
                "fits_context": flag("Only models whose context window holds the whole request"),
            }
        ),
        "on_no_candidate": text(
            "If no candidate fits",
            default="refuse",
            choices=(("refuse", "Refuse the request"), ("default", "Take the default route")),
        ),
    },
    applies={"earlier_weights": Applies("select", ("weighted",))},
)

POLICY = Record(
    {
        "rules": Rows(
            Record(
                {
                    "id": text("Name of the rule", widget="code"),
                    "description": description(),
                    "when": Condition(),
                    "route": ROUTE,
                }
            ),
            "Rules",
            folds=True,
        ),
        "default": ROUTE,
        "sticky_on": Leaf(
            Kind.OPTIONAL_TEXT,
            "A split sticks to",
            None,
            source="sticky",
            help="Requests with the same value always meet the same candidate.",
        ),
    }
)

FALLBACK = Record(
    {
        "rows": Rows(
            Record(
                {
                    "model": text("When this model fails", source="models_or_any"),
                    "class": Leaf(Kind.OPTIONAL_TEXT, "For class", None, source="optional_class"),
                    "on": Leaf(Kind.WORDS, "On", [], source="failure_kinds"),
                    "retries": Record(
                        {
                            "count": number("Retries", 0),
                            "base_ms": number("First wait", 200, unit="ms"),
                            "factor": number("Grows by", 2, unit="×"),
                            "max_ms": number("Longest wait", unit="ms", omit_blank=True),
                            "jitter": text("Jitter", default="full", choices=named(JITTERS)),
                            "honour_retry_after": flag("Honour Retry-After", True),
                        },
                        label="Retries on the same model",
                    ),
                    "then": Rows(text("Model", source="models"), "Then, in this order"),
                }
            ),
            "Rows",
            folds=True,
        ),
        "limits": Record(
            {
                "max_attempts": number("Attempts", 4),
                "deadline_ms": number("Deadline", 30_000, unit="ms"),
                "cost_cap_usd": number("Cost cap", unit="USD", help="Left blank: no cap."),
                "retry_budget": Record(
                    {
                        "ratio": number("Retries a request", 0.1),
                        "min_per_second": number("Always allowed", 1, unit="/ s"),
                    },
                    label="Retry budget",
                    nullable=True,
                ),
                "breaker": Record(
                    {
                        "failure_ratio": number("Opens at failures of", 0.5),
                        "min_requests": number("In at least", 20, unit="requests"),
                        "window_s": number("Within", 30, unit="s"),
                        "cooldown_s": number("Then rests", 15, unit="s"),
                    },
                    label="Breaker",
                    nullable=True,
                ),
                "preserve": Record(
                    {
                        "regions": flag("Regions of the route", True),
                        "capabilities": flag("Capabilities of the route", True),
                        "context": flag("Room for the request", True),
                    },
                    label="A fallback never gives up",
                ),
            }
        ),
    }
)

COMPARISON_CHOICES = tuple((found.name, found.label) for found in COMPARISONS.values())
ALONE = tuple(name for name, found in COMPARISONS.items() if not found.needs_baseline)
AGAINST_BASELINE = tuple(name for name, found in COMPARISONS.items() if found.needs_baseline)

THRESHOLDS = Record(
    {
        "thresholds": Rows(
            Record(
                {
                    "id": text("Name", widget="code"),
                    "layer": text("Layer", choices=named(LAYERS), omit_blank=True),
                    "class": text("Class", default="*", source="class_or_any"),
                    "metric": text("Metric", source="metrics"),
                    "comparison": text("Comparison", choices=COMPARISON_CHOICES),
                    "op": text("Operator", source="ops", omit_blank=True),
                    "value": number("Value"),
                    "margin": number("Margin"),
                    "relative": flag("Margin is a share of the baseline"),
                    "confidence": number("Confidence", 0.95, help="A gate needs 0.9 or more."),
                    "min_samples": number("Fewest requests", 200, help="A gate needs 30 or more."),
                    "window": text("Window", default="7d", help="Such as 24h, 7d or 4w."),
                    "effect": text("Effect", choices=named(EFFECTS)),
                    "owner": text("Owner"),
                },
                applies={
                    "value": Applies("comparison", ALONE, None),
                    "margin": Applies("comparison", AGAINST_BASELINE, None),
                    "relative": Applies("comparison", AGAINST_BASELINE, False),
                },
            ),
            "Thresholds",
            folds=True,
        )
    }
)

SHAPES: dict[str, Record] = {
    "request_classification": CLASSIFICATION,
    "router_policy": POLICY,
    "fallback_matrix": FALLBACK,
    "quality_thresholds": THRESHOLDS,
}
