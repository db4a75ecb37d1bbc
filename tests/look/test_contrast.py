"""Every pairing of ink and ground that the style sheets use, held to WCAG 2.2 AA in both themes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "static" / "css" / "tokens.css").read_text()
PAIR = re.compile(r"(--[\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
COLOURS = {name: {"light": light, "dark": dark} for name, light, dark in PAIR.findall(TOKENS)}

GROUNDS = ("--surface", "--canvas", "--raised", "--sunken", "--hover", "--current")
VERDICTS = ("--pass", "--fail", "--inconclusive", "--missing")
TEXT = [
    *[(ink, ground) for ink in ("--ink", "--ink-2", "--ink-3") for ground in GROUNDS],
    *[(verdict, ground) for verdict in VERDICTS for ground in GROUNDS],
    *[(verdict, f"{verdict}-wash") for verdict in VERDICTS],
    *[(ink, f"{verdict}-wash") for ink in ("--ink", "--ink-2") for verdict in VERDICTS],
    *[("--accent", ground) for ground in (*GROUNDS, "--fail-wash", "--inconclusive-wash")],
    *[(ink, "--accent-wash") for ink in ("--ink", "--ink-2", "--ink-3", "--accent")],
    ("--accent-strong", "--accent-wash"),
    ("--on-fill", "--fill"),
    ("--on-fill", "--fill-hover"),
    ("--on-danger", "--danger"),
    ("--danger", "--raised"),
]
# Borders of controls, focus rings, lines of plots: 3:1 (success criterion 1.4.11).
MARKS = [
    *[("--line-control", ground) for ground in ("--surface", "--canvas", "--raised")],
    *[("--accent", ground) for ground in GROUNDS],
    *[(f"--plot-{number}", "--surface") for number in range(1, 7)],
    *[(f"--plot-{number}", "--canvas") for number in range(1, 7)],
    ("--plot-axis", "--surface"),
]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, 0 to 1, as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast__black_on_white__is_twenty_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text__on_every_ground_it_is_used_on__can_be_read(
    ink: str, ground: str, theme: str
) -> None:
    assert contrast(COLOURS[ink][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_mark__on_every_ground_it_is_used_on__can_be_seen(
    mark: str, ground: str, theme: str
) -> None:
    assert contrast(COLOURS[mark][theme], COLOURS[ground][theme]) >= 3


def test_style_sheets__outside_the_tokens__name_no_colour() -> None:
    folder = Path(__file__).parents[2] / "static" / "css"
    for sheet in folder.glob("*.css"):
        if sheet.name != "tokens.css":
            named = re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;, )])|rgba?\(", sheet.read_text())
            assert not named, f"{sheet.name} names {named}; give it a token in tokens.css"
