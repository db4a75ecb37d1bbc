"""`verify-release FILE`: judged without the console, told in sentences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from policies.client.__main__ import main
from routing_console.project_root import BASE_DIR
from tests.client.fake_console import ENDORSEMENT, Key, key_set, release_body

ATTESTATION = {
    "kind": "publication",
    "reason": "",
    "published_by": "olga",
    "scheduled": True,
    "change_request": {
        "number": 7,
        "title": "Routine questions to a smaller model",
        "subject_digest": "sha256:aa",
        "base": None,
    },
    "approvals": [{"user": "rana", "roles": ["reviewer"], "at": "2026-03-01T11:50:00Z"}],
    "approvals_required": 1,
    "checks": [
        {"kind": "static_analysis", "verdict": "pass", "digest": "sha256:bb", "summary": "Clean."}
    ],
    "evidence": {
        "verdict": "pass",
        "digest": "sha256:cc",
        "plan_version": 3,
        "datasets": [
            {"name": "march", "digest": "sha256:dd", "verdict": "pass", "look": 2, "requests": 900}
        ],
        "gates": [
            {
                "id": "quality",
                "verdict": "pass",
                "low": -0.01207957,
                "high": 0.2,
                "limit": -0.2,
                "confidence": 0.975,
            },
            {"id": "of before", "verdict": "pass", "low": 0.1, "high": 0.2, "limit": 0},
        ],
    },
    "impact": {"verdict": "pass", "summary": "12 % of requests go elsewhere."},
    "restores": None,
    "passed_over": [],
}


@pytest.fixture
def key() -> Key:
    return Key(1)


@pytest.fixture
def trusted(tmp_path: Path, key: Key) -> str:
    file = tmp_path / "trusted.json"
    file.write_bytes(key_set(key))
    return str(file)


def kept(tmp_path: Path, key: Key, attestation: object = ATTESTATION, **changes: Any) -> str:
    said = {} if attestation is None else {"attestation": attestation}
    body = release_body(12, changes=said)
    file = tmp_path / "release.json"
    content = {"body": body.decode(), "signature": key.sign(body), **json.loads(key_set(key))}
    file.write_text(json.dumps({**content, **changes}))
    return str(file)


def test_verify__under_a_trusted_key__tells_who_let_it_out_on_what(
    tmp_path: Path, key: Key, trusted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify-release", kept(tmp_path, key), "--trusted-keys", trusted]) == 0
    told = capsys.readouterr().out
    for sentence in (
        f"holds under key {key.kid} (number 1), which is trusted.",
        "release 12 of support-assistant/production",
        "It was published as scheduled by olga.",
        "change request #7, “Routine questions to a smaller model”, subject sha256:aa.",
        "Approvals: 1 of 1 required.",
        "  rana (reviewer) on 2026-03-01T11:50:00Z",
        "  static analysis: pass. Clean. sha256:bb",
        "  march: pass on 900 requests, look 2, sha256:dd",
        "  gate quality: pass, -0.01208 to 0.2 at confidence 0.975, limit -0.2",
        "  gate of before: pass, 0.1 to 0.2, limit 0",
        "Impact: 12 % of requests go elsewhere.",
    ):
        assert sentence in told


def test_verify__for_a_reader_that_has_seen_enough__still_answers_by_its_exit_status(
    tmp_path: Path, key: Key, trusted: str
) -> None:
    file = kept(tmp_path, key)
    command = [sys.executable, "-m", "policies.client", "verify-release", file]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*command, "--trusted-keys", trusted],
            cwd=BASE_DIR,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_verify__without_trusted_keys__holds_but_says_that_nobody_vouches(
    tmp_path: Path, key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify-release", kept(tmp_path, key)]) == 3
    assert "not whose it is" in capsys.readouterr().out


def test_verify__signed_with_a_key_that_only_the_file_knows__fails(
    tmp_path: Path, trusted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify-release", kept(tmp_path, Key(1)), "--trusted-keys", trusted]) == 1
    assert "Do not use this release." in capsys.readouterr().out


def test_verify__key_revoked__fails_as_compromised_and_is_told_as_retired(
    tmp_path: Path, key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    later = key.next()
    file, keys = kept(tmp_path, key), tmp_path / "keys.json"
    for reason, status in (("retired", 0), ("compromised", 1)):
        later.revoke(key, reason, at="2026-03-02T08:00:00Z")
        keys.write_bytes(key_set(key, later))
        assert main(["verify-release", file, "--trusted-keys", str(keys)]) == status
        assert reason in capsys.readouterr().out


def test_verify__key_file_from_before_a_rotation__follows_the_endorsements_as_a_router_does(
    tmp_path: Path, key: Key, trusted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    second = key.next()
    third = second.next()
    shown = json.loads(key_set(key, second, third))
    assert main(["verify-release", kept(tmp_path, third, **shown), "--trusted-keys", trusted]) == 0
    told = capsys.readouterr().out
    assert f"holds under key {third.kid} (number 3), which the trusted keys endorse." in told
    third.revoke(second)
    shown = json.loads(key_set(key, second, third))
    assert main(["verify-release", kept(tmp_path, second, **shown), "--trusted-keys", trusted]) == 1
    assert "compromised" in capsys.readouterr().out


def test_verify__successor_that_the_file_does_not_show_endorsed__fails_and_says_what_may_be(
    tmp_path: Path, key: Key, trusted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    second = key.next()
    third = second.next()
    without: list[dict[str, Any]] = [
        {"keys": []},
        json.loads(key_set(third)),
        json.loads(key_set(key, third)),
    ]
    for shown in without:
        file = kept(tmp_path, third, **shown)
        assert main(["verify-release", file, "--trusted-keys", trusted]) == 1
        told = capsys.readouterr().out
        assert "Do not use this release." in told
        assert "may be from before the console changed its key" in told


def test_verify__attestation_changed__fails(tmp_path: Path, key: Key, trusted: str) -> None:
    content = json.loads(Path(kept(tmp_path, key)).read_text())
    content["body"] = content["body"].replace('"rana"', '"rosa"')
    (tmp_path / "changed.json").write_text(json.dumps(content))
    changed = str(tmp_path / "changed.json")
    assert main(["verify-release", changed, "--trusted-keys", trusted]) == 1


@pytest.mark.parametrize("retired_at", ["2026-03-01T11:59:59Z", "one day"])
def test_verify__published_once_its_key_was_retired__fails(
    tmp_path: Path, key: Key, capsys: pytest.CaptureFixture[str], retired_at: str
) -> None:
    later = key.next()
    later.revoke(key, "retired", at=retired_at)
    keys = tmp_path / "keys.json"
    keys.write_bytes(key_set(key, later))
    assert main(["verify-release", kept(tmp_path, key), "--trusted-keys", str(keys)]) == 1
    told = capsys.readouterr().out
    assert "Do not use this release." in told
    assert f"published on 2026-03-01 12:00 UTC, but its key {key.kid} was retired" in told


def test_verify__by_keys_of_the_judged_file_itself__is_refused_with_what_to_give(
    tmp_path: Path, key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    file = kept(tmp_path, key)
    assert main(["verify-release", file, "--trusted-keys", file]) == 2
    assert "is a signed release, which cannot vouch for itself" in capsys.readouterr().err


def test_verify__signature_of_a_statement_about_a_key__is_not_one_of_a_release(
    tmp_path: Path, key: Key, trusted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    signature = key.sign(release_body(12), typ=ENDORSEMENT)
    file = kept(tmp_path, key, None, signature=signature)
    assert main(["verify-release", file, "--trusted-keys", trusted]) == 1
    assert "one of a 'routing-console-key', not of a release" in capsys.readouterr().out


@pytest.mark.parametrize(
    "attestation",
    [[], {}, "text", 7, {"kind": "something", "published_by": "olga"}, {"kind": "publication"}],
)
def test_verify__attestation_in_no_known_form__says_so_and_tells_nothing_of_it(
    tmp_path: Path,
    key: Key,
    trusted: str,
    capsys: pytest.CaptureFixture[str],
    attestation: object,
) -> None:
    file = kept(tmp_path, key, attestation)
    assert main(["verify-release", file, "--trusted-keys", trusted]) == 0
    told = capsys.readouterr().out
    assert "not in a form that is known here" in told
    assert "Approvals" not in told and "published by" not in told


def test_verify__attestation_absent__says_that_releases_of_before_had_none(
    tmp_path: Path, key: Key, trusted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify-release", kept(tmp_path, key, None), "--trusted-keys", trusted]) == 0
    assert "published before releases had one" in capsys.readouterr().out


def test_verify__attestation_with_odd_members__is_no_fault(
    tmp_path: Path, key: Key, trusted: str
) -> None:
    odd = {"approvals": 1, "checks": [1], "evidence": [], "impact": "x", "restores": 2}
    file = kept(tmp_path, key, {"kind": "publication", "published_by": "olga", **odd})
    assert main(["verify-release", file, "--trusted-keys", trusted]) == 0


@pytest.mark.parametrize("kind", ["rollback", "break_glass"])
def test_verify__rollback_and_break_glass__say_why(
    tmp_path: Path, key: Key, trusted: str, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    said = {
        **ATTESTATION,
        "kind": kind,
        "reason": "Every call fails.",
        "restores": {"number": 9, "digest": "sha256:ee"},
        "passed_over": ["1 more approval needed."],
    }
    assert main(["verify-release", kept(tmp_path, key, said), "--trusted-keys", trusted]) == 0
    told = capsys.readouterr().out
    assert "“Every call fails.”" in told
    how = "Its content had gone out past" if kind == "rollback" else "Passed over"
    assert f"{how}: 1 more approval needed." in told
    assert ("release 9" in told) is (kind == "rollback")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"body": 1, "signature": "x"}', "\x00"])
def test_verify__what_is_no_such_file__says_so(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "release.json"
    file.write_text(content)
    assert main(["verify-release", str(file)]) == 2
    assert "The file is no" in capsys.readouterr().err
    assert main(["verify-release", str(tmp_path / "absent.json")]) == 2


def test_verify__control_characters_in_words__do_not_reach_the_terminal(
    tmp_path: Path, key: Key, trusted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {**ATTESTATION, "published_by": "olga\x1b[2J"}
    assert main(["verify-release", kept(tmp_path, key, said), "--trusted-keys", trusted]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_verify__word_joiner_in_words__is_left_out_where_no_line_is_broken(
    tmp_path: Path, key: Key, trusted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {**ATTESTATION, "impact": {"summary": "Cost −\N{WORD JOINER}$1.75."}}
    assert main(["verify-release", kept(tmp_path, key, said), "--trusted-keys", trusted]) == 0
    assert "Impact: Cost −$1.75." in capsys.readouterr().out
