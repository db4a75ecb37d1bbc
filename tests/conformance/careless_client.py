"""A client that takes whatever it gets: proof that the cases can fail. Standard library only."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from typing import Any


def poll() -> int | None:
    """No signature, no replay, no redirect is too suspicious for it."""
    request = urllib.request.Request(  # noqa: S310 - the runner's own address
        os.environ["CONFORMANCE_URL"] + "/api/v1/policy",
        headers={"Authorization": "Bearer " + os.environ["CONFORMANCE_TOKEN"]},
    )
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
        document: dict[str, Any] = json.load(response)
    number: int = document["release"]["number"]
    return number


def main() -> None:
    release: int | None = None
    for line in sys.stdin:
        error = None
        if json.loads(line)["do"] == "poll":
            try:
                release = poll()
            except (OSError, ValueError, KeyError):
                error = "fetch"
        print(json.dumps({"release": release, "stale": False, "error": error}), flush=True)


if __name__ == "__main__":
    main()
