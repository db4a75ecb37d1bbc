"""What the reader of YAML refuses, where it says so, and how it would be mended."""

import pytest

from policies.files.yaml_text import YamlError, load_component, load_yaml
from policies.files.yaml_text.reading import MAX_CHARACTERS, MAX_VALUES

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def wrong(text: str) -> YamlError:
    with pytest.raises(YamlError) as caught:
        load_yaml(text)
    return caught.value


def test_words_of_yaml_1_1__plain__are_texts() -> None:
    text = "on: off\nyes: no\nday: 2026-01-31\ntime: 1:30\nhex: 0x1f\n"
    expected = {"on": "off", "yes": "no", "day": "2026-01-31", "time": "1:30", "hex": "0x1f"}
    assert load_yaml(text).value == expected


def test_core_words__plain__are_values() -> None:
    text = "[true, False, null, ~, 12, -0.5, 1e-9, 1.]"
    assert load_yaml(text).value == [True, False, None, None, 12, -0.5, 1e-9, 1.0]


def test_quoted_words__any_quotes__are_texts() -> None:
    text = "- 'true'\n- \"12\"\n- |-\n  null\n"
    assert load_yaml(text).value == ["true", "12", "null"]


def test_key__twice__is_refused_with_both_lines() -> None:
    error = wrong("rules:\n  - id: a\n    id: b\n")
    assert error.problems[0].pointer == "/rules/0/id"
    assert error.problems[0].message == (
        "is written twice, first in line 2; keep one (line 3, column 5)"
    )


@pytest.mark.parametrize("text", [BOMB, "a: &x 1\nb: *x\n", "<<: &x {a: 1}\nb: {<<: *x}\n"])
def test_anchors__any__are_refused_and_never_followed(text: str) -> None:
    assert "must not use anchors or aliases" in wrong(text).problems[0].message


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!str", "!own"])
def test_tag__any__is_refused(tag: str) -> None:
    assert "must not use tags" in wrong(f"a: {tag} x\n").problems[0].message


@pytest.mark.parametrize("text", ["1: a\n", "true: a\n", "~: a\n", "? [a, {b: c}]\n: d\ne: f\n"])
def test_key__no_text__is_refused(text: str) -> None:
    assert "must have texts as keys" in wrong(text).problems[0].message


@pytest.mark.parametrize("number", ["1e999", ".nan", "-.inf", "9007199254740993", "9" * 5000])
def test_number__beyond_a_double__is_refused_where_it_stands(number: str) -> None:
    error = wrong(f"a:\n  - 1\n  - {number}\n")
    assert (error.problems[0].pointer, error.marks[0].line) == ("/a/1", 3)


@pytest.mark.parametrize(
    ("text", "line", "mend"),
    [
        ("a:\n\t- b\n", 2, "indent with spaces"),
        ("a: b: c\n", 1, "put text with"),
        ("a: [1,\n  2\nb: 3\n", 3, "close the bracket"),
        ("a:\n  b: 1\n c: 2\n", 3, "one indentation"),
        ('a: "b\n', 2, "close the quotes"),
        ("a: \x01\n", 1, "take that character out"),
        ("a: 1\n---\nb: 2\n", 2, "one document"),
    ],
)
def test_syntax__wrong__names_the_line_and_the_mend(text: str, line: int, mend: str) -> None:
    error = wrong(text)
    assert error.marks[-1].line == line
    assert mend in error.problems[-1].message


def test_size__beyond_bounds__is_refused_at_once() -> None:
    assert "characters" in wrong("#" * (MAX_CHARACTERS + 1)).problems[0].message
    assert "values" in wrong("[" + "a," * (MAX_VALUES + 1) + "]").problems[0].message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting__endless__is_refused(opening: str) -> None:
    wrong(opening * 5000)


def test_several_mistakes__one_text__are_told_together_in_order() -> None:
    error = wrong("a: 1e999\nb: 1\nb: 2\nc: !x y\n")
    assert [mark.line for mark in error.marks] == [1, 3, 4]


def test_component__wrong_value__points_at_its_line() -> None:
    text = "schema: 1\nthresholds:\n  - id: q\n    metric: speed\n    comparison: absolute\n"
    with pytest.raises(YamlError) as caught:
        load_component("quality_thresholds", text)
    told = {
        problem.pointer: mark.line
        for problem, mark in zip(caught.value.problems, caught.value.marks, strict=True)
    }
    # A missing member has no line of its own, so that of its entry is named.
    assert told == {
        "/thresholds/0/metric": 4,
        "/thresholds/0/value": 3,
        "/thresholds/0/effect": 3,
    }


def test_component__empty_text__says_what_is_missing() -> None:
    with pytest.raises(YamlError) as caught:
        load_component("router_policy", "# nothing yet\n")
    assert "must be an object" in caught.value.problems[0].message
