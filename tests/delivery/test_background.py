"""Threads of a plane: started, stopped, waited for, and started again."""

import threading

from policies.delivery.background import BackgroundThread

PATIENCE_S = 10


class Counting(BackgroundThread):
    """Counts how often it ran; each time until it is stopped."""

    def __init__(self) -> None:
        super().__init__("counting")
        self.runs = threading.Semaphore(0)
        self.ended = 0
        self.names: list[str] = []

    def _run(self) -> None:
        self.names.append(threading.current_thread().name)
        self.runs.release()
        self._stopped.wait(PATIENCE_S)
        self.ended += 1


def test_thread__started_twice__runs_once_under_its_name_until_it_is_stopped() -> None:
    thread = Counting()
    thread.start()
    thread.start()
    assert thread.runs.acquire(timeout=PATIENCE_S)
    assert not thread.runs.acquire(timeout=0.05)
    thread.stop()
    thread.join(PATIENCE_S)
    assert (thread.names, thread.ended) == (["counting"], 1)


def test_thread__started_again_after_it_has_ended__runs_again() -> None:
    thread = Counting()
    for ended in (1, 2):
        thread.start()
        assert thread.runs.acquire(timeout=PATIENCE_S)
        thread.stop()
        thread.join(PATIENCE_S)
        assert thread.ended == ended


def test_join__before_it_has_ended__waits_no_longer_than_it_may() -> None:
    thread = Counting()
    thread.start()
    thread.join(0.05)
    assert thread.ended == 0
    thread.stop()
    thread.join()
    assert thread.ended == 1


def test_stop__never_started__waits_for_nothing() -> None:
    thread = Counting()
    thread.stop()
    thread.join()
    assert not thread.names
