"""`serve`: a sidecar, which answers other languages over HTTP on loopback or a Unix socket."""

from __future__ import annotations

import argparse
import asyncio
import signal
from types import FrameType

from ..client import PolicyClient
from ..errors import ClientError
from ..sidecar.listening import Address, parse_address
from ..sidecar.server import Place, Sidecar
from .options import add_client_options, client_of, say

SUMMARY = "answer decisions, next attempts and outcomes over HTTP, for other languages"
DEFAULT_ADDRESS = "127.0.0.1:8700"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_client_options(parser)
    parser.add_argument(
        "--listen",
        action="append",
        metavar="ADDRESS",
        help=f"IP:PORT of this machine or unix:PATH, more than once (default {DEFAULT_ADDRESS})",
    )
    parser.add_argument(
        "--probes",
        action="append",
        default=[],
        metavar="IP:PORT",
        help="an address for /healthz, /readyz and /metrics alone, for instance 0.0.0.0:8701",
    )
    parser.add_argument(
        "--allow-network",
        action="store_true",
        help="let --listen take addresses that other machines reach; who reaches one may ask",
    )


def run(options: argparse.Namespace) -> int:
    """Exit status 0 after SIGTERM or SIGINT; 2 for a wrong start."""
    try:
        places = _places(options)
        client = client_of(options)
    except ClientError as error:
        say(str(error))
        return 2
    try:
        return asyncio.run(_serve(client, places))
    finally:
        client.close()


def _places(options: argparse.Namespace) -> list[Place]:
    addresses = [parse_address(text) for text in options.listen or [DEFAULT_ADDRESS]]
    for address in addresses:
        _require_local(address, options.allow_network)
    probes = [Place(parse_address(text), probes_only=True) for text in options.probes]
    return [*(Place(address) for address in addresses), *probes]


def _require_local(address: Address, may_be_network: bool) -> None:
    if not address.is_local and not may_be_network:
        raise ClientError(
            f"{address} can be reached from other machines, and whoever reaches it may ask for "
            "decisions and report outcomes. Listen on 127.0.0.1 or unix:PATH, or say "
            "--allow-network."
        )


async def _serve(client: PolicyClient, places: list[Place]) -> int:
    sidecar, ending = Sidecar(client, say=say), asyncio.Event()
    loop = asyncio.get_running_loop()

    def end(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(ending.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        addresses = await sidecar.open(places)
    except ClientError as error:
        say(str(error))
        return 2
    client.start()
    for address in addresses:
        say(f"listening at {address}")
    await sidecar.serve(ending)
    return 0
