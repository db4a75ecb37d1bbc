"""A real S3-compatible server, which checks signatures, with one bucket on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from obstore.store import S3Store

from routing_console.project_root import BASE_DIR

ACCESS_KEY, SECRET_KEY, REGION = "AKIDEXAMPLE", "a-secret-of-this-test", "us-east-1"
BUCKET = "releases"


@dataclass(frozen=True)
class ObjectStore:
    """Where it listens, and whether it heeds the conditions of a write."""

    endpoint: str
    is_conditional: bool

    @property
    def variables(self) -> dict[str, str]:
        """What a process needs to write there, as Amazon's own tools name it."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def reader(self) -> S3Store:
        """The bucket, by a client that is none of ours."""
        return S3Store(
            BUCKET,
            endpoint=self.endpoint,
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET_KEY,
            region=REGION,
            client_options={"allow_http": True},
        )


@contextmanager
def running_object_store(folder: Path, *, conditional: bool = False) -> Iterator[ObjectStore]:
    """nanio, which writes whatever the conditions say; `conditional`: as Amazon's store does."""
    (folder / BUCKET).mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    application = "tests.services.conditional_store:build" if conditional else "nanio.app:build_app"
    command = [sys.executable, "-m", "uvicorn", "--factory", application]
    settings = {
        "NANIO_ACCESS_KEY": ACCESS_KEY,
        "NANIO_SECRET_KEY": SECRET_KEY,
        "NANIO_REGION": REGION,
        "NANIO_DATA_DIR": str(folder),
    }
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        cwd=BASE_DIR,
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_listens(process, port)
        yield ObjectStore(f"http://127.0.0.1:{port}", conditional)
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("The object store ended at its start.")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("The object store did not start in time.")
