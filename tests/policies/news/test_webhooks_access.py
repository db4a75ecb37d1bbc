"""Webhooks by form and by REST: for operators and administrators only, with a row in the trail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from policies.governance.refusals import Refused
from policies.models import AuditEvent, Environment, Webhook, WebhookMessage, Workflow
from policies.services.news import webhooks
from policies.services.news.webhooks import WebhookFacts
from tests.api.conftest import Caller, codes, pointers

URL = "https://hooks.example.com/services/T000/B000/a-secret"
FACTS = WebhookFacts("Channel", URL, "slack", ("release.published",))
FORM = {"name": "Channel", "url": URL, "body_kind": "slack", "events": ["release.published"]}
REFUSED = ("author", "reviewer", "viewer", "co_author")


@pytest.fixture
def calling() -> Callable[[User], Caller]:
    return Caller


@pytest.fixture
def webhook(workflow: Workflow, operator: User) -> Webhook:
    webhook, _ = webhooks.add_webhook(workflow, FACTS, acting_user=operator)
    return webhook


@pytest.fixture
def message(webhook: Webhook, operator: User) -> WebhookMessage:
    return webhooks.send_test(webhook, acting_user=operator)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ways_in(webhook: Webhook, message: WebhookMessage) -> list[tuple[str, str, str]]:
    """Every address of webhooks: how it is called, where, and with which method."""
    slug, pk = webhook.workflow.slug, webhook.pk
    pages = [
        ("get", reverse("webhooks", args=[slug])),
        ("post", reverse("webhooks", args=[slug])),
        ("get", reverse("webhook", args=[slug, pk])),
        ("post", reverse("webhook", args=[slug, pk])),
        ("get", reverse("webhook-deliveries", args=[slug, pk])),
        ("post", reverse("webhook-redeliver", args=[slug, pk, message.pk])),
        ("post", reverse("webhook-rotate", args=[slug, pk])),
        ("post", reverse("webhook-delete", args=[slug, pk])),
        *(
            ("post", reverse("webhook-act", args=[slug, pk, action]))
            for action in ("test", "switch-off", "switch-on")
        ),
    ]
    base = f"/workflows/{slug}/webhooks/"
    rest = [
        ("get", base),
        ("post", base),
        ("get", f"{base}{pk}/"),
        ("patch", f"{base}{pk}/"),
        ("delete", f"{base}{pk}/"),
        ("post", f"{base}{pk}/rotate-secret/"),
        ("post", f"{base}{pk}/test/"),
        ("get", f"{base}{pk}/messages/"),
        ("post", f"{base}{pk}/messages/{message.pk}/redeliver/"),
    ]
    return [("page", *page) for page in pages] + [("rest", *call) for call in rest]


def statuses(user: User, webhook: Webhook, message: WebhookMessage) -> set[int]:
    """What a person is answered on every way in."""
    client, caller = signed_in(user), Caller(user)
    found = set()
    for kind, method, address in ways_in(webhook, message):
        if kind == "page":
            found.add(getattr(client, method)(address, FORM).status_code)
        else:
            found.add(getattr(caller, method)(address).status_code)
    return found


@pytest.mark.parametrize("who", REFUSED)
def test_webhook__by_those_without_the_right__is_refused_on_every_way_in(
    who: str, webhook: Webhook, message: WebhookMessage, request: pytest.FixtureRequest
) -> None:
    rows = AuditEvent.objects.filter(action__startswith="webhook.").count()
    assert statuses(request.getfixturevalue(who), webhook, message) == {403}
    assert AuditEvent.objects.filter(action__startswith="webhook.").count() == rows
    assert Webhook.objects.get() == webhook


def test_webhook__by_an_outsider__does_not_exist_on_any_way_in(
    outsider: User, webhook: Webhook, message: WebhookMessage
) -> None:
    assert statuses(outsider, webhook, message) == {404}


def test_webhook__by_the_installations_administrator__is_refused(
    installer: User, webhook: Webhook, team: object
) -> None:
    installer.memberships.all().delete()
    with pytest.raises(Refused) as refused:
        webhooks.switch_off(webhook, acting_user=User.objects.get(pk=installer.pk))
    assert refused.value.codes == ("role",)


def test_settings_page__for_an_author__offers_no_webhooks(author: User, workflow: Workflow) -> None:
    page = signed_in(author).get(reverse("workflow-settings", args=[workflow.slug]))
    assert "Manage webhooks" not in page.content.decode()


def test_webhook__added_by_form__shows_its_secret_once(workflow: Workflow, operator: User) -> None:
    client = signed_in(operator)
    answer = client.post(reverse("webhooks", args=[workflow.slug]), FORM)
    assert "whsec_" in answer.content.decode()
    webhook = Webhook.objects.get()
    again = client.get(webhook.get_absolute_url()).content.decode()
    assert "new-secret" not in again
    assert webhook.secret_hint in again


@pytest.mark.parametrize(
    ("field", "value"),
    [("url", "http://example.com/"), ("url", "https://10.0.0.1/x"), ("name", " "), ("events", [])],
)
def test_form__with_something_wrong__says_so_beside_it(
    field: str, value: object, workflow: Workflow, operator: User
) -> None:
    answer = signed_in(operator).post(
        reverse("webhooks", args=[workflow.slug]), FORM | {field: value}
    )
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Webhook.objects.exists()


def test_rest__with_a_private_address__points_at_it(workflow: Workflow, operator: User) -> None:
    body = FORM | {"url": "https://169.254.169.254/latest"}
    answer = Caller(operator).post(f"/workflows/{workflow.slug}/webhooks/", body)
    assert (answer.status_code, pointers(answer)) == (422, ["/url"])


def test_rest__the_whole_life_of_a_webhook__leaves_its_rows_in_the_trail(
    workflow: Workflow, operator: User
) -> None:
    caller, base = Caller(operator), f"/workflows/{workflow.slug}/webhooks/"
    made = caller.post(base, FORM)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    one = f"{base}{made.json()['id']}/"
    assert "secret" not in caller.get(one).json()
    changed = caller.patch(one, {"name": "Other", "is_enabled": False})
    assert (changed.json()["name"], changed.json()["is_enabled"]) == ("Other", False)
    assert codes(caller.post(f"{one}test/")) == ["state"]
    assert caller.patch(one, {"is_enabled": True}).json()["is_enabled"]
    assert caller.post(f"{one}rotate-secret/").json()["secret"] != made.json()["secret"]
    test = caller.post(f"{one}test/")
    assert (test.status_code, test.json()["delivery"]) == (202, "pending")
    listed = caller.get(f"{one}messages/").json()["results"]
    again = f"{one}messages/{listed[0]['id']}/redeliver/"
    assert caller.post(again).status_code == 202
    assert caller.delete(one).status_code == 204
    rows = AuditEvent.objects.filter(action__startswith="webhook.").order_by("sequence")
    assert [row.action.removeprefix("webhook.") for row in rows] == [
        "created",
        "updated",
        "switched_off",
        "switched_on",
        "secret_rotated",
        "tested",
        "redelivered",
        "deleted",
    ]
    assert all(row.actor == operator and row.workflow == workflow for row in rows)


def test_audit_row__of_a_webhook__does_not_hold_the_secret_part_of_its_url(
    webhook: Webhook,
) -> None:
    row = AuditEvent.objects.get(action="webhook.created")
    assert row.detail["receiver"] == "https://hooks.example.com"
    assert "a-secret" not in str(row.detail)


def test_update__that_says_the_same__leaves_no_row(webhook: Webhook, operator: User) -> None:
    webhooks.update_webhook(webhook, FACTS, acting_user=operator)
    assert not AuditEvent.objects.filter(action="webhook.updated").exists()


def test_webhook__of_another_workflow__is_not_found(
    webhook: Webhook, operator: User, administrator: User, staging: Environment
) -> None:
    other = webhook.workflow.team.workflows.create(slug="other", name="Other")
    client = signed_in(operator)
    assert client.get(reverse("webhook", args=[other.slug, webhook.pk])).status_code == 404


def test_delivery_log__of_many_messages__costs_few_queries(
    webhook: Webhook, operator: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(15):
        webhooks.send_test(webhook, acting_user=operator)
    client = signed_in(operator)
    # Session, person, roles; workflow, webhook; messages counted, read, with their tries;
    # rail: workflows and open changes; bell.
    with django_assert_max_num_queries(13):
        page = client.get(webhook.get_absolute_url())
    assert page.content.decode().count("webhook.test") >= 15
