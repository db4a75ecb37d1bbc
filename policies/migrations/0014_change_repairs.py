import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0013_authors_and_objections"),
    ]

    operations = [
        migrations.AddField(
            model_name="changerequest",
            name="repairs",
            field=models.ForeignKey(
                blank=True,
                help_text="The release of its environment that it repairs; part of what is approved.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="repair_changes",
                to="policies.release",
            ),
        ),
    ]
