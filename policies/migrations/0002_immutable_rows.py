"""Make the database itself refuse to change what must never change.

Audit rows may be neither updated nor deleted; component versions and bundles may not be updated.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

FORBIDDEN = (
    ("policies_auditevent", "UPDATE", "audit rows are append-only"),
    ("policies_auditevent", "DELETE", "audit rows are append-only"),
    ("policies_componentversion", "UPDATE", "component versions are immutable"),
    ("policies_bundle", "UPDATE", "bundles are immutable"),
)


def sqlite_statements() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{why}'); END"
        for table, verb, why in FORBIDDEN
    ]


def postgresql_statements() -> list[str]:
    refuse = (
        "CREATE FUNCTION policies_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$"
    )
    return [refuse] + [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION policies_refuse('{why}')"
        for table, verb, why in FORBIDDEN
    ]


def forbid(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    statements = {"sqlite": sqlite_statements, "postgresql": postgresql_statements}
    with schema_editor.connection.cursor() as cursor:
        for statement in statements[schema_editor.connection.vendor]():
            cursor.execute(statement)


def start_chain(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("policies", "AuditHead").objects.create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("policies", "0001_initial")]
    operations = [
        migrations.RunPython(start_chain, migrations.RunPython.noop),
        migrations.RunPython(forbid, migrations.RunPython.noop, elidable=False),
    ]
