from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from policies.engine import DocumentError, digest, parse_component, serialise
from policies.governance.meaning import document_intent, intent_digest

IMMUTABLE = {"policies_bundle": "bundles", "policies_componentversion": "component versions"}


def say_what_content_asks_for(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each version and bundle its intent. Neither may be updated: the triggers are set aside
    meanwhile, and put back also where SQLite made the table anew without it.
    """
    bundles = apps.get_model("policies", "Bundle").objects
    versions = apps.get_model("policies", "ComponentVersion").objects
    with schema_editor.connection.cursor() as cursor:
        vendor = schema_editor.connection.vendor
        for table in IMMUTABLE:
            cursor.execute(_aside(vendor, table))
        for key, content in list(bundles.values_list("pk", "content")):
            bundles.filter(pk=key).update(intent=intent_digest(content))
        for key, kind, document in list(versions.values_list("pk", "kind", "document")):
            versions.filter(pk=key).update(intent=_keys(kind, document)[1])
        for table, noun in IMMUTABLE.items():
            cursor.execute(_back(vendor, table, noun))


def say_who_wrote_intents(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Who wrote each intent first: of what was proposed and of drafts, in the order of writing."""
    intents: dict[tuple[str, str], str] = {}
    for name in ("ComponentVersion", "DraftDocument", "DraftRevision"):
        for kind, document in apps.get_model("policies", name).objects.values_list(
            "kind", "document"
        ):
            content, intent = _keys(kind, document)
            intents[kind, content] = intent
    rows = apps.get_model("policies", "DocumentAuthor").objects
    first: dict[tuple[int, str, str], str] = {}
    for row in list(rows.order_by("pk")):
        intent = intents.get((row.kind, row.digest))
        place = (row.workflow_id, row.kind, intent or "")
        if intent and first.setdefault(place, row.digest) == row.digest:
            rows.get_or_create(
                workflow_id=row.workflow_id, kind=row.kind, digest=intent, user_id=row.user_id
            )


def _keys(kind: str, document: object) -> tuple[str, str]:
    """Digest and intent; what this engine can no longer read asks for what its own digest says."""
    try:
        content = serialise(parse_component(kind, document))
    except DocumentError:
        return digest(document), digest(document)
    return digest(content), document_intent(kind, content)


def _aside(vendor: str, table: str) -> str:
    if vendor == "postgresql":
        return f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_update"
    return f"DROP TRIGGER IF EXISTS {table}_no_update"


def _back(vendor: str, table: str, noun: str) -> str:
    if vendor == "postgresql":
        return f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_update"
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{noun} are immutable'); END"
    )


class Migration(migrations.Migration):
    dependencies = [("policies", "0014_change_repairs")]

    operations = [
        migrations.AddField(
            model_name="bundle",
            name="intent",
            field=models.CharField(
                db_index=True,
                default="",
                help_text="Digest of what it asks for, whatever release it goes on from.",
                max_length=71,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="componentversion",
            name="intent",
            field=models.CharField(
                default="", help_text="Digest of what it asks for.", max_length=71
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="documentauthor",
            name="digest",
            field=models.CharField(
                help_text="Of the content or its intent, as versions have them.", max_length=71
            ),
        ),
        migrations.RunPython(say_what_content_asks_for, migrations.RunPython.noop, elidable=False),
        migrations.RunPython(say_who_wrote_intents, migrations.RunPython.noop, elidable=False),
    ]
