"""What real price maps hold besides: prices of zero, tiers, hours, retired models, bad text."""

import json
from pathlib import Path

from django.contrib.auth.models import User
from django.test import Client

from policies.models import CatalogueModel, PriceImport
from policies.services.rules import price_imports
from tests.api.conftest import Caller
from tests.policies.catalogue.test_price_import import MAP, entry, rest_upload, run, today, upload

FREE = json.dumps(
    {
        "acme/free": {
            "mode": "chat",
            "litellm_provider": "acme",
            "input_cost_per_token": 1e-6,
            "output_cost_per_token": 0,
            "max_input_tokens": 8192,
        }
    }
).encode()
WITH_HALF_EMOJI = json.dumps({**MAP, "\ud83d": entry(1e-6, 2e-6), "b": {"mode": "a\x00"}}).encode()


def test_rest__price_of_zero__is_shown_as_doubtful(catalogue: None, owner: User) -> None:
    answer = rest_upload(owner, FREE)
    assert answer.status_code == 201
    (row,) = answer.json()["rows"]
    assert row["offered"]["output_usd_per_mtok"] == "0.000000"
    assert [doubt["code"] for doubt in row["doubts"]] == ["free"]
    assert Caller(owner).get(f"/catalogue/price-imports/{answer.json()['id']}/").json()["rows"]


def test_page__price_of_zero__is_shown_and_can_be_taken_over(
    catalogue: None, owner: User, client: Client
) -> None:
    client.force_login(owner)
    answer = upload(client, FREE)
    assert answer.status_code == 200
    assert "A price of zero" in answer.content.decode()
    body = {"model": ["acme/free"], "effective_from": today().isoformat()}
    assert client.post(answer.request["PATH_INFO"], body).status_code == 302
    price = CatalogueModel.objects.get(key="acme/free").price_on(today())
    assert price is not None and price.output_usd_per_mtok == 0


def test_command__price_of_zero__can_be_taken_over(
    catalogue: None, owner: User, tmp_path: Path
) -> None:
    (tmp_path / "free.json").write_bytes(FREE)
    run(tmp_path / "free.json", "--as", "owner", "--apply", "--models", "acme/free")
    assert CatalogueModel.objects.filter(key="acme/free").exists()


TIERED = {
    "swift-small": entry(
        1.5e-7,
        6e-7,
        input_cost_per_token_above_200k_tokens=3e-7,
        output_cost_per_token_above_200k_tokens=9e-7,
    ),
    "tulip": {
        **entry(0, 0, "corvid"),
        "input_cost_per_token": None,
        "output_cost_per_token": None,
        "tiered_pricing": [
            {"range": [0, 32e3], "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
            {"range": [32e3, 1e6], "input_cost_per_token": 3e-6, "output_cost_per_token": 6e-6},
        ],
        "off_peak_pricing": {"hours_utc": "16:30-00:30", "input_cost_per_token": 5e-7},
    },
}


def test_tiers_and_hours__of_a_map__are_shown_everywhere_and_taken_over(
    catalogue: None, owner: User, client: Client, tmp_path: Path
) -> None:
    raw = json.dumps(TIERED).encode()
    (tmp_path / "tiered.json").write_bytes(raw)
    client.force_login(owner)
    shown = upload(client, raw).content.decode()
    told = run(tmp_path / "tiered.json", "--as", "owner", "--new")
    for said in (shown, told):
        assert "above 200,000 input tokens $0.30 in, $0.90 out" in said
        assert "above 32,000 input tokens $3.00 in, $6.00 out" in said
        assert "every day 16:30–00:30 UTC $0.50 in, $2.00 out" in said
    rows = {row["model"]: row for row in rest_upload(owner, raw).json()["rows"]}
    assert rows["swift-small"]["offered"]["tiers"][0]["above_input_tokens"] == 200_000
    assert rows["swift-small"]["held"]["tiers"] == []
    assert rows["tulip"]["offered"]["windows"][0]["starts"] == "16:30"
    kept = PriceImport.objects.get()
    price_imports.apply_price_map(kept, list(rows), today(), acting_user=owner)
    price = CatalogueModel.objects.get(key="tulip").price_on(today())
    assert price is not None
    assert (len(price.rates.tiers), len(price.rates.windows)) == (1, 1)
    assert {str(row.kind) for row in price_imports.rows_of(kept)} == {"unchanged"}


def test_model__that_its_maker_retired__is_added_as_retired(catalogue: None, owner: User) -> None:
    raw = json.dumps({"tulip": entry(1e-6, 2e-6, deprecation_date="2024-01-01")}).encode()
    kept = price_imports.keep_price_map("prices.json", raw, acting_user=owner)
    price_imports.apply_price_map(kept, ["tulip"], today(), acting_user=owner)
    assert CatalogueModel.objects.get(key="tulip").status == "retired"


def test_upload__with_half_an_emoji__is_kept_and_shown(
    catalogue: None, owner: User, client: Client
) -> None:
    client.force_login(owner)
    answer = upload(client, WITH_HALF_EMOJI)
    assert answer.status_code == 200
    assert "\ufffd" in answer.content.decode()
