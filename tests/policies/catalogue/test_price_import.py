"""Prices from LiteLLM's map into the catalogue: by service, page, REST and command."""

import datetime
import importlib
import io
import json
import pkgutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from policies import migrations
from policies.governance.refusals import Refused
from policies.models import (
    AuditEvent,
    CatalogueModel,
    ModelPrice,
    PriceImport,
    Provider,
    Release,
    RuleChange,
)
from policies.services.rules import price_imports
from tests.api.conftest import Caller, codes


def entry(dollars_in: float, dollars_out: float, provider: str = "acme", **more: Any) -> Any:
    return {
        "input_cost_per_token": dollars_in,
        "output_cost_per_token": dollars_out,
        "max_input_tokens": 128_000,
        "max_output_tokens": 4096,
        "litellm_provider": provider,
        "mode": "chat",
        **more,
    }


# swift-small got dearer, swift-large is ten times too cheap, orchid is the same and retires.
MAP = {
    "sample_spec": {"mode": "one of: chat, embedding"},
    "swift-small": entry(2e-7, 8e-7),
    "swift-large": entry(2.5e-7, 1e-6),
    "orchid": entry(8e-7, 4e-6, "borealis", deprecation_date="2027-03-01"),
    "tulip": entry(1e-6, 3e-6, "corvid", supports_vision=True),
    "tulip-embed": entry(1e-7, 0, "corvid", mode="embedding"),
}
RAW = json.dumps(MAP).encode()


def today() -> datetime.date:
    return timezone.now().date()


@pytest.fixture
def kept(catalogue: None, owner: User) -> PriceImport:
    return price_imports.keep_price_map("prices.json", RAW, acting_user=owner)


def price_now(key: str) -> Decimal:
    price = CatalogueModel.objects.get(key=key).price_on(today())
    assert price is not None
    return price.input_usd_per_mtok


# --- Service ----------------------------------------------------------------------------
def test_map__kept__suggests_what_nothing_speaks_against(kept: PriceImport) -> None:
    rows = price_imports.rows_of(kept)
    assert {row.key: str(row.kind) for row in rows} == {
        "orchid": "changed",
        "swift-large": "changed",
        "swift-small": "changed",
        "tulip": "new",
    }
    assert price_imports.chosen_at_first(rows) == ["orchid", "swift-small"]
    assert kept.skipped == {"not for chat: embedding": ["tulip-embed"]}


def test_map__kept_twice__is_one_import(kept: PriceImport, owner: User) -> None:
    assert price_imports.keep_price_map("again.json", RAW, acting_user=owner) == kept
    assert AuditEvent.objects.filter(action="prices.uploaded").count() == 1


def test_import__of_chosen_models__adds_prices_facts_and_models(
    kept: PriceImport, owner: User
) -> None:
    keys = ["orchid", "swift-small", "tulip"]
    applied = price_imports.apply_price_map(kept, keys, today(), acting_user=owner)
    assert applied.sentence == "Taken over: 1 price, 1 new model, 1 other fact."
    assert price_now("swift-small") == Decimal("0.2")
    assert price_now("swift-large") == Decimal("2.5")  # not chosen
    assert CatalogueModel.objects.get(key="orchid").retires_on == datetime.date(2027, 3, 1)
    assert CatalogueModel.objects.get(key="tulip").capabilities == ["vision"]
    assert Provider.objects.get(slug="corvid").label == "Corvid"
    event = AuditEvent.objects.get(action="prices.imported")
    assert event.detail["models"] == keys


def test_import__applied_again__finds_nothing_left(kept: PriceImport, owner: User) -> None:
    for _ in range(2):
        applied = price_imports.apply_price_map(kept, ["swift-small"], today(), acting_user=owner)
    assert applied.sentence == "Nothing was left to take over."
    assert ModelPrice.objects.filter(model__key="swift-small").count() == 2


def test_import__into_the_past__is_refused_for_each_model_and_changes_nothing(
    kept: PriceImport, owner: User
) -> None:
    keys = ["swift-small", "swift-large", "tulip"]
    with pytest.raises(Refused) as caught:
        price_imports.apply_price_map(kept, keys, datetime.date(2025, 6, 1), acting_user=owner)
    assert caught.value.codes == ("past", "past")
    assert not CatalogueModel.objects.filter(key="tulip").exists()


def test_import__from_a_later_day__keeps_todays_price(kept: PriceImport, owner: User) -> None:
    later = today() + datetime.timedelta(days=30)
    price_imports.apply_price_map(kept, ["swift-small"], later, acting_user=owner)
    assert price_now("swift-small") == Decimal("0.15")


@pytest.mark.parametrize("keys", [[], ["nothing-here"], ["tulip-embed"], ["x"] * 2])
def test_import__of_nothing_usable__is_refused(
    kept: PriceImport, owner: User, keys: list[str]
) -> None:
    with pytest.raises(Refused):
        price_imports.apply_price_map(kept, keys, today(), acting_user=owner)


@pytest.mark.parametrize("who", ["author", "reviewer", "viewer"])
def test_import__without_the_right__is_refused(
    kept: PriceImport, who: str, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(who)
    with pytest.raises(Refused) as caught:
        price_imports.apply_price_map(kept, ["orchid"], today(), acting_user=user)
    assert caught.value.is_forbidden
    with pytest.raises(Refused):
        price_imports.keep_price_map("other.json", RAW + b" ", acting_user=user)


def test_import__for_models_in_use__waits_for_a_second_steward(
    release: Release, kept: PriceImport, owner: User
) -> None:
    keys = ["orchid", "swift-small", "tulip"]
    applied = price_imports.apply_price_map(kept, keys, today(), acting_user=owner)
    assert applied.sentence == (
        "Taken over: 1 new model, 1 other fact. "
        "Waiting: 1 for a second steward: the models are in use."
    )
    assert price_now("swift-small") == Decimal("0.15")
    waiting = RuleChange.objects.waiting().get()
    assert waiting.subject == "swift-small, price"
    assert waiting.why == "From the price map prices.json."


# --- Page -------------------------------------------------------------------------------
def upload(client: Client, raw: bytes = RAW) -> Any:
    file = SimpleUploadedFile("prices.json", raw, "application/json")
    return client.post("/catalogue/import/", {"file": file}, follow=True)


def test_page__after_upload__shows_old_and_new_price_and_the_doubt(
    catalogue: None, owner: User, client: Client
) -> None:
    client.force_login(owner)
    text = upload(client).content.decode()
    assert "$0.15 → <strong>$0.20</strong>" in text
    assert "1/10 of what it is now" in text
    assert "retires <strong>1 Mar 2027</strong>" in text
    ticked = 'value="swift-small" aria-label="Take over swift-small" checked'
    assert ticked in text
    assert 'value="swift-large" aria-label="Take over swift-large">' in text
    assert 'value="tulip" aria-label="Add tulip">' in text


def test_page__ticked__takes_over_just_these(
    kept: PriceImport, owner: User, client: Client
) -> None:
    client.force_login(owner)
    body = {"model": ["orchid", "swift-small"], "effective_from": today().isoformat()}
    answer = client.post(kept.get_absolute_url(), body, follow=True)
    assert "Taken over: 1 price, 1 other fact." in answer.content.decode()
    assert price_now("swift-small") == Decimal("0.2")


def test_page__refused__keeps_what_was_ticked(
    kept: PriceImport, owner: User, client: Client
) -> None:
    client.force_login(owner)
    body = {"model": ["swift-large"], "effective_from": "2025-06-01"}
    answer = client.post(kept.get_absolute_url(), body)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "2025-06-01 is past" in text
    assert 'aria-label="Take over swift-large" checked' in text
    assert 'aria-label="Take over swift-small">' in text


def test_page__other_file__says_what_is_wrong(catalogue: None, owner: User, client: Client) -> None:
    client.force_login(owner)
    answer = upload(client, b'{"a": 1}')
    assert answer.status_code == 422
    assert "no chat model with a price per token" in answer.content.decode()


def test_page__looked_for__shows_the_new_models_found(
    kept: PriceImport, owner: User, client: Client
) -> None:
    client.force_login(owner)
    found = client.get(kept.get_absolute_url(), {"q": "corvid"}).content.decode()
    none = client.get(kept.get_absolute_url(), {"q": "rose"}).content.decode()
    assert "Add tulip" in found
    assert "Add tulip" not in none


def test_page__of_a_viewer__cannot_be_ticked(
    kept: PriceImport, viewer: User, client: Client
) -> None:
    client.force_login(viewer)
    assert "Take over what is ticked" not in client.get(kept.get_absolute_url()).content.decode()
    body = {"model": ["orchid"], "effective_from": today().isoformat()}
    assert client.post(kept.get_absolute_url(), body).status_code == 403
    assert upload(client, RAW + b" ").status_code == 403


# --- REST -------------------------------------------------------------------------------
def rest_upload(user: User, raw: bytes) -> Any:
    return Caller(user).client.post(
        "/api/v1/catalogue/price-imports/",
        raw,
        content_type="application/octet-stream",
        headers={"Content-Disposition": "attachment; filename=prices.json"},
    )


def test_rest__uploaded_and_applied__changes_the_price(catalogue: None, owner: User) -> None:
    calling = Caller(owner)
    answer = rest_upload(owner, RAW)
    assert answer.status_code == 201
    preview = answer.json()
    assert [row["model"] for row in preview["rows"] if row["suggested"]] == [
        "orchid",
        "swift-small",
    ]
    path = f"/catalogue/price-imports/{preview['id']}/"
    body = {"models": ["swift-small"], "effective_from": today().isoformat()}
    assert calling.post(f"{path}apply/", body).json() == {
        "prices": 1,
        "models": 0,
        "facts": 0,
        "waiting": 0,
    }
    assert price_now("swift-small") == Decimal("0.2")
    assert calling.get("/catalogue/price-imports/").json()["count"] == 1


def test_rest__by_an_author__is_refused(kept: PriceImport, author: User) -> None:
    body = {"models": ["swift-small"], "effective_from": today().isoformat()}
    answer = Caller(author).post(f"/catalogue/price-imports/{kept.pk}/apply/", body)
    assert (answer.status_code, codes(answer)) == (403, ["role"])


# --- Command ----------------------------------------------------------------------------
@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "prices.json").write_bytes(RAW)
    return tmp_path / "prices.json"


def run(*arguments: Any) -> str:
    out = io.StringIO()
    call_command("import_prices", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_command__without_apply__only_tells(catalogue: None, owner: User, file: Path) -> None:
    told = run(file, "--as", "owner")
    assert (
        "~ swift-small: input 0.150000 → 0.200000 × 1.33, output 0.600000 → 0.800000 × 1.33" in told
    )
    assert "    ! The input price would be 1/10 of what it is now." in told
    assert told.endswith("3 changed, 0 unchanged, 1 not in the catalogue, 1 skipped.\n")
    assert not PriceImport.objects.exists()


def test_command__with_apply__takes_the_undoubted_over(
    catalogue: None, owner: User, file: Path
) -> None:
    assert run(file, "--as", "owner", "--apply").endswith("1 price, 1 other fact.\n")
    assert price_now("swift-large") == Decimal("2.5")


def test_command__with_models__takes_the_doubted_over_too(
    catalogue: None, owner: User, file: Path
) -> None:
    run(file, "--as", "owner", "--apply", "--models", "swift-large", "tulip")
    assert price_now("swift-large") == Decimal("0.25")
    assert CatalogueModel.objects.filter(key="tulip").exists()


@pytest.mark.parametrize(
    ("content", "who", "code"), [("{}", "owner", 1), (None, "owner", 2), ("map", "author", 3)]
)
def test_command__that_cannot__says_why_by_its_exit_code(
    catalogue: None,
    owner: User,
    author: User,
    tmp_path: Path,
    content: str | None,
    who: str,
    code: int,
) -> None:
    path = tmp_path / "map.json"
    if content is not None:
        path.write_bytes(RAW if content == "map" else content.encode())
    with pytest.raises(CommandError) as caught:
        run(path, "--as", who, "--apply")
    assert caught.value.returncode == code


# --- What was kept before ---------------------------------------------------------------
def test_import__kept_before_zeros_and_tiers_were__can_be_shown_again(
    kept: PriceImport, owner: User, client: Client
) -> None:
    """It lacked prices of zero, and said of tiers only that there were some."""
    free = {"key": "acme/free", "provider": "acme", "input_usd": "1.000000", "context_window": 8192}
    tiered = {**free, "key": "acme/long", "output_usd": "2.000000", "is_tiered": True}
    PriceImport.objects.filter(pk=kept.pk).update(entries=[free, tiered], skipped={})
    (name,) = (
        found.name
        for found in pkgutil.iter_modules(migrations.__path__)
        if found.name.endswith("_price_tiers_and_model_aliases")
    )
    importlib.import_module(f"policies.migrations.{name}").mend_price_maps(apps, None)
    client.force_login(owner)
    assert client.get(kept.get_absolute_url()).status_code == 200
    kept.refresh_from_db()
    (row,) = price_imports.rows_of(kept)
    assert (row.key, row.entry.output_usd) == ("acme/free", Decimal(0))
    ((why, names),) = kept.skipped.items()
    assert (names, "upload the file again" in why) == (["acme/long"], True)
    price_imports.keep_price_map("prices.json", RAW, acting_user=owner)
    kept.refresh_from_db()
    assert len(price_imports.rows_of(kept)) == 4
