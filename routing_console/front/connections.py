"""Closes connections that cost a socket and bring nothing: one timer looks at all of them."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios

# Routers ask every half minute or so; a connection kept until then saves them a handshake.
IDLE_S = 75.0
# A head is one packet for nearly everybody. Who drips it, or opens a connection to say nothing,
# is not waited for.
HEAD_S = 15.0
# A reader that takes nothing of what was written for so long is left, with what is unsent.
READER_S = 60.0
LOOK_EVERY_S = 5.0
# A router that waits for its next release holds one; some are left when all who may wait do.
MOST = 22_000


class Connection:
    """What is known of an open connection; times are the event loop's (s).

    `head_since`: when the head being read began, or the connection before its first; None between
    heads.
    """

    heard_at: float
    head_since: float | None
    # What `unread_bytes` was at the last look, and since when it is so.
    was_unread, unread_since = 0, 0.0

    @property
    def is_answering(self) -> bool:
        """Whether a request is being carried out: its own deadlines hold then."""
        raise NotImplementedError

    @property
    def is_closing(self) -> bool:
        """Whether it is closed as soon as what was written is sent."""
        raise NotImplementedError

    @property
    def unread_bytes(self) -> int:
        """What was written and has not reached the other side; 0 where the kernel has all of it."""
        raise NotImplementedError

    def hang_up(self) -> None:
        """Close it once what was written is sent."""
        raise NotImplementedError

    def cut(self) -> None:
        """Close it at once."""
        raise NotImplementedError


class OnTransport(Connection):
    """One that asyncio transports."""

    transport: asyncio.Transport

    @property
    def is_closing(self) -> bool:
        return self.transport.is_closing()

    @property
    def unread_bytes(self) -> int:
        here = self.transport.get_write_buffer_size()
        return here and here + _in_kernel(self.transport)

    def hang_up(self) -> None:
        self.transport.close()

    def cut(self) -> None:
        self.transport.abort()


class Connections:
    """The open connections of a process."""

    def __init__(self) -> None:
        self.most, self.idle_s, self.head_s = MOST, IDLE_S, HEAD_S
        self.look_every_s, self.reader_s = LOOK_EVERY_S, READER_S
        self._open: set[Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.closed_silent = self.closed_unread = self.refused = 0
        self.malformed = self.oversized = 0

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> bool:
        """Take one more; False where there are too many already."""
        if len(self._open) >= self.most:
            self.refused += 1
            return False
        self._open.add(connection)
        return True

    def discard(self, connection: Connection) -> None:
        self._open.discard(connection)

    def watch(self) -> None:
        """Look now and then, in the running loop, until `stop`."""
        loop = asyncio.get_running_loop()
        self.close_silent(loop.time())
        self._timer = loop.call_later(self.look_every_s, self.watch)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def close_silent(self, now: float) -> None:
        """Hang up on who has been idle, slow with a head, or reading nothing, for too long."""
        for each in list(self._open):
            if self._reads_nothing(each, now):
                self.closed_unread += 1
                each.cut()
                continue
            if each.is_answering or each.is_closing:
                continue
            since, limit_s = (
                (each.heard_at, self.idle_s)
                if each.head_since is None
                else (each.head_since, self.head_s)
            )
            if now - since > limit_s:
                self.closed_silent += 1
                each.hang_up()

    def _reads_nothing(self, connection: Connection, now: float) -> bool:
        unread = connection.unread_bytes
        if unread != connection.was_unread:
            connection.was_unread, connection.unread_since = unread, now
        return bool(unread) and now - connection.unread_since > self.reader_s


def _in_kernel(transport: asyncio.Transport) -> int:
    """Bytes that were given to the kernel and have not been acknowledged."""
    connected = transport.get_extra_info("socket")
    (count,) = struct.unpack("i", fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, bytes(4)))
    return int(count)
