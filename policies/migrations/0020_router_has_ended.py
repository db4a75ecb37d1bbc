from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policies", "0019_release_attestation")]

    operations = [
        migrations.AddField(
            model_name="routerinstance",
            name="has_ended",
            field=models.BooleanField(default=False, help_text="Its last report said so."),
        ),
    ]
