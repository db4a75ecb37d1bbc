import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from policies.engine import DocumentError, digest, parse_component, serialise

KINDS = ("request_classification", "router_policy", "fallback_matrix", "quality_thresholds")


def say_what_reviews_were_about(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Of what is there now: an earlier review of other content clears itself no sooner by that."""
    reviews = apps.get_model("policies", "Review").objects
    for key, meaning in list(reviews.values_list("pk", "change__bundle__meaning")):
        reviews.filter(pk=key).update(meaning=meaning)


def say_who_wrote(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Who wrote each document first: of what was proposed, then of drafts that were not."""
    known: set[tuple[int, str, str]] = set()
    changes = apps.get_model("policies", "ChangeRequest").objects.order_by("pk")
    for change in changes.select_related(*(f"bundle__{kind}" for kind in KINDS)):
        people = list(change.contributors.values_list("pk", flat=True))
        for kind in KINDS:
            version = getattr(change.bundle, kind)
            _keep(apps, known, change.workflow_id, kind, version.digest, people)
    documents = apps.get_model("policies", "DraftDocument").objects.order_by("draft", "pk")
    for row in documents.select_related("draft"):
        content = _digest(row.kind, row.document)
        people = list(row.draft.contributors.values_list("pk", flat=True))
        _keep(apps, known, row.draft.workflow_id, row.kind, content, people)


def _keep(
    apps: StateApps,
    known: set[tuple[int, str, str]],
    workflow: int,
    kind: str,
    content: str,
    people: list[int],
) -> None:
    place = (workflow, kind, content)
    if not content or place in known:
        return
    known.add(place)
    authors = apps.get_model("policies", "DocumentAuthor")
    authors.objects.bulk_create(
        authors(workflow_id=workflow, kind=kind, digest=content, user_id=person)
        for person in people
    )


def _digest(kind: str, document: object) -> str:
    try:
        return digest(serialise(parse_component(kind, document)))
    except DocumentError:
        return ""


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0012_evidence_plans"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="review",
            name="meaning",
            field=models.CharField(
                default="",
                help_text="Digest of what the content does that it was said of.",
                max_length=71,
            ),
            preserve_default=False,
        ),
        migrations.RunPython(
            say_what_reviews_were_about, migrations.RunPython.noop, elidable=False
        ),
        migrations.CreateModel(
            name="DocumentAuthor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("request_classification", "Request classification"),
                            ("router_policy", "Router policy"),
                            ("fallback_matrix", "Fallback matrix"),
                            ("quality_thresholds", "Quality thresholds"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "digest",
                    models.CharField(
                        help_text="Of the content, as versions have it.", max_length=71
                    ),
                ),
                (
                    "user",
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
                        related_name="+",
                        to="policies.workflow",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workflow", "kind", "digest", "user"), name="document_author_once"
                    )
                ],
            },
        ),
        migrations.RunPython(say_who_wrote, migrations.RunPython.noop, elidable=False),
    ]
