"""How numbers are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from policies.wording import numbers as formats


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (formats.money, 0.0000015, "$0.00000150"),
        (formats.money, 0.00318, "$0.00318"),
        (formats.money, 3.2, "$3.20"),
        (formats.money, 1240.4, "$1,240"),
        (formats.money, -0.5, "−$0.500"),
        (formats.money, 0, "$0.00"),
        (formats.percent, 0.1234, "12.3%"),
        (formats.percent, -0.358, "−35.8%"),
        (formats.milliseconds, 830, "830 ms"),
        (formats.milliseconds, 3420, "3.42 s"),
        (formats.milliseconds, 125_000, "2 min 05 s"),
        (formats.number, 10_400, "10,400"),
        (formats.number, 0.8421, "0.842"),
        (formats.number, 0.0, "0"),
        (formats.compact, 12_400, "12.4k"),
        (formats.compact, 3_100_000, "3.1M"),
        (formats.compact, 980, "980"),
        (formats.signed, 0.018, "+0.0180"),
        (formats.signed, -3, "−3"),
        (formats.signed, 0, "0"),
        (formats.hours, 52.0, "2 d 4 h"),
        (formats.span, timedelta(seconds=40), "40 s"),
        (formats.span, timedelta(hours=2, minutes=5), "2 h 05 min"),
    ],
)
def test_number__of_each_kind__is_written_as_a_person_would(
    write: Callable[[object], str], value: object, text: str
) -> None:
    assert write(value) == text


@pytest.mark.parametrize(
    "write",
    [formats.money, formats.percent, formats.milliseconds, formats.number, formats.signed],
)
def test_number__not_known__is_a_dash(write: Callable[[float | None], str]) -> None:
    assert write(None) == write(float("nan")) == "–"
