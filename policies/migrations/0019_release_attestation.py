from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policies", "0018_signing_key_chain")]

    operations = [
        migrations.AddField(
            model_name="release",
            name="attestation",
            field=models.JSONField(
                default=dict,
                help_text="Who let it out, on which evidence; empty for releases of before.",
            ),
        ),
    ]
