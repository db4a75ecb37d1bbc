"""Where drafts begin: in force, a release, another workflow, a template, or files."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from policies.files.templates_library import templates
from policies.files.workflow_files import documents_digest
from policies.governance.static_checks import findings_of
from policies.models import CatalogueModel, Draft, Environment, Release, Team, Workflow
from policies.models.components import ComponentKind
from policies.services.as_code import exporting
from policies.services.catalogue.entries import ModelFacts, change_model
from policies.services.review import changes
from policies.services.teams.contracts import save_contract
from policies.services.teams.environments import create_environment
from policies.services.teams.members import add_member, create_team
from policies.services.teams.workflows import create_workflow
from tests.policies.cast import CONTRACT
from tests.policies.steps import documents, published

HERE = "/w/support-assistant/drafts/new/"


@pytest.fixture
def writer(client: Client, author: User, workflow: Workflow) -> Client:
    client.force_login(author)
    return client


@pytest.fixture
def sales(team: Team, administrator: User, owner: User, author: User) -> Release:
    """Another workflow of the team, with a release that splits otherwise."""
    workflow = create_workflow(team, "sales", "Sales", acting_user=administrator)
    environment = create_environment(workflow, "live", acting_user=administrator)
    for kind in ComponentKind.values:
        save_contract(workflow, kind, owner, CONTRACT, acting_user=owner)
    return published(environment, author, [owner], owner, documents(share=25))


def start(client: Client, source: str, **given: Any) -> Any:
    return client.post(HERE, {"title": "New", "source": source, **given})


def started() -> dict[str, Any]:
    draft = Draft.objects.get(title="New")
    return {row.kind: row.document for row in draft.documents.all()}


def test_page__what_a_source_asks_for__is_not_called_optional(
    writer: Client, sales: Release, release: Release
) -> None:
    text = writer.get(HERE).content.decode()
    assert "Its configuration" in text and "What is in force there" in text
    assert "field__optional" not in text


def test_page__before_any_release__offers_every_template_with_its_models(writer: Client) -> None:
    text = writer.get(HERE).content.decode()
    for template in templates():
        assert template.title.replace("'", "&#x27;") in text
    assert 'Cheap: <span class="mono">swift-small</span>' in text


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.key)
def test_draft__from_a_template__is_ready_to_propose(
    writer: Client, staging: Environment, author: User, template: Any
) -> None:
    assert start(writer, "template", template=template.key).status_code == 302
    draft = Draft.objects.get(title="New")
    change = changes.propose(draft, staging, "T", "Why.", acting_user=author)
    found = findings_of(change.bundle.content)
    assert [finding for finding in found if finding.severity != "info"] == []


def test_draft__from_a_template__never_names_a_model_about_to_retire(
    writer: Client, owner: User
) -> None:
    day = timezone.now().date()
    facts = ModelFacts("Swift large", 128_000, ("eu", "us"), ("tools",), retires_on=day)
    change_model(CatalogueModel.objects.get(key="swift-large"), facts, acting_user=owner)
    start(writer, "template", template="one-model")
    assert "swift-large" not in str(started())


def test_template__with_nobody_for_a_role__cannot_be_chosen(writer: Client, owner: User) -> None:
    for model in CatalogueModel.objects.exclude(key="orchid"):
        retired = ModelFacts(model.label, 128_000, status="retired")
        change_model(model, retired, acting_user=owner)
    text = writer.get(HERE).content.decode()
    assert "The catalogue lacks another model for “Backup”." in text
    assert start(writer, "template", template="one-model").status_code == 409


def test_draft__from_an_earlier_release__has_its_documents(
    writer: Client, release: Release, staging: Environment, author: User, owner: User
) -> None:
    published(staging, author, [owner], owner, documents(share=10))
    assert start(writer, "release", release=release.pk).status_code == 302
    assert documents_digest(started()) == documents_digest(release.bundle.documents)


def test_draft__from_another_workflow__has_what_is_in_force_there(
    writer: Client, sales: Release
) -> None:
    assert "Sales: live release 1" in writer.get(HERE).content.decode()
    start(writer, "other", other=sales.pk)
    assert documents_digest(started()) == documents_digest(documents(share=25))


def test_draft__from_a_workflow_of_others__is_not_offered(
    writer: Client, sales: Release, installer: User, outsider: User, administrator: User
) -> None:
    foreign = create_team("foreign", "Foreign", acting_user=installer)
    add_member(foreign, outsider, "administrator", acting_user=installer)
    workflow = create_workflow(foreign, "secret", "Secret", acting_user=outsider)
    client = Client()
    client.force_login(outsider)
    answer = client.post(
        f"/w/{workflow.slug}/drafts/new/", {"title": "New", "source": "other", "other": sales.pk}
    )
    assert answer.status_code == 422
    assert not Draft.objects.filter(title="New").exists()


def test_draft__from_files__has_their_meaning(writer: Client, release: Release) -> None:
    files = exporting.export_release(release)
    files["router_policy.yaml"] = files["router_policy.yaml"].replace("weight: 90", "weight: 60")
    uploads = [SimpleUploadedFile(name, text.encode()) for name, text in files.items()]
    answer = start(writer, "files", uploads=uploads)
    assert answer.status_code == 302, answer.context["form"].errors
    split = started()["router_policy"]["rules"][0]["route"]["candidates"]
    assert [entry["weight"] for entry in split] == [60, 10]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("router_policy.yaml", b"rules: [\n", "router_policy.yaml: is not YAML"),
        ("router_polcy.yaml", b"a: 1\n", "none of the files is there"),
        ("router_policy.yaml", b"\xff\xfe", "router_policy.yaml is not UTF-8 text."),
    ],
)
def test_draft__from_wrong_files__says_what_is_wrong(
    writer: Client, name: str, content: bytes, said: str
) -> None:
    answer = start(writer, "files", uploads=[SimpleUploadedFile(name, content)])
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Draft.objects.exists()


@pytest.mark.parametrize("source", ["release", "other", "template", "files"])
def test_draft__from_nothing_chosen__asks_for_it(writer: Client, source: str) -> None:
    answer = start(writer, source)
    assert answer.status_code == 422
    assert "Choose" in answer.content.decode()


def test_draft__without_a_source__starts_from_what_is_in_force(
    writer: Client, release: Release
) -> None:
    writer.post(HERE, {"title": "New"})
    assert documents_digest(started()) == documents_digest(documents())
