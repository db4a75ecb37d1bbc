"""Tags of the studio: one control of a draft, its problems, its buttons, its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from policies.engine import COMPARISONS, METRICS
from policies.forms.authoring.nodes import Node, element_id
from policies.templatetags.ui import icon as draw
from policies.wording import sentences

register = template.Library()

Context = dict[str, Any]
METRIC_LABELS = {name: metric.label for name, metric in METRICS.items()}
SAID = {
    "request_classification": sentences.class_rule_parts,
    "router_policy": sentences.policy_rule_parts,
}


@register.inclusion_tag("policies/authoring/studio/control.html")
def control(node: Node | None, label: str = "", hidden: bool = False, css: str = "") -> Context:
    """A control with its label, unit, help and problems; ``hidden`` hides the label from sight.

    Nothing where the member does not apply now.
    """
    if not isinstance(node, Node):
        return {"node": None}
    leaf = node.leaf
    return {
        "node": node,
        "label": label or (leaf.label if leaf else ""),
        "hidden": hidden,
        "css": css,
        "unit": leaf.unit if leaf else "",
        "help": leaf.help if leaf else "",
    }


@register.inclusion_tag("policies/authoring/studio/problems.html")
def problems(node: Node) -> Context:
    """What is wrong with a place as a whole, where its parts have controls of their own."""
    return {"node": node}


@register.inclusion_tag("policies/authoring/studio/raw.html")
def raw(node: Node, label: str = "") -> Context:
    """A place that no control can show, as JSON."""
    return {"node": node, "label": label or node.note or "As written"}


@register.filter
def has_size(comparison: str) -> bool:
    """Whether a comparison's bound is a size, so that no operator need be chosen."""
    return comparison in COMPARISONS and COMPARISONS[comparison].has_size


@register.simple_tag
def edit_button(
    action: str,
    path: str,
    label: str,
    icon: str = "",
    visible: bool = False,
    argument: str = "",
    off: bool = False,
) -> SafeString:
    """A button for one structural edit. ``visible`` shows the label, else only the icon; a button
    that is ``off`` keeps its place.
    """
    return format_html(
        '<button class="button button--small{}" type="submit" name="_edit" value="{}" id="{}"'
        "{}{}>{}{}</button>",
        "" if visible else " button--quiet button--icon",
        f"{action}:{path}:{argument}" if argument else f"{action}:{path}",
        element_id(action, f"{path}.{argument}" if argument else path),
        SafeString(" disabled") if off else "",
        "" if visible else format_html(' aria-label="{}" title="{}"', label, label),
        draw(icon) if icon else "",
        label if visible else "",
    )


@register.simple_tag
def sentence(parts: list[sentences.Part]) -> SafeString:
    """Parts as ``components/rule_sentence.html`` draws them; a function, since there are many."""
    said = format_html_join(
        " ", '<span class="sentence__{}">{}</span>', ((part.kind, part.text) for part in parts)
    )
    return format_html('<span class="sentence">{}</span>', said)


@register.simple_tag
def rule_note(rule: Any) -> str:
    """What stands under a rule's sentence: its name and description."""
    found = [rule.get("id"), rule.get("description")] if isinstance(rule, dict) else []
    return " · ".join(word for word in found if isinstance(word, str) and word)


@register.simple_tag
def threshold_note(threshold: Any) -> str:
    """What stands under a threshold's sentence."""
    if not isinstance(threshold, dict):
        return ""
    words = {
        "id": "{}",
        "window": "over {}",
        "confidence": "{} confidence",
        "min_samples": "from {} requests",
        "owner": "{}",
    }
    return " · ".join(
        words[key].format(sentences.shown(threshold[key])) for key in words if threshold.get(key)
    )


@register.simple_tag
def element(prefix: str, path: str) -> str:
    """The id of a row, a button or a live part."""
    return element_id(prefix, path)


@register.simple_tag
def rule_words(kind: str, rule: Any, units: Mapping[str, str]) -> list[sentences.Part]:
    """A rule as the parts of a sentence."""
    return SAID[kind](rule, units) if isinstance(rule, dict) else []


@register.simple_tag
def route_words(route: Any) -> list[sentences.Part]:
    return sentences.route_parts(route)


@register.simple_tag
def fallback_words(row: Any) -> list[sentences.Part]:
    return sentences.fallback_row_parts(row) if isinstance(row, dict) else []


@register.simple_tag
def threshold_words(threshold: Any) -> list[sentences.Part]:
    known = isinstance(threshold, dict)
    return sentences.threshold_parts(threshold, METRIC_LABELS) if known else []


@register.filter
def metric_label(name: Any) -> str:
    return METRIC_LABELS.get(name, str(name)) if isinstance(name, str) else str(name)


@register.filter
def metric_unit(name: Any) -> str:
    found = METRICS.get(name) if isinstance(name, str) else None
    return found.unit if found else ""


@register.filter
def bound(threshold: Any) -> str:
    """What a threshold asks of its metric."""
    return sentences.bound_text(threshold) if isinstance(threshold, dict) else ""


@register.simple_tag
def split_shares(candidates: Any) -> list[float | None]:
    """Each candidate's share of a weighted split."""
    return sentences.weight_shares(candidates)


@register.filter
def at(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


@register.filter
def readable(word: Any) -> str:
    """``rate_limit`` → ``rate limit``."""
    return str(word).replace("_", " ")


@register.filter
def as_json(value: Any) -> str:
    return sentences.indented(value)
