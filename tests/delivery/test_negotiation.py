"""Content coding by quality values, and tags in every spelling the RFC allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.delivery.negotiation import any_tag_matches, prefers_gzip


@pytest.mark.parametrize(
    "header",
    [
        "gzip",
        "GZIP",
        "x-gzip",
        "gzip;q=0.001",
        "gzip ; q=1.000",
        "br, gzip;q=0.5",
        "*",
        "deflate, *;q=0.1",
        "identity;q=0.5, gzip;q=0.5",
    ],
)
def test_gzip__where_it_may_be_sent__is_sent(header: str) -> None:
    assert prefers_gzip(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "identity",
        "br",
        "gzip;q=0",
        "gzip;q=0, *",
        "*;q=0",
        "identity, gzip;q=0.9",
        "gzip;q=2",
        "gzip;q=-1",
        "gzip;q=",
        "gzip;q=nan",
        "gzipped",
    ],
)
def test_gzip__where_it_may_not_or_plain_is_liked_better__is_not_sent(header: str | None) -> None:
    assert not prefers_gzip(header)


@given(st.text(), st.text())
def test_negotiation__any_text_in_the_headers__has_an_answer(coding: str, tags: str) -> None:
    prefers_gzip(coding)
    assert any_tag_matches(tags, ['"tag"']) == (tags.strip() == "*" or '"tag"' in tags)
