"""Where the embedded console keeps its things, by data folder. Standard library only.

The supervisor, the settings and the tests ask here, so that `manage.py migrate` finds
the database and the broker that `manage.py up` started, with no environment variable set.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from routing_console.project_root import BASE_DIR

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing zero included.
LONGEST_SOCKET_PATH = 100
# Where nothing else is told.
DEFAULT_DIR = BASE_DIR / "data"


def database_file(data_dir: Path) -> Path:
    """The SQLite database."""
    return data_dir / "console.sqlite3"


def secret_key_file(data_dir: Path) -> Path:
    """Django's secret key, made on the first start."""
    return data_dir / "secret-key"


def static_root(data_dir: Path) -> Path:
    """Collected static files, with their compressed copies."""
    return data_dir / "static"


def demo_file(data_dir: Path) -> Path:
    """What the demo loader made: accounts, router token, workflow and environment, as JSON."""
    return data_dir / "demo.json"


def demo_token_file(data_dir: Path) -> Path:
    """The demo router's token alone, as a router would be given it."""
    return data_dir / "router-token"


def delivery_snapshot(data_dir: Path) -> Path:
    """What the delivery plane knows, for starts with the database down."""
    return data_dir / "delivery-snapshot"


def broker_socket(data_dir: Path) -> Path:
    """The embedded Valkey's socket: in the data folder, or in a short folder when that is long."""
    inside = data_dir / "valkey.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"routing-console-{os.getuid()}-{name}" / "valkey.sock"
