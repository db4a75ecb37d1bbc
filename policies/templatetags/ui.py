"""Tags of the design system: what every page says in the same words and marks.

Each renders one partial of templates/components, so that a fragment swapped in later looks
exactly like the page it lands in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django import template
from django.forms import BoundField, CheckboxInput
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from policies.wording import numbers

register = template.Library()

register.filter("money", numbers.money)
register.filter("percent", numbers.percent)
register.filter("ms", numbers.milliseconds)
register.filter("number", numbers.number)
register.filter("compact", numbers.compact)
register.filter("signed", numbers.signed)
register.filter("span", numbers.span)
register.filter("hours", numbers.hours)

Context = dict[str, Any]


class Mark(NamedTuple):
    """How one value is shown: its word, its glyph in icons.svg, its tone in the style sheet."""

    word: str
    glyph: str
    tone: str


VERDICTS = {
    "pass": Mark("Pass", "pass", "pass"),
    "fail": Mark("Fail", "fail", "fail"),
    "inconclusive": Mark("Inconclusive", "inconclusive", "inconclusive"),
    "warning": Mark("Warning", "warning", "inconclusive"),
    "missing": Mark("Missing", "missing", "missing"),
    "not_applicable": Mark("Not applicable", "missing", "missing"),
    "running": Mark("Running", "running", "running"),
}

STATES = {
    "draft": Mark("Draft", "state-empty", "quiet"),
    "in_review": Mark("In review", "state-half", "active"),
    "changes_requested": Mark("Changes requested", "warning", "attention"),
    "approved": Mark("Approved", "state-most", "good"),
    "published": Mark("Published", "state-full", "good"),
    "superseded": Mark("Superseded", "state-off", "quiet"),
    "rejected": Mark("Rejected", "close", "bad"),
    "withdrawn": Mark("Withdrawn", "state-off", "quiet"),
    "queued": Mark("Queued", "state-empty", "quiet"),
    "running": Mark("Running", "state-half", "active"),
    "succeeded": Mark("Finished", "state-full", "good"),
    "finished": Mark("Finished", "state-full", "good"),
    "failed": Mark("Failed", "close", "bad"),
    "cancelled": Mark("Cancelled", "state-off", "quiet"),
    "active": Mark("Active", "state-full", "good"),
    "retired": Mark("Retired", "state-off", "quiet"),
    "deprecated": Mark("Deprecated", "warning", "attention"),
}


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """One symbol of icons.svg; decoration unless a label says what it means."""
    classes = f"icon {css}".strip()
    address = f"{static('img/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>',
            classes,
            label,
            address,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, address
    )


@register.inclusion_tag("components/verdict.html")
def verdict(value: str | None, style: str = "", label: str = "") -> Context:
    """One of VERDICTS; style is "", "badge" or "large"."""
    mark = VERDICTS.get(str(value), VERDICTS["missing"])
    return {"mark": mark, "word": label or mark.word, "style": style}


@register.inclusion_tag("components/state.html")
def state(value: str, label: str = "") -> Context:
    """Where a change request, a run or a release stands."""
    plain = Mark(str(value).replace("_", " ").capitalize(), "state-empty", "quiet")
    mark = STATES.get(str(value), plain)
    return {"mark": mark, "word": label or mark.word}


@register.inclusion_tag("components/digest.html")
def digest(value: str | None, length: int = 12) -> Context:
    """The first digits of a digest, the whole of it on hover and for copying."""
    whole = value or ""
    return {"whole": whole, "short": whole.removeprefix("sha256:")[:length]}


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """How long ago (or until) in words; the exact time on hover. A full stop may follow at once."""
    words = relative_words(moment, timezone.now())
    if moment is None:
        return format_html('<span class="muted">{}</span>', words)
    exact = date_format(timezone.localtime(moment), "j M Y, H:i:s e")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, words)


@register.inclusion_tag("components/person.html")
def person(user: object, name: str = "") -> Context:
    """Initials and name of a person; "Someone" never: an unknown person shows as system."""
    full = name or _name_of(user)
    initials = "".join(part[0] for part in full.replace(".", " ").split()[:2]).upper()
    return {"name": full, "initials": initials}


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, label: str = "", css: str = "", unit: str = "", *, is_asked: bool = False
) -> Context:
    """One form field: label, control, help and errors, joined by aria-describedby.

    `is_asked`: where it is shown it has an answer, though the form as a whole does without.
    """
    return {
        "field": bound,
        "is_optional": not bound.field.required and not is_asked,
        "label": label or bound.label,
        "css": css,
        "unit": unit,
        "is_checkbox": isinstance(bound.field.widget, CheckboxInput),
        "error_id": f"{bound.auto_id}_error",
        "help_id": f"{bound.auto_id}_helptext",
    }


@register.inclusion_tag("components/empty.html")
def empty(title: str, text: str = "", url: str = "", action: str = "", size: str = "") -> Context:
    """Nothing here yet: says why, and offers the next step."""
    return {"title": title, "text": text, "url": url, "action": action, "size": size}


@register.inclusion_tag("components/progress.html")
def progress(done: float, total: float, label: str = "", left: str = "") -> Context:
    """How far long work has come, in a bar and in words, with the time left if known."""
    share = min(1.0, done / total) if total else 0.0
    return {"done": done, "total": total, "share": share, "label": label, "left": left}


@register.inclusion_tag("components/stat.html")
def stat(label: str, value: str, **more: Any) -> Context:
    """A figure with its target, verdict and trend.

    more: unit, target, verdict, verdict_word (in place of its own), trend (up, down, flat),
    trend_text, trend_tone (good, bad, ""), url, series (numbers for a sparkline), series_target,
    note.
    """
    return {"label": label, "value": value, **more}


def relative_words(moment: datetime | None, now: datetime) -> str:
    """Time between two moments as a person would say it: "5 min ago", "in 2 days"."""
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    size = abs(seconds)
    if size < 45:
        return "just now" if seconds >= 0 else "in a moment"
    words = _largest_unit(size)
    return f"{words} ago" if seconds >= 0 else f"in {words}"


def _largest_unit(seconds: float) -> str:
    units = ((31_557_600, "year"), (2_629_800, "month"), (604_800, "week"), (86_400, "day"))
    for length, name in units:
        count = round(seconds / length)
        if seconds >= length * (2 if name == "week" else 1):
            return f"{count} {name}{'s' if count != 1 else ''}"
    if seconds >= 3600:
        return f"{round(seconds / 3600)} h"
    return f"{max(1, round(seconds / 60))} min"


def _name_of(user: object) -> str:
    full = getattr(user, "get_full_name", None)
    if user is None:
        return "System"
    return str((full() if callable(full) else "") or user)
