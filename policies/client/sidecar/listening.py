"""Addresses that a sidecar listens at: TCP, of loopback as a rule, and Unix sockets."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from ..errors import ClientError

BACKLOG = 128
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True)
class Address:
    """`host` and `port` of TCP, or the `path` of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    @property
    def is_local(self) -> bool:
        """Whether only processes of this machine (or pod) can reach it."""
        if self.path or self.host == "localhost":
            return True
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def hosts(self) -> frozenset[str] | None:
        """What the `Host` field of requests may name; None where it does not matter."""
        if self.path or not self.is_local:
            return None
        return _LOCAL_NAMES | {f"[{self.host}]" if ":" in self.host else self.host}

    def forget(self) -> None:
        """Remove the socket file, if it is one."""
        if self.path:
            Path(self.path).unlink(missing_ok=True)

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """`127.0.0.1:8700`, `[::1]:8700`, `localhost:8700` or `unix:/run/router.sock`."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path or len(os.fsencode(path)) > 100:
            raise ClientError(f"{text!r} must name a socket file, in at most 100 bytes.")
        return Address(path=path)
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ClientError(f"{text!r} must end in a port, for instance 127.0.0.1:8700.")
    if host != "localhost":
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ClientError(
                f"{text!r} must begin with an IP address or localhost, or with unix:."
            ) from None
    return Address(host, int(port))


def listen(address: Address) -> socket.socket:
    """A listening socket; raises ClientError with what is in the way."""
    try:
        return _listen_unix(address.path) if address.path else _listen_tcp(address)
    except OSError as error:
        raise ClientError(f"Cannot listen at {address}: {error.strerror or error}.") from None


def _listen_tcp(address: Address) -> socket.socket:
    host = "127.0.0.1" if address.host == "localhost" else address.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, address.port), family=family, backlog=BACKLOG)


def _listen_unix(path: str) -> socket.socket:
    _remove_left_over(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # From its first moment nobody else may connect, whatever the folder allows.
        before = os.umask(0o177)
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _remove_left_over(path: str) -> None:
    """Remove a socket that nobody listens at any more; never anything else."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise ClientError(f"{path} is there already and is no socket.")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                Path(path).unlink()
            else:
                raise ClientError(f"Another process listens at {path} already.")
