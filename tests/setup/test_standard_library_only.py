"""What a router takes along runs on a bare interpreter."""

import subprocess
import sys

import pytest

from routing_console.project_root import BASE_DIR


@pytest.mark.parametrize("module", ["policies.engine", "policies.client"])
def test_import__without_any_installed_package__works(module: str) -> None:
    script = f"import sys; sys.path.insert(0, {str(BASE_DIR)!r}); import {module}"
    # -I and -S: no site-packages, so that Django cannot be there.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["policies.engine", "policies.client"])
def test_import__where_django_is_installed__loads_none_of_it(module: str) -> None:
    script = f"import sys, {module}; print([m for m in sys.modules if m.startswith('django')])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=BASE_DIR, capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr
