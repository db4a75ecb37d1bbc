"""Ask the kernel to end this process when its parent dies. Standard library only."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(signal_number: int = signal.SIGKILL, *, parent: int | None = None) -> None:
    """Have `signal_number` sent to this process when its parent ends, however it ends.

    `parent` is its process id, for who may ask long after the start: a parent that has ended by
    then is no parent any more. Linux only; elsewhere it does nothing. The setting survives exec
    but not fork, so every process of a tree asks for itself. The "parent" is the thread that
    forked: fork from a thread that lives as long as the process.
    """
    if sys.platform != "linux":
        return
    parent = parent or os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it died before the kernel was asked
        os.kill(os.getpid(), signal_number)
