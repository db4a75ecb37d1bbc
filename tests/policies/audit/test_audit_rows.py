"""An audit row on its own page: what it says, and what it changed within the content."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from policies.models import AuditEvent, Environment
from policies.services.authoring import editing
from policies.services.review import changes
from tests.policies.steps import documents, proposed

pytestmark = pytest.mark.django_db


def page(client: Client, user: User, event: AuditEvent) -> str:
    client.force_login(user)
    response = client.get(f"/audit/{event.sequence}/")
    assert response.status_code == 200
    return response.content.decode()


def test_row__of_changed_content__tells_the_difference_by_component(
    client: Client, author: User, production: Environment
) -> None:
    change = proposed(production, author)
    assert change.draft
    policy = documents(share=60)["router_policy"]
    editing.save_document(change.draft, "router_policy", policy, acting_user=author)
    changes.update_content(change, acting_user=author)
    event = AuditEvent.objects.get(action="change.content")

    text = page(client, author, event)

    assert "Router policy v" in text
    assert "swift-small" in text
    assert "Fallback matrix v" not in text
    assert "holds" in text


def test_row__of_a_workflow_of_others__does_not_exist(
    client: Client, outsider: User, author: User, production: Environment
) -> None:
    proposed(production, author)
    event = AuditEvent.objects.filter(action="change.opened").get()
    client.force_login(outsider)
    assert client.get(f"/audit/{event.sequence}/").status_code == 404
