"""The routers' wheel: built from this repository, installed where nothing else is, and used."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from routing_console.project_root import BASE_DIR
from tests.client.fake_console import NOW, TOKEN, FakeConsole, running_console

SOURCE = BASE_DIR / "policies" / "client"
BUILD = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


# Times as other languages write them, which Python 3.10 does not read by itself.
SUMMING = """
import json
from routing_console_client import Summaries
from routing_console_client.client.summaries import Summer

summer = Summer(Summaries(), tuple)
for time in ("2026-03-01T12:00:00Z", "2026-03-01T12:00:59.123456789Z"):
    summer.add(json.dumps({"request_id": time, "time": time}))
lines = [json.loads(line) for line in summer.take(everything=True)]
print([line["minute"] for line in lines], lines[0]["requests"])
"""


def interpreter(version: str) -> str | None:
    """A Python of this version on this machine: on the path, or where pyenv keeps it."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for found in (*sorted(kept.glob(f"{version}.*/bin/python")), shutil.which(f"python{version}")):
        if found and run(found, "-c", "import venv").returncode == 0:
            return str(found)
    return None


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        timeout=60,
    )


def ten_lines(console: FakeConsole, of: Path) -> str:
    """The first Python of a README, with the address of this console."""
    found = re.search(r"```python\n(.*?)```", (of / "README.md").read_text(), re.DOTALL)
    assert found is not None
    said = re.sub(r"https://console\.example|http://127\.0\.0\.1:8000", console.url, found[1])
    assert console.url in said
    return said


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-c", BUILD, folder, cwd=SOURCE)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def published() -> Iterator[FakeConsole]:
    """A console whose release is good by the real clock."""
    with running_console() as console:
        console.publish(1, not_after=NOW.replace(year=2999))
        yield console


def test_wheel__what_is_in_it__is_the_client_and_the_engine_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(next(n for n in names if n.endswith("METADATA"))).decode()
    for package in ("client", "engine"):
        here = (BASE_DIR / "policies" / package).rglob("*.py")
        for file in (file for file in here if "wheel" not in file.parts):
            inside = file.relative_to(BASE_DIR / "policies")
            assert f"routing_console_client/{inside}" in names
    top = {name.split("/")[0] for name in names}
    assert {name.partition("-")[0] for name in top} == {"routing_console_client"}
    assert "routing_console_client/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    required = re.findall(r"^Requires-Dist: (.*)$", metadata, re.MULTILINE)
    assert all("extra ==" in line for line in required)
    assert "Requires-Python: >=3.10" in metadata


def test_pip_install__in_an_empty_environment__ten_lines_of_the_readme_decide(
    wheel: Path, published: FakeConsole, tmp_path: Path
) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    assert run(sys.executable, "-m", "venv", tmp_path / "venv").returncode == 0
    done = run(python, "-m", "pip", "install", "-q", "--no-index", wheel)
    assert done.returncode == 0, done.stderr
    decides(python, published, tmp_path / "empty")


@pytest.mark.parametrize("version", VERSIONS)
def test_wheel__on_each_supported_python__ten_lines_of_the_readme_decide(
    wheel: Path, published: FakeConsole, tmp_path: Path, version: str
) -> None:
    found = interpreter(version)
    if found is None:
        pytest.skip(f"There is no Python {version} on this machine.")
    assert run(found, "-m", "venv", "--without-pip", tmp_path / "venv").returncode == 0
    python = tmp_path / "venv" / "bin" / "python"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(next((tmp_path / "venv").glob("lib/python*/site-packages")))
    decides(python, published, tmp_path / "empty")


def decides(python: Path, console: FakeConsole, folder: Path) -> None:
    """Run the README's lines, and the command, from a folder with a token and the keys alone."""
    folder.mkdir()
    (folder / "router.token").write_text(TOKEN)
    keys = {"keys": [key.jwk for key in console.published_keys]}
    (folder / "routing-console-keys.json").write_text(json.dumps(keys))
    reported = len(console.asked_for("/api/v1/outcomes"))
    done = run(python, "-c", ten_lines(console, SOURCE), cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("simple ")
    assert "call " in done.stdout
    assert len(console.asked_for("/api/v1/outcomes")) == reported + 1
    done = run(python, "-c", ten_lines(console, BASE_DIR), cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("simple ")
    assert len(console.asked_for("/api/v1/outcomes")) == reported + 2
    assert (folder / "router-state" / "release.json").exists()
    done = run(python, "-c", "from routing_console_client.litellm import LiteLLM, proxy")
    assert (done.returncode, done.stderr) == (0, "")
    done = run(python, "-c", SUMMING, cwd=folder)
    assert (done.stdout, done.stderr) == ("['2026-03-01T12:00:00Z'] 2\n", "")
    shown = run(python, "-m", "routing_console_client", "--help", cwd=folder)
    assert shown.stdout.startswith("usage: python3 -m routing_console_client")
