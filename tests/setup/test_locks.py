"""The lock files: exact pins with hashes, and no place to fetch them from."""

import re
from pathlib import Path

import pytest

from routing_console.bootstrap import DEVELOPMENT_LOCK, INSTALLER_LOCK, RUNTIME_LOCK

LOCKS = [RUNTIME_LOCK, DEVELOPMENT_LOCK, INSTALLER_LOCK]
PIN = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,_-]+\])?==\S+( ; .+)?")


def _requirements(lock: Path) -> dict[str, list[str]]:
    """Each requirement with its hashes."""
    logical_lines = lock.read_text().replace("\\\n", " ").splitlines()
    parts = [re.split(r"\s+--hash=", line) for line in logical_lines if line.strip()]
    return {requirement.strip(): hashes for requirement, *hashes in parts}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_lock__every_requirement__is_an_exact_pin_with_sha256_hashes(lock: Path) -> None:
    for requirement, hashes in _requirements(lock).items():
        assert PIN.fullmatch(requirement), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", each) for each in hashes), requirement


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_lock__its_whole_text__names_no_host(lock: Path) -> None:
    assert "://" not in lock.read_text()


def test_development_lock__compared_with_the_runtime_lock__holds_the_same_pins() -> None:
    assert _requirements(RUNTIME_LOCK).items() <= _requirements(DEVELOPMENT_LOCK).items()
