"""Processes that end with their parent; `test_up.py` and others kill whole trees."""

import signal
import subprocess
import sys

from routing_console.project_root import BASE_DIR


def test_process__whose_parent_ended_before_it_asked__is_sent_the_signal_at_once() -> None:
    parent = subprocess.Popen([sys.executable, "-c", ""])
    parent.wait()
    asking = f"die_with_parent({signal.SIGTERM:d}, parent={parent.pid})"
    script = f"from routing_console.parent_death import die_with_parent; {asking}"
    done = subprocess.run([sys.executable, "-c", script], cwd=BASE_DIR)
    assert done.returncode == -signal.SIGTERM
