import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def start_at_the_end(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What happened before there were notifications is no news."""
    head = apps.get_model("policies", "AuditHead").objects.filter(pk=1).first()
    last = head.last_sequence if head else 0
    apps.get_model("policies", "NewsCursor").objects.create(pk=1, last_sequence=last)


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0002_immutable_rows"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="NewsCursor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("last_sequence", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_news_cursor")
                ],
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("url", models.CharField(max_length=500)),
                (
                    "body_kind",
                    models.CharField(
                        choices=[
                            ("standard", "Standard Webhooks (JSON)"),
                            ("slack", "Slack-compatible"),
                        ],
                        default="standard",
                        max_length=12,
                    ),
                ),
                ("events", models.JSONField(default=list)),
                ("secret_salt", models.CharField(max_length=64)),
                ("secret_hint", models.CharField(max_length=16)),
                ("previous_salt", models.CharField(blank=True, max_length=64)),
                ("previous_hint", models.CharField(blank=True, max_length=16)),
                (
                    "previous_until",
                    models.DateTimeField(
                        blank=True, help_text="Until then both secrets sign.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
                ("disabled_because", models.CharField(blank=True, max_length=300)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhooks",
                        to="policies.workflow",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="WebhookMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.CharField(max_length=60, unique=True)),
                ("event", models.CharField(max_length=40)),
                ("body", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("delivered", "Delivered"),
                            ("failed", "Given up"),
                        ],
                        default="pending",
                        max_length=12,
                    ),
                ),
                ("tries", models.PositiveIntegerField(default=0, help_text="How many were begun.")),
                (
                    "tries_before",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Of these, how many before somebody asked to deliver it again.",
                    ),
                ),
                ("due_at", models.DateTimeField(help_text="When the next try may begin.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "audit_event",
                    models.ForeignKey(
                        help_text="Null: a test.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="policies.auditevent",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="policies.webhook",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("latency_ms", models.PositiveIntegerField()),
                (
                    "status",
                    models.PositiveSmallIntegerField(help_text="Null: no answer came.", null=True),
                ),
                ("excerpt", models.TextField(blank=True, help_text="The start of the answer.")),
                (
                    "error",
                    models.CharField(
                        blank=True, help_text="Why it failed; else empty.", max_length=300
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="policies.webhookmessage",
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
            },
        ),
        migrations.CreateModel(
            name="MailPreference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event", models.CharField(max_length=40)),
                ("by_mail", models.BooleanField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mail_preferences",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "event"), name="mail_preference_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("event", models.CharField(max_length=40)),
                ("sentence", models.CharField(max_length=400)),
                (
                    "note",
                    models.TextField(blank=True, help_text="What was said with it, shortened."),
                ),
                ("because", models.CharField(help_text="Why this person is told.", max_length=300)),
                ("path", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField(help_text="When it happened.")),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("mail_due_at", models.DateTimeField(blank=True, null=True)),
                ("mail_tries", models.PositiveSmallIntegerField(default=0)),
                ("mailed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "audit_event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to="policies.auditevent",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="policies.workflow",
                    ),
                ),
            ],
            options={
                "ordering": ["-audit_event_id", "-pk"],
                "indexes": [
                    models.Index(fields=["recipient", "read_at"], name="notification_unread"),
                    models.Index(
                        condition=models.Q(("mail_due_at__isnull", False)),
                        fields=["mail_due_at"],
                        name="notification_mail_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("audit_event", "recipient"), name="told_once")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="webhookmessage",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["due_at"], name="message_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookmessage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("audit_event__isnull", False)),
                fields=("webhook", "audit_event"),
                name="one_message_an_event",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(("tries__gte", models.F("tries_before"))), name="tries_count_up"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookattempt",
            constraint=models.UniqueConstraint(
                fields=("message", "number"), name="attempt_number_once"
            ),
        ),
        migrations.RunPython(start_at_the_end, migrations.RunPython.noop),
    ]
