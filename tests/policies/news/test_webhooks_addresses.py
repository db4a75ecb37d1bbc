"""Webhooks lead out of our own network, never back into it."""

from __future__ import annotations

import socket
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.notifications.addresses import is_public, url_problems
from policies.services.news.posting import post
from tests.policies.news.webhook_receiver import listening

PRIVATE = [
    "127.0.0.1",
    "127.8.9.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 (an address to refuse, not to listen on)
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fc00::1",
    "fd12::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "::127.0.0.1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_address__of_a_private_or_special_network__is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_address__of_the_internet__is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_address__private_and_wrapped_in_any_way__is_not_public(address: Any) -> None:
    number = int(address)
    wrapped = (
        f"::ffff:{address}",
        f"2002:{number >> 16:x}:{number & 0xFFFF:x}::",
        f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}",
    )
    assert not any(is_public(text) for text in wrapped)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://example.com/x", "https"),
        ("ftp://example.com/x", "https"),
        ("https:///x", "host"),
        ("https://user:secret@example.com/", "password"),
        ("https://example.com/#part", "fragment"),
        ("https://example.com:0/", "port"),
        ("https://example.com:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://localhost/x", "private"),
        ("https://a.localhost/x", "private"),
        ("https://127.0.0.1/x", "private"),
        ("https://[::1]:8443/x", "private"),
        ("https://169.254.169.254/latest/meta-data", "private"),
        ("https://exa mple.com/", "ASCII"),
        ("https://exämple.com/", "ASCII"),
        ("https://example.com/\r\nHost: x", "ASCII"),
        ("https://example.com/" + "x" * 500, "500"),
    ],
)
def test_url__that_leads_astray__is_refused_with_the_reason(url: str, word: str) -> None:
    assert word in " ".join(url_problems(url, allow_private=False))


def test_url__of_the_internet__is_fine() -> None:
    assert url_problems("https://hooks.example.com/a?b=c", allow_private=False) == []


def resolving_to(*addresses: str) -> Any:
    """Let every name lead to these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    return mock.patch("socket.getaddrinfo", return_value=found)


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("8.8.8.8", "10.0.0.7")])
def test_post__to_a_name_that_leads_inside__connects_to_nothing(addresses: tuple[str]) -> None:
    with resolving_to(*addresses), mock.patch("socket.create_connection") as connect:
        answer = post("https://innocent.example.com/", {}, b"{}", allow_private=False)
    assert not connect.called
    assert answer.status is None
    assert "not a public address" in answer.error


def test_post__after_the_check__goes_to_the_checked_address_only() -> None:
    with (
        resolving_to("8.8.8.8") as resolve,
        mock.patch("socket.create_connection", side_effect=OSError("no route")) as connect,
    ):
        answer = post("https://innocent.example.com/", {}, b"{}", allow_private=False)
    assert resolve.call_count == 1
    assert connect.call_args.args[0] == ("8.8.8.8", 443)
    assert answer.error == "No answer: no route"


def test_post__to_an_unknown_name__says_so() -> None:
    with mock.patch("socket.getaddrinfo", side_effect=socket.gaierror("unknown")):
        answer = post("https://nowhere.example.com/", {}, b"{}", allow_private=False)
    assert "not a known name" in answer.error


def test_post__answered_by_a_redirect__does_not_follow_it() -> None:
    with listening() as elsewhere, listening() as receiver:
        receiver.statuses, receiver.location = [302], elsewhere.url
        answer = post(receiver.url, {}, b"{}", allow_private=True)
    assert (answer.status, elsewhere.received) == (302, [])
    assert "redirects are not followed" in answer.error


def test_post__answered_at_length__keeps_the_start_as_plain_text() -> None:
    with listening() as receiver:
        receiver.statuses = [200]
        receiver.answer = b"ok\x00\x1b[31m" + b"x" * 50_000
        answer = post(receiver.url, {}, b"{}", allow_private=True)
    assert answer.error == ""
    assert answer.excerpt.startswith("ok")
    assert len(answer.excerpt) <= 1024
    assert "\x00" not in answer.excerpt


def test_post__answered_too_late__is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policies.services.news.posting.WHOLE_LIMIT_S", 0.3)
    with listening() as receiver:
        receiver.delay_s = 1.5
        answer = post(receiver.url, {}, b"{}", allow_private=True)
    assert answer.status is None
    assert answer.latency_ms < 1400
    assert "No answer" in answer.error


def test_post__answered_a_byte_at_a_time_without_a_length__ends_at_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("policies.services.news.posting.WHOLE_LIMIT_S", 0.3)
    with listening() as receiver:
        receiver.statuses, receiver.drips = [200], True
        answer = post(receiver.url, {}, b"{}", allow_private=True)
    # The status came in time and says that it was taken; the rest is for people to read.
    assert (answer.status, answer.error) == (200, "")
    assert set(answer.excerpt) == {"."}
    assert len(answer.excerpt) < 1024
