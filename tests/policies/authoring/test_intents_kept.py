"""What content asks for, and who wrote it first, for rows from before it was kept."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from policies.models import Bundle, ComponentVersion, DocumentAuthor, Release
from policies.services.authoring import drafts
from tests.policies.steps import documents, proposed

MIGRATION = importlib.import_module("policies.migrations.0015_intent_of_content")


def all_intents() -> list[tuple[int, str]]:
    return [
        *Bundle.objects.order_by("pk").values_list("pk", "intent"),
        *ComponentVersion.objects.order_by("pk").values_list("pk", "intent"),
    ]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="sets triggers aside among other writes")
def test_migration__of_what_was_there__gives_the_intents_that_writing_gives(
    release: Release, author: User
) -> None:
    proposed(release.environment, author, documents(share=50))
    kept = all_intents()
    with connection.cursor() as cursor:
        for table in MIGRATION.IMMUTABLE:
            cursor.execute(MIGRATION._aside("sqlite", table))
    Bundle.objects.update(intent="")
    ComponentVersion.objects.update(intent="")
    MIGRATION.say_what_content_asks_for(apps, SimpleNamespace(connection=connection))
    assert all_intents() == kept
    with pytest.raises(DatabaseError, match="bundles are immutable"), transaction.atomic():
        Bundle.objects.update(intent="")
    with pytest.raises(DatabaseError, match="versions are immutable"), transaction.atomic():
        ComponentVersion.objects.update(intent="")


def test_migration__of_authors__gives_a_intent_to_who_wrote_it_first(
    release: Release, author: User, co_author: User
) -> None:
    mine = {"router_policy": documents(share=50)["router_policy"]}
    drafts.create_draft(release.workflow, "Mine", acting_user=co_author, documents=mine)
    proposed(release.environment, author, documents(share=50))
    rows = DocumentAuthor.objects.order_by("kind", "digest", "user")
    kept = list(rows.values_list("kind", "digest", "user"))
    intents = set(ComponentVersion.objects.values_list("intent", flat=True))
    contents = set(ComponentVersion.objects.values_list("digest", flat=True))
    assert rows.filter(digest__in=intents - contents, user=co_author).exists()
    rows.filter(digest__in=intents - contents).delete()
    MIGRATION.say_who_wrote_intents(apps, None)
    assert list(rows.values_list("kind", "digest", "user")) == kept
