"""The tags that pages are built from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.template import Context, Template

from policies.templatetags.marks import axis_of
from policies.templatetags.ui import relative_words

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rendered(source: str, **context: object) -> str:
    return Template("{% load ui marks %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("value", "word"),
    [("pass", "Pass"), ("fail", "Fail"), ("inconclusive", "Inconclusive"), ("missing", "Missing")],
)
def test_verdict__of_each_kind__has_a_glyph_and_a_word(value: str, word: str) -> None:
    html = rendered("{% verdict value %}", value=value)
    assert f"#{value}" in html
    assert f"<span>{word}</span>" in html


def test_verdict__that_is_unknown__is_missing_and_never_a_pass() -> None:
    assert "Missing" in rendered("{% verdict value %}", value=None)


def test_field__with_an_error__ties_it_to_its_control() -> None:
    class Named(forms.Form):
        title = forms.CharField(help_text="One line.")

    html = rendered("{% field form.title %}", form=Named({"title": ""}))
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_title_error"' in html
    assert 'id="id_title_helptext"' in html


def test_field__with_markup_in_its_help__shows_it_as_text() -> None:
    class Named(forms.Form):
        title = forms.CharField(help_text="<b>x</b>")

    assert "<b>" not in rendered("{% field form.title %}", form=Named())


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=9), "9 days ago"),
        (timedelta(days=21), "3 weeks ago"),
        (timedelta(days=61), "2 months ago"),
        (timedelta(days=-2), "in 2 days"),
    ],
)
def test_time__at_some_distance__reads_as_a_person_would_say_it(
    back: timedelta, words: str
) -> None:
    assert relative_words(NOW - back, NOW) == words


def test_ago__before_a_full_stop__leaves_no_gap() -> None:
    assert rendered("since {% ago at %}.", at=NOW).endswith("</time>.")
    assert "<span" in rendered("{% ago at %}", at=None)


def test_time__that_never_came__says_never() -> None:
    assert relative_words(None, NOW) == "never"


def test_sparkline__with_a_gap__draws_two_lines() -> None:
    assert rendered("{% sparkline v %}", v=[1, 2, None, 2, 3]).count("<polyline") == 2


def test_sparkline__of_one_value__draws_nothing() -> None:
    assert "<svg" not in rendered("{% sparkline v %}", v=[1, None])


def test_whisker__past_the_axis__points_outwards() -> None:
    html = rendered("{% whisker low 0.0 high axis %}", low=-2.0, high=0.5, axis=(-1.0, 1.0))
    assert html.count("whisker__beyond") == 1


def test_axis__over_several_intervals__holds_zero_and_the_margins() -> None:
    low, high = axis_of([(0.1, 0.2), (0.3, 0.4)], -0.05)
    assert low < -0.05
    assert high > 0.4
