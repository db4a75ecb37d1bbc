from django.db import migrations, models

import policies.models.tokens


class Migration(migrations.Migration):
    dependencies = [("policies", "0015_intent_of_content")]

    operations = [
        migrations.AddField(
            model_name="routertoken",
            name="scopes",
            field=models.JSONField(
                default=policies.models.tokens.all_scopes,
                help_text="Of `TokenScope`, in its order.",
            ),
        ),
    ]
