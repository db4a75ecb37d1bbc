"""A place gives its threads to so many, lets so many wait, and refuses the rest at once."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from routing_console.front.bodies import ClientGone
from routing_console.front.places import Place, PlaceFull
from tests.front.asking import parts_of
from tests.services import loops

STAYS = parts_of(b"", then=None)
Scene = Callable[[Place, threading.Event], Awaitable[None]]


def _play(scene: Scene, *, threads: int = 2, most_waiting: int = 1, patience_s: float = 60) -> None:
    """Play a scene in a place whose threads work until the event is set."""

    async def play() -> None:
        place = Place("test", threads, most_waiting, patience_s)
        go = threading.Event()
        try:
            await scene(place, go)
        finally:
            go.set()
            await asyncio.to_thread(place.close)
        assert (place.busy, len(place.waiting)) == (0, 0)

    loops.run(play())


def _occupy(place: Place, go: threading.Event, count: int) -> list[asyncio.Task[bool]]:
    return [asyncio.ensure_future(place.run(go.wait, STAYS)) for _ in range(count)]


def test_place__with_a_free_thread__does_the_work_and_passes_on_what_it_raises() -> None:
    async def scene(place: Place, go: threading.Event) -> None:
        assert await place.run(lambda: threading.current_thread().name, STAYS) == "test_0"
        with pytest.raises(ZeroDivisionError):
            await place.run(lambda: 1 / 0, STAYS)

    _play(scene)


def test_place__with_every_thread_taken_and_its_queue_full__refuses_at_once() -> None:
    async def scene(place: Place, go: threading.Event) -> None:
        taken = _occupy(place, go, 3)
        await asyncio.sleep(0)
        assert (place.busy, len(place.waiting)) == (2, 1)
        with pytest.raises(PlaceFull):
            await place.run(go.wait, STAYS)
        go.set()
        assert await asyncio.gather(*taken) == [True] * 3
        assert place.refused == 1

    _play(scene)


def test_place__that_does_not_come_free__refuses_who_waited_long_enough() -> None:
    async def scene(place: Place, go: threading.Event) -> None:
        taken = _occupy(place, go, 2)
        await asyncio.sleep(0)
        with pytest.raises(PlaceFull):
            await place.run(go.wait, STAYS)
        go.set()
        await asyncio.gather(*taken)

    _play(scene, patience_s=0.01)


def test_place__with_all_that_one_may_let_wait__leaves_half_of_its_queue_to_others() -> None:
    async def scene(place: Place, go: threading.Event) -> None:
        taken = _occupy(place, go, 2)
        thief = [asyncio.ensure_future(place.run(go.wait, STAYS, b"thief")) for _ in range(10)]
        await asyncio.sleep(0)
        assert (len(place.waiting), place.refused) == (2, 8)
        good = asyncio.ensure_future(place.run(go.wait, STAYS, b"good"))
        nobody = asyncio.ensure_future(place.run(go.wait, STAYS))
        await asyncio.sleep(0)
        assert (len(place.waiting), place.refused) == (4, 8)
        go.set()
        assert await asyncio.gather(*taken, good, nobody) == [True] * 4
        ended = await asyncio.gather(*thief, return_exceptions=True)
        assert [each is True for each in ended].count(True) == 2
        assert not place.waiting_of

    _play(scene, most_waiting=4)


def test_client__that_hangs_up_while_it_waits__leaves_the_queue() -> None:
    async def scene(place: Place, go: threading.Event) -> None:
        taken = _occupy(place, go, 2)
        await asyncio.sleep(0)
        with pytest.raises(ClientGone):
            await place.run(go.wait, parts_of(b""))
        assert len(place.waiting) == 0
        go.set()
        await asyncio.gather(*taken)

    _play(scene)


def test_request__cancelled_while_its_thread_works__keeps_the_thread_taken_until_it_ends() -> None:
    async def scene(place: Place, go: threading.Event) -> None:
        (task,) = _occupy(place, go, 1)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert place.busy == 1
        go.set()
        while place.busy:
            await asyncio.sleep(0.001)

    _play(scene)
