"""Which addresses a webhook may have: none that leads back into our own network."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

LONGEST_URL = 500
# A network may translate these to the IPv4 address in their last 32 bits (RFC 6052).
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Special to IANA, but global to Python 3.11.
SPECIAL = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("fec0::/10"))


def url_problems(url: str, *, allow_private: bool) -> list[str]:
    """What is wrong with a webhook's URL, one sentence each. Names are not looked up here."""
    if len(url) > LONGEST_URL or any(not 32 < ord(sign) < 127 for sign in url):
        return [f"The URL must be plain ASCII without spaces, {LONGEST_URL} characters at most."]
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError:
        return ["This is not a URL."]
    problems = _part_problems(parts, allow_private)
    if port == 0:
        problems.append("The port must be between 1 and 65535.")
    return problems


def _part_problems(parts: SplitResult, allow_private: bool) -> list[str]:
    problems = []
    if parts.scheme not in ({"https", "http"} if allow_private else {"https"}):
        problems.append("The URL must begin with https://.")
    if not parts.hostname:
        problems.append("The URL must name a host.")
    elif not allow_private and _is_private_literal(parts.hostname):
        problems.append(f"{parts.hostname} lies in a private network; use a public address.")
    if parts.username is not None or parts.password is not None:
        problems.append("The URL must not hold a user name or password.")
    if parts.fragment:
        problems.append("The URL must not have a fragment (#…): it is never sent.")
    return problems


def _is_private_literal(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not is_public(host)
    except ValueError:
        return False  # a name: what it leads to is checked at each delivery, as it may change


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet. Raises ValueError if it is none.

    An IPv6 address that wraps an IPv4 one is judged by both.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    return all(_is_plainly_public(each) for each in (address, *_wrapped(address)))


def _is_plainly_public(address: IPv4Address | IPv6Address) -> bool:
    wraps_public = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    inside = address.is_private or any(address in network for network in SPECIAL)
    return wraps_public or (address.is_global and not special and not inside)


def _wrapped(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in found if each is not None]
