from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def number_the_keys(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Each key its place by age; all of them have signed."""
    rows = apps.get_model("policies", "SigningKey").objects
    for number, row in enumerate(rows.order_by("created_at", "pk"), start=1):
        rows.filter(pk=row.pk).update(sequence=number, activated_at=row.created_at)


class Migration(migrations.Migration):
    dependencies = [("policies", "0017_fleet")]

    operations = [
        migrations.AlterModelOptions(name="signingkey", options={"ordering": ["sequence"]}),
        migrations.AddField("signingkey", "sequence", models.PositiveIntegerField(null=True)),
        migrations.AddField(
            "signingkey",
            "endorsements",
            models.JSONField(default=list, help_text="Detached JWS over what it says."),
        ),
        migrations.AddField(
            "signingkey", "activated_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            "signingkey", "revoked_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            "signingkey",
            "revoked_as",
            models.CharField(
                blank=True,
                choices=[("retired", "Retired"), ("compromised", "Compromised")],
                default="",
                max_length=12,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "signingkey",
            "revocation",
            models.TextField(blank=True, default="", help_text="Detached JWS by a later key."),
            preserve_default=False,
        ),
        migrations.AlterField("signingkey", "created_at", models.DateTimeField()),
        migrations.RunPython(number_the_keys, migrations.RunPython.noop, elidable=False),
        migrations.AlterField(
            "signingkey",
            "sequence",
            models.PositiveIntegerField(
                help_text="Its place in the chain: each key is endorsed by the one before.",
                unique=True,
            ),
        ),
        migrations.AddConstraint(
            "signingkey",
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(("activated_at__isnull", False), ("retired_at", None)),
                name="one_active_signing_key",
            ),
        ),
    ]
