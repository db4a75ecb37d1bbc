"""`manage.py keys`: prepared ahead, rotated, retired, revoked; nothing is made unasked."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from joserfc.jwk import OKPKey
from pytest_django import Settings

from policies.client.keyset import parse_key_set
from policies.delivery import signing
from policies.delivery.holdings import Holdings
from policies.delivery.loading import load
from policies.governance.refusals import Refused
from policies.models import AuditEvent, Environment, Release, SigningKey
from policies.services.releases import publication, sealing
from tests.policies.steps import approved, in_review, published, use_data_folder

ACTIVE, STANDBY = "signing-key.pem", "standby-key.pem"


@pytest.fixture(autouse=True)
def data_dir(db: None, founded: object, settings: Settings, tmp_path: Path) -> Path:
    """A data folder of its own, with the key of what was published already, if anything was."""
    use_data_folder(settings, tmp_path / "data")
    settings.SIGNING_KEY_PEM = ""
    return tmp_path / "data"


def keys(*arguments: object) -> str:
    out = io.StringIO()
    call_command("keys", *map(str, arguments), stdout=out)
    return out.getvalue()


def states() -> list[str]:
    return [key.state for key in SigningKey.objects.all()]


def kid_of(release: Release) -> str:
    release.refresh_from_db()
    header = release.signature.partition(".")[0]
    kid: str = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    return kid


def verifies(release: Release) -> bool:
    release.refresh_from_db()
    body = release.body.encode()
    return signing.verify(body, release.signature, signing.published_keys())


def test_list__before_anything_was_published__makes_no_key(data_dir: Path) -> None:
    assert "No key yet" in keys("list")
    assert not list(data_dir.iterdir()) and not SigningKey.objects.exists()


def test_publish__before_any_release__gives_routers_a_key_to_trust(data_dir: Path) -> None:
    assert "is published and signs" in keys("publish")
    assert states() == ["active"]
    told = parse_key_set(json.dumps(signing.published_keys()).encode(), "jwks")
    assert list(told.keys) == [SigningKey.objects.get().kid]
    assert (data_dir / ACTIVE).exists()


def test_publish__where_a_key_is_known__makes_no_other_one(
    release: Release, data_dir: Path
) -> None:
    (data_dir / ACTIVE).unlink()
    assert "already" in keys("publish")
    assert states() == ["active"]
    assert not (data_dir / ACTIVE).exists()


def test_publish__with_a_key_that_cannot_be_used__says_why(settings: Settings) -> None:
    settings.SIGNING_KEY_PEM = "nonsense"
    with pytest.raises(CommandError, match="ROUTING_CONSOLE_SIGNING_KEY must hold"):
        keys("publish")
    assert states() == []


def test_plane__that_loads_before_a_key_is_published__makes_none(data_dir: Path) -> None:
    assert json.loads(load(Holdings(), 0.0).jwks) == {"keys": [], "revoked": []}
    assert not list(data_dir.iterdir()) and not SigningKey.objects.exists()


def test_list__with_one_key__says_what_is_missing(release: Release) -> None:
    told = keys("list")
    assert f"1  {kid_of(release)}  active" in told
    assert "No standby key" in told


@pytest.mark.postgres
def test_prepare__makes_the_next_key_endorsed_by_the_active_one(
    release: Release, data_dir: Path
) -> None:
    keys("prepare")
    assert states() == ["active", "standby"]
    assert (data_dir / STANDBY).stat().st_mode & 0o777 == 0o600
    first, second = signing.published_keys()["keys"]
    (endorsement,) = second["endorsements"]
    said = {name: second[name] for name in ("created_at", "kid", "sequence", "x")}
    text = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    assert signing.verify(text, endorsement, {"keys": [first]})
    assert kid_of(release) == first["kid"]
    assert AuditEvent.objects.get(action="signing_key.prepared").detail["number"] == 2


def test_prepare__second_standby__is_refused(release: Release) -> None:
    keys("prepare")
    with pytest.raises(CommandError, match="Key 2 is on standby already"):
        keys("prepare")
    assert len(states()) == 2


def test_prepare__to_a_file_that_is_there__is_refused(release: Release, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("something")
    with pytest.raises(CommandError, match="is there already"):
        keys("prepare", "--to", tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "something" and states() == ["active"]


@pytest.mark.postgres
def test_rotate__signs_anew_what_is_in_force_and_prepares_the_next(
    release: Release, data_dir: Path
) -> None:
    before = release.etag
    keys("prepare")
    told = keys("rotate")
    assert states() == ["retired", "active", "standby"]
    assert "releases signed anew: 1." in told
    assert kid_of(release) == SigningKey.objects.get(sequence=2).kid
    assert verifies(release) and release.etag != before and release.number == 1
    assert sorted(file.name for file in data_dir.iterdir()) == [ACTIVE, STANDBY]


def test_rotate__standby_kept_elsewhere__is_taken_from_there(
    release: Release, tmp_path: Path
) -> None:
    keys("prepare", "--to", tmp_path / "vault.pem")
    with pytest.raises(CommandError, match="cannot be read"):
        keys("rotate")
    keys("rotate", "--from", tmp_path / "vault.pem", "--to", tmp_path / "vault-2.pem")
    assert states() == ["retired", "active", "standby"]
    assert (tmp_path / "vault.pem").exists() and (tmp_path / "vault-2.pem").exists()


def test_rotate__with_another_key_than_the_standby__is_refused(
    release: Release, tmp_path: Path
) -> None:
    keys("prepare")
    other = tmp_path / "other.pem"
    other.write_bytes(OKPKey.generate_key("Ed25519").as_pem(private=True))
    with pytest.raises(CommandError, match="is not key 2"):
        keys("rotate", "--from", other)
    assert states() == ["active", "standby"]


def test_rotate__without_a_standby__says_how_to_get_one(release: Release) -> None:
    with pytest.raises(CommandError, match="keys prepare"):
        keys("rotate")


def test_rotate__key_in_the_environment__is_switched_to_there_first(
    settings: Settings, staging: Environment, author: User, owner: User, tmp_path: Path
) -> None:
    pem = OKPKey.generate_key("Ed25519").as_pem(private=True).decode()
    settings.SIGNING_KEY_PEM = pem
    release = published(staging, author, [owner], owner)
    keys("prepare", "--to", tmp_path / "next.pem")
    with pytest.raises(CommandError, match="restart every process"):
        keys("rotate")
    settings.SIGNING_KEY_PEM = (tmp_path / "next.pem").read_text()
    keys("rotate")
    assert states() == ["retired", "active"] and verifies(release)
    settings.SIGNING_KEY_PEM = pem  # a process that was not restarted
    with pytest.raises(signing.SigningUnavailable, match="signs no more"):
        signing.sign(b"body")


def test_prepare__public_half_of_a_key_elsewhere__is_endorsed(
    release: Release, tmp_path: Path
) -> None:
    other = OKPKey.generate_key("Ed25519")
    file = tmp_path / "public.json"
    file.write_text(json.dumps(other.as_dict(private=False)))
    keys("prepare", "--public-key", file)
    assert SigningKey.objects.get(sequence=2).kid == other.thumbprint()
    assert "d" not in SigningKey.objects.get(sequence=2).public_jwk


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"kty": "OKP", "crv": "X25519", "x": "AA"}'])
def test_prepare__what_is_no_public_key__is_refused(
    release: Release, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "public.json"
    file.write_text(content)
    with pytest.raises(CommandError, match=r"holds no JWK|not the public half"):
        keys("prepare", "--public-key", file)


@pytest.mark.parametrize("action", ["retire", "revoke"])
def test_ending__active_or_later_key__is_refused_for_lack_of_rank(
    release: Release, action: str
) -> None:
    keys("prepare")
    for key in ("1", "2"):
        with pytest.raises(CommandError, match="Only a later key can"):
            keys(action, key, "--reason", "The laptop was stolen.")
    assert states() == ["active", "standby"]


@pytest.mark.postgres
def test_revoke__former_key__is_published_as_compromised_and_audited(release: Release) -> None:
    keys("prepare")
    keys("rotate")
    keys("revoke", "1", "--reason", "The backup tape is missing.")
    document = signing.published_keys()
    assert [key["sequence"] for key in document["keys"]] == [2, 3]
    (revoked,) = document["revoked"]
    assert revoked["revocation"]["reason"] == "compromised"
    detail = AuditEvent.objects.get(action="signing_key.revoked").detail
    assert detail["reason"] == "The backup tape is missing."
    assert verifies(release)
    with pytest.raises(CommandError, match="is compromised already"):
        keys("retire", "1", "--reason", "Again.")


def test_retired_key__found_stolen_later__can_still_be_revoked(release: Release) -> None:
    keys("prepare")
    keys("rotate")
    keys("retire", "1", "--reason", "Not needed any more.")
    with pytest.raises(CommandError, match="is retired already"):
        keys("retire", "1", "--reason", "Again.")
    keys("revoke", "1", "--reason", "Stolen after all.")
    assert states()[0] == "compromised"


@pytest.mark.parametrize("name", ["", "9", "nobody", "²"])
def test_ending__key_that_is_none__is_told(release: Release, name: str) -> None:
    with pytest.raises(CommandError, match="No one key"):
        keys("retire", name, "--reason", "Because.")


def test_publication__key_file_lost__is_refused_with_what_to_do(
    release: Release, staging: Environment, author: User, owner: User, data_dir: Path
) -> None:
    (data_dir / ACTIVE).unlink()
    change = approved(in_review(staging, author), owner)
    with pytest.raises(Refused) as refusal:
        publication.publish(change, acting_user=owner)
    assert refusal.value.codes == ("signing",)
    assert "Restore the file from a backup" in refusal.value.reasons[0].resolve
    assert release.number == Release.objects.get().number


@pytest.mark.postgres
def test_start_over__when_every_key_is_lost__begins_a_chain_that_nothing_endorses(
    release: Release, data_dir: Path
) -> None:
    keys("prepare")
    for file in data_dir.iterdir():
        file.unlink()
    told = keys("start-over", "--reason", "The disk and its backup are gone.")
    assert "by hand" in told and states() == ["retired", "retired", "active"]
    assert verifies(release)
    keys("prepare")
    assert states()[-1] == "standby"


def test_renewal__of_what_is_past_half_of_its_life__is_a_task_of_the_schedule(
    release: Release, settings: Any
) -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert "policies.renew_releases" in scheduled
    assert sealing.renew_releases() == 0


def test_first_key__published_by_the_command__is_on_record() -> None:
    keys("publish")
    keys("publish")  # there is one already
    [event] = AuditEvent.objects.filter(action="signing_key.published")
    key = SigningKey.objects.get()
    assert event.detail == {"number": 1, "kid": key.kid}
    assert event.actor is None


def test_first_key__made_by_the_first_publication__is_on_record_with_who_published(
    staging: Environment, author: User, owner: User
) -> None:
    SigningKey.objects.all().delete()
    publisher = published(staging, author, [owner], owner).published_by
    [event] = AuditEvent.objects.filter(action="signing_key.published")
    assert (event.actor, event.detail["kid"]) == (publisher, SigningKey.objects.get().kid)
