"""The plane of a process, with the threads that keep it up to date."""

from __future__ import annotations

import asyncio
import gc

from django.conf import settings

from policies.delivery.limits import RateLimit
from policies.delivery.listening import Listener
from policies.delivery.loader import Loader
from policies.delivery.memory import Memory
from policies.delivery.plane import Plane, PlaneSettings
from policies.delivery.snapshot_file import SnapshotFile
from policies.delivery.uses import UseKeeper

# How long to wait for the database at the start: shorter where the file has an answer anyway.
FIRST_LOOK_S = 10.0
FIRST_LOOK_WITH_FILE_S = 3.0
STOP_S = 2.0


class Delivery:
    """One per process. Start it where the process serves, so after any fork."""

    def __init__(self, plane_settings: PlaneSettings) -> None:
        self.plane = Plane(Memory(), plane_settings)
        path = plane_settings.snapshot_file
        self._file = None if path is None else SnapshotFile(path)
        self.loader = Loader(self.plane, self._file)
        self.uses = UseKeeper(self.plane.memory)
        self._listener = Listener(self.loader.wake)

    def start(self) -> bool:
        """Take over what the file has, and begin to follow the database; whether there was one."""
        found = self._file.load() if self._file is not None else None
        if found is not None:
            self.plane.adopt(found[0], found[1])
        for thread in self._threads():
            thread.start()
        return found is not None

    async def startup(self) -> None:
        """Start, and return when there is something to serve, or no hope that there is soon."""
        limit_s = FIRST_LOOK_WITH_FILE_S if self.start() else FIRST_LOOK_S
        await asyncio.to_thread(self.loader.looked.wait, limit_s)
        # What is there by now stays: looking through it would hold up polls for tenths of a second.
        gc.collect()
        gc.freeze()

    @property
    def hears(self) -> bool:
        """Whether changes are told to it; else it finds them within a second."""
        return self._listener.is_listening

    def drain(self) -> None:
        """Answer all who wait, at once; nobody is held any more."""
        self.plane.drain()

    def stop(self) -> None:
        """End the threads; what tokens were told last is written before."""
        for thread in self._threads():
            thread.stop()
        for thread in self._threads():
            thread.join(STOP_S)
        gc.unfreeze()  # libraries complain of what is left at the end of the process

    def _threads(self) -> tuple[Loader, Listener, UseKeeper]:
        return self.loader, self._listener, self.uses


def delivery_from_settings() -> Delivery:
    """As the settings say (README.md, `ROUTING_CONSOLE_DELIVERY_…`)."""
    return Delivery(
        PlaneSettings(
            limit=RateLimit(settings.DELIVERY_RATE, settings.DELIVERY_BURST),
            most_waiting=settings.DELIVERY_WAITERS,
            snapshot_file=settings.DELIVERY_SNAPSHOT_FILE,
        )
    )
