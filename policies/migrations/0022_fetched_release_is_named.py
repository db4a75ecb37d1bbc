import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policies", "0021_router_has_ended")]

    operations = [
        migrations.AlterField(
            model_name="routertoken",
            name="fetched_release",
            field=models.ForeignKey(
                blank=True,
                help_text="The release in force that the router last named the tag of.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="policies.release",
            ),
        ),
    ]
