from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

AGAIN = "with a price by size, which was not read then: upload the file again"


def mend_price_maps(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Prices of zero were left out of what was kept of a map, and tiers were not read."""
    for kept in apps.get_model("policies", "PriceImport").objects.all():
        tiered = [entry["key"] for entry in kept.entries if "is_tiered" in entry]
        kept.entries = [
            {"input_usd": "0.000000", "output_usd": "0.000000", **entry}
            for entry in kept.entries
            if "is_tiered" not in entry
        ]
        if tiered:
            kept.skipped = {**kept.skipped, AGAIN: tiered}
        kept.save(update_fields=["entries", "skipped"])


class Migration(migrations.Migration):
    dependencies = [("policies", "0008_rule_changes")]

    operations = [
        migrations.AddField(
            model_name="cataloguemodel",
            name="aliases",
            field=models.JSONField(
                blank=True, default=list, help_text="Other names that answers give it."
            ),
        ),
        migrations.AddField(
            model_name="modelprice",
            name="tiers",
            field=models.JSONField(
                blank=True, default=list, help_text="Prices of longer requests."
            ),
        ),
        migrations.AddField(
            model_name="modelprice",
            name="windows",
            field=models.JSONField(
                blank=True, default=list, help_text="Prices by hour and weekday."
            ),
        ),
        migrations.RunPython(mend_price_maps, migrations.RunPython.noop),
    ]
