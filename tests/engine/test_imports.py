"""The engine stands alone: the standard library, and RE2 where it is there."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What a fresh interpreter loads by itself is left out.
PROBE = """
import sys
before = set(sys.modules)
sys.path.insert(0, {root!r})
import policies.engine
import json
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(loaded)))
"""


def test_engine__fresh_interpreter__loads_only_the_standard_library_and_re2() -> None:
    # -I: no user site and no environment, so that nothing but the engine's own imports is seen.
    answer = subprocess.run(
        [sys.executable, "-I", "-c", PROBE.format(root=str(ROOT))],
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(json.loads(answer.stdout))
    foreign = loaded - set(sys.stdlib_module_names) - {"policies"}
    assert foreign <= {"re2"}


def test_engine__interpreter_without_packages__can_be_imported_and_decides() -> None:
    # -S: site-packages are out of reach, so RE2 is missing as on a bare router.
    script = PROBE + "from policies.engine import text\nassert not text.text_matcher_available()"
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", script.format(root=str(ROOT))],
        check=True,
        capture_output=True,
        text=True,
    )
