"""The catalogue: who may edit it, what is refused, and prices that never change the past."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from policies.governance.refusals import Refused
from policies.models import AuditEvent, CatalogueModel, ModelPrice, Provider, Workflow
from policies.services.authoring.catalogue_documents import catalogue_document
from policies.services.catalogue import entries

FACTS = {
    "label": "Swift, large",
    "context_window": "200000",
    "regions": "eu, us",
    "capabilities": "tools vision",
    "status": "active",
    "retires_on": "",
}


def model_page(model: CatalogueModel) -> str:
    return reverse("catalogue-model", args=[model.pk])


def price_add(model: CatalogueModel) -> str:
    return reverse("catalogue-price-add", args=[model.pk])


def price(day: datetime.date, cost_in: str = "1.5", cost_out: str = "6") -> dict[str, str]:
    return {
        "effective_from": day.isoformat(),
        "input_usd_per_mtok": cost_in,
        "output_usd_per_mtok": cost_out,
    }


@pytest.fixture
def large(workflow: Workflow) -> CatalogueModel:
    return CatalogueModel.objects.get(key="swift-large")


def test_list__shows_every_model_at_todays_price(
    client: Client, large: CatalogueModel, viewer: User
) -> None:
    client.force_login(viewer)
    page = client.get(reverse("catalogue")).content.decode()
    assert "swift-large" in page and "$2.50" in page
    assert "Add model" not in page


def test_model__changed_by_a_manager__is_kept_with_an_audit_row(
    client: Client, large: CatalogueModel, owner: User
) -> None:
    client.force_login(owner)
    assert client.post(model_page(large), FACTS).status_code == 302
    large.refresh_from_db()
    assert large.context_window == 200_000
    assert large.capabilities == ["tools", "vision"]
    event = AuditEvent.objects.filter(action="model.changed").get()
    assert event.detail["before"]["context_window"] == 128_000
    assert event.detail["after"]["capabilities"] == ["tools", "vision"]


def test_model__saved_unchanged__leaves_no_trace(
    client: Client, large: CatalogueModel, owner: User
) -> None:
    client.force_login(owner)
    same = FACTS | {"label": large.label, "context_window": "128000", "capabilities": "tools"}
    client.post(model_page(large), same)
    assert not AuditEvent.objects.filter(action="model.changed").exists()


def test_model__retired__is_told_to_policies(
    client: Client, large: CatalogueModel, owner: User
) -> None:
    client.force_login(owner)
    client.post(model_page(large), FACTS | {"status": "retired", "retires_on": "2026-01-31"})
    assert catalogue_document()["models"]["swift-large"]["status"] == "retired"


@pytest.mark.parametrize("name", ["author", "reviewer", "viewer", "outsider"])
def test_model__changed_by_anyone_else__is_forbidden(
    client: Client, large: CatalogueModel, request: pytest.FixtureRequest, name: str
) -> None:
    client.force_login(request.getfixturevalue(name))
    assert client.post(model_page(large), FACTS).status_code == 403
    today = timezone.now().date()
    assert client.post(price_add(large), price(today)).status_code == 403
    large.refresh_from_db()
    assert large.context_window == 128_000 and large.prices.count() == 1


def test_price__added__holds_from_its_day_on(
    client: Client, large: CatalogueModel, owner: User
) -> None:
    client.force_login(owner)
    tomorrow = timezone.now().date() + datetime.timedelta(days=1)
    assert client.post(price_add(large), price(tomorrow)).status_code == 302
    today = catalogue_document()["models"]["swift-large"]
    then = catalogue_document(tomorrow)["models"]["swift-large"]
    assert today["input_usd_per_mtok"] == 2.5 and then["input_usd_per_mtok"] == 1.5
    assert AuditEvent.objects.filter(action="price.added").count() == 1


def test_price__in_the_past__is_refused(client: Client, large: CatalogueModel, owner: User) -> None:
    client.force_login(owner)
    yesterday = timezone.now().date() - datetime.timedelta(days=1)
    response = client.post(price_add(large), price(yesterday))
    assert response.status_code == 409
    assert "already counted" in response.content.decode()
    assert large.prices.count() == 1


def test_price__twice_for_a_day__is_refused(
    client: Client, large: CatalogueModel, owner: User
) -> None:
    client.force_login(owner)
    today = timezone.now().date()
    client.post(price_add(large), price(today))
    response = client.post(price_add(large), price(today, "9"))
    assert response.status_code == 409
    assert ModelPrice.objects.filter(input_usd_per_mtok=9).count() == 0


def test_price__that_is_no_number__is_told_beside_its_field(
    client: Client, large: CatalogueModel, owner: User
) -> None:
    client.force_login(owner)
    response = client.post(price_add(large), price(timezone.now().date(), "free"))
    assert response.status_code == 422
    page = response.content.decode()
    assert 'value="free"' in page and "Enter a number." in page


def new_model(**more: str) -> dict[str, Any]:
    provider = Provider.objects.get(slug="acme")
    day = datetime.date(2025, 1, 1)
    return {**FACTS, "provider": str(provider.pk), "key": "swift-next", **price(day), **more}


def test_model__added__can_be_named_at_once(
    client: Client, large: CatalogueModel, owner: User
) -> None:
    client.force_login(owner)
    assert client.post(reverse("catalogue-model-add"), new_model()).status_code == 302
    assert catalogue_document()["models"]["swift-next"]["output_usd_per_mtok"] == 6.0
    assert AuditEvent.objects.filter(action="model.added").first().detail["key"] == "swift-next"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("key", "*", "stands for any model"),
        ("regions", "e/u", "must be a name made of"),
        ("context_window", "0", "at least 1"),
        ("key", "swift-large", "already exists"),
    ],
)
def test_model__the_engine_would_not_read__is_refused(
    client: Client, large: CatalogueModel, owner: User, field: str, value: str, said: str
) -> None:
    client.force_login(owner)
    response = client.post(reverse("catalogue-model-add"), new_model(**{field: value}))
    assert response.status_code == 422
    assert said.lower() in response.content.decode().lower()
    assert CatalogueModel.objects.count() == 3


def test_price__by_size_and_hour__is_kept_shown_and_frozen_in_bundles_by_size(
    client: Client, large: CatalogueModel, owner: User
) -> None:
    client.force_login(owner)
    today = timezone.now().date()
    lines = {
        "tiers": "200000 3 12",
        "windows": "mon-fri 16:30-00:30 UTC 1 4\n\nsat,sun 00:00-00:00 UTC 0.5 2",
    }
    assert client.post(price_add(large), price(today) | lines).status_code == 302
    kept = large.price_on(today)
    assert kept is not None
    assert [str(tier) for tier in kept.rates.tiers] == [
        "above 200,000 input tokens $3.00 in, $12.00 out"
    ]
    assert [window.days for window in kept.rates.windows] == [
        ("mon", "tue", "wed", "thu", "fri"),
        ("sat", "sun"),
    ]
    page = client.get(model_page(large)).content.decode()
    assert "above 200,000 input tokens $3.00 in" in page
    assert "sat, sun 00:00–00:00 UTC $0.50 in, $2.00 out" in page
    frozen = catalogue_document()["models"]["swift-large"]
    assert frozen["price_tiers"] == [
        {"above_input_tokens": 200_000, "input_usd_per_mtok": 3.0, "output_usd_per_mtok": 12.0}
    ]
    assert "price_tiers" not in catalogue_document()["models"]["swift-small"]
    detail = AuditEvent.objects.get(action="price.added").detail
    assert detail["tiers"][0]["above_input_tokens"] == 200_000


@pytest.mark.parametrize(
    ("field", "lines", "said"),
    [
        ("tiers", "200k 3 12", "Line 1: write tokens"),
        ("tiers", "100 3 12\n100 4 12", "tiers ascend"),
        ("tiers", "100 dear 12", "dear is no price"),
        ("tiers", "100 1.2345678 12", "more than six decimals"),
        ("windows", "daily 16:30 UTC 1 4", "Line 1: write days"),
        ("windows", "daily 16:30-25:00 UTC 1 4", "from 00:00 to 23:59"),
        ("windows", "someday 16:30-17:30 UTC 1 4", "not someday"),
        ("windows", "daily 16:30-17:30 Mars/Base 1 4", "be a time zone"),
        ("windows", "daily 16:30-17:30 UTC -1 4", "-1 is no price"),
    ],
)
def test_price__by_size_or_hour_that_cannot_be_read__is_told_beside_its_field(
    client: Client, large: CatalogueModel, owner: User, field: str, lines: str, said: str
) -> None:
    client.force_login(owner)
    day = timezone.now().date()
    answer = client.post(price_add(large), price(day) | {field: lines})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    added = client.post(reverse("catalogue-model-add"), new_model(**{field: lines}))
    assert added.status_code == 422
    assert large.prices.count() == 1


def test_alias__of_a_model__is_kept_and_means_one_model_only(
    client: Client, large: CatalogueModel, owner: User
) -> None:
    client.force_login(owner)
    named = FACTS | {"aliases": "swift-large-2024-08-06, sw-l"}
    assert client.post(model_page(large), named).status_code == 302
    large.refresh_from_db()
    assert large.aliases == ["sw-l", "swift-large-2024-08-06"]
    small = CatalogueModel.objects.get(key="swift-small")
    for taken in ("sw-l", "orchid"):
        answer = client.post(model_page(small), FACTS | {"aliases": taken})
        assert answer.status_code == 409
        assert f"{taken} means" in answer.content.decode()
    answer = client.post(reverse("catalogue-model-add"), new_model(key="sw-l"))
    assert answer.status_code == 409
    assert "sw-l means swift-large already" in answer.content.decode()


def test_provider__added_once(client: Client, large: CatalogueModel, owner: User) -> None:
    client.force_login(owner)
    data = {"slug": "cirrus", "label": "Cirrus"}
    assert client.post(reverse("catalogue-provider-add"), data).status_code == 302
    assert client.post(reverse("catalogue-provider-add"), data).status_code == 422
    assert Provider.objects.filter(slug="cirrus").count() == 1


def test_field__while_typed__answers_with_its_problems_only(
    client: Client, large: CatalogueModel, owner: User
) -> None:
    client.force_login(owner)
    url = reverse("catalogue-validate", args=["price"])
    data = price(timezone.now().date(), "free")
    answer = client.post(url, data, headers={"HX-Trigger-Name": "input_usd_per_mtok"})
    assert "Enter a number." in answer.content.decode()
    fine = client.post(url, data, headers={"HX-Trigger-Name": "output_usd_per_mtok"})
    assert "Enter a number." not in fine.content.decode()
    assert client.post(url, data, headers={"HX-Trigger-Name": "pk"}).status_code == 404


def test_service__called_without_the_right__refuses(large: CatalogueModel, author: User) -> None:
    with pytest.raises(Refused):
        entries.add_provider("cirrus", "Cirrus", acting_user=author)
