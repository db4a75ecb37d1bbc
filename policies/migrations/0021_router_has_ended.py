from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policies", "0020_reported_hours")]

    operations = [
        migrations.AddField(
            model_name="routerinstance",
            name="has_ended",
            field=models.BooleanField(default=False, help_text="Its last report said so."),
        ),
    ]
