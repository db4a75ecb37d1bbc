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

MIGRATION = importlib.import_module("policies.migrations.0015_gist_of_content")


def all_gists() -> list[tuple[int, str]]:
    return [
        *Bundle.objects.order_by("pk").values_list("pk", "gist"),
        *ComponentVersion.objects.order_by("pk").values_list("pk", "gist"),
    ]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="sets triggers aside among other writes")
def test_migration__of_what_was_there__gives_the_gists_that_writing_gives(
    release: Release, author: User
) -> None:
    proposed(release.environment, author, documents(share=50))
    kept = all_gists()
    with connection.cursor() as cursor:
        for table in MIGRATION.IMMUTABLE:
            cursor.execute(MIGRATION._aside("sqlite", table))
    Bundle.objects.update(gist="")
    ComponentVersion.objects.update(gist="")
    MIGRATION.say_what_content_asks_for(apps, SimpleNamespace(connection=connection))
    assert all_gists() == kept
    with pytest.raises(DatabaseError, match="bundles are immutable"), transaction.atomic():
        Bundle.objects.update(gist="")
    with pytest.raises(DatabaseError, match="versions are immutable"), transaction.atomic():
        ComponentVersion.objects.update(gist="")


def test_migration__of_authors__gives_a_gist_to_who_wrote_it_first(
    release: Release, author: User, co_author: User
) -> None:
    mine = {"router_policy": documents(share=50)["router_policy"]}
    drafts.create_draft(release.workflow, "Mine", acting_user=co_author, documents=mine)
    proposed(release.environment, author, documents(share=50))
    rows = DocumentAuthor.objects.order_by("kind", "digest", "user")
    kept = list(rows.values_list("kind", "digest", "user"))
    gists = set(ComponentVersion.objects.values_list("gist", flat=True))
    contents = set(ComponentVersion.objects.values_list("digest", flat=True))
    assert rows.filter(digest__in=gists - contents, user=co_author).exists()
    rows.filter(digest__in=gists - contents).delete()
    MIGRATION.say_who_wrote_gists(apps, None)
    assert list(rows.values_list("kind", "digest", "user")) == kept
