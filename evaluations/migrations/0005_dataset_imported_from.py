from django.db import migrations, models


def ways_of_imports(apps, schema_editor):
    """By which way a dataset came in was kept by the audit trail from the first."""
    Dataset = apps.get_model("evaluations", "Dataset")
    AuditEvent = apps.get_model("policies", "AuditEvent")
    rows = AuditEvent.objects.filter(action="dataset.imported", object_type="dataset")
    for pk, way in rows.values_list("object_id", "origin"):
        Dataset.objects.filter(pk=pk).update(imported_from=way)


class Migration(migrations.Migration):
    dependencies = [
        ("evaluations", "0004_evidence_on_plans"),
        ("policies", "0012_evidence_plans"),
    ]

    operations = [
        migrations.AddField(
            model_name="dataset",
            name="imported_from",
            field=models.CharField(
                blank=True,
                help_text="The way in, as the audit trail names it: browser, rest, command or task.",
                max_length=20,
                default="",
            ),
            preserve_default=False,
        ),
        migrations.RunPython(ways_of_imports, migrations.RunPython.noop),
    ]
