"""A server process that is asked to stop ends, whatever its threads wait for."""

from pathlib import Path

import pytest

from tests.services.console import clean_environment, free_port
from tests.services.server import Server


@pytest.mark.server
def test_server__with_a_thread_that_never_ends__ends_all_the_same_and_says_so(
    tmp_path: Path,
) -> None:
    environment = clean_environment(ROUTING_CONSOLE_DATA_DIR=str(tmp_path))
    log = tmp_path / "server.log"
    server = Server("tests.services.stuck_server:application", free_port(), environment, log)
    server.start()
    try:
        assert server.terminate() == 1
        assert "what they had in hand is left undone" in log.read_text()
    finally:
        server.kill()
