"""`manage.py policy export | import | plan | propose | schema`: documents as files in Git; and
`export-for | import-from`, which write and read the configurations of other routers.

Exit codes: 0 done (or nothing to do), 1 the documents are wrong, 2 wrong usage, 3 refused; and 4
for a plan with --detailed-exitcode whose files differ from what is in force.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from evaluations.management import translations
from evaluations.management.plan_text import plan_lines
from evaluations.services.impact.plan import measured_plan, plan_document
from policies.engine import COMPONENTS, DocumentError
from policies.files.schemas import schema_text
from policies.files.workflow_files import WorkflowFiles, read_files
from policies.governance.refusals import Refused
from policies.management.arguments import whole_text
from policies.models import Draft, Environment, Release, Workflow
from policies.services.as_code import exporting, proposing, translating
from policies.services.review.repairs import release_to_repair

WRONG, USAGE, REFUSED, DIFFERS = 1, 2, 3, 4
YAML_ENDINGS = frozenset({".yaml", ".yml"})
MAX_FILES = 20


class Command(BaseCommand):
    help = "Keep a workflow's documents as files, and translate them for other routers."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write the documents as files")
        export.add_argument("workflow")
        export.add_argument("folder", type=Path)
        which = export.add_mutually_exclusive_group()
        which.add_argument("--environment", help="what is in force there (default: furthest along)")
        which.add_argument("--draft", type=int, help="number of a draft, as its address has it")
        export.add_argument("--release", type=int, help="number of a release of --environment")
        bring = actions.add_parser("import", help="make a draft of the files")
        plan = actions.add_parser("plan", help="what the files would change, and what is wrong")
        propose = actions.add_parser("propose", help="open a change request with the files")
        schema = actions.add_parser("schema", help="print a document's JSON Schema, for editors")
        schema.add_argument("component", choices=COMPONENTS)
        translations.add_out(actions)
        translations.add_in(actions)
        for action in (bring, plan, propose):
            action.add_argument("folder", type=Path)
            action.add_argument("--workflow", help="default: the one that workflow.yaml names")
        for action in (plan, propose):
            action.add_argument("--environment", help="default: the one that workflow.yaml names")
            action.add_argument("--json", action="store_true", help="print the result as JSON")
        plan.add_argument(
            "--detailed-exitcode",
            action="store_true",
            help=f"exit with {DIFFERS} where the files differ from what is in force",
        )
        for action in (bring, propose):
            action.add_argument("--as", dest="username", required=True, help="who does it")
        bring.add_argument(
            "--title", type=whole_text, default="", help="default: the folder's name"
        )
        propose.add_argument("--title", type=whole_text, required=True)
        propose.add_argument("--why", type=whole_text, required=True)
        propose.add_argument(
            "--repairs", type=int, metavar="N", help="release of the environment that it repairs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        do = {
            "export": self.export,
            "import": self.bring_in,
            "plan": self.plan,
            "propose": self.propose,
            "schema": self.schema,
            translations.OUT: self.export_for,
            translations.IN: self.import_from,
        }
        try:
            do[options["action"]](options)
        except Refused as refusal:
            lines = [f"{found.sentence} {found.resolve}".rstrip() for found in refusal.reasons]
            raise CommandError("\n".join(lines), returncode=REFUSED) from refusal
        except DocumentError as error:
            raise CommandError(str(error), returncode=WRONG) from error

    def export(self, options: dict[str, Any]) -> None:
        workflow = _workflow(options["workflow"])
        folder = options["folder"]
        for name, text in _exported(workflow, options).items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
            self.stdout.write(str(folder / name))

    def bring_in(self, options: dict[str, Any]) -> None:
        files = _read(options["folder"])
        workflow = _workflow(options["workflow"] or _named(files, "workflow"))
        title = options["title"] or f"Import of {options['folder'].resolve().name}"
        user = _user(options["username"])
        draft = proposing.import_draft(workflow, files, title, acting_user=user)
        self.stdout.write(f"Draft {draft.pk}: {draft.get_absolute_url()}")

    def plan(self, options: dict[str, Any]) -> None:
        measured = measured_plan(*_environment_and_files(options))
        if options["json"]:
            self.stdout.write(_json(plan_document(measured)))
        else:
            for line in plan_lines(measured):
                self.stdout.write(line)
        if measured.plan.has_errors:
            raise CommandError("The plan has errors.", returncode=WRONG)
        if options["detailed_exitcode"] and not measured.plan.is_unchanged:
            raise CommandError("The files differ from what is in force.", returncode=DIFFERS)

    def propose(self, options: dict[str, Any]) -> None:
        environment, files = _environment_and_files(options)
        user = _user(options["username"])
        made = proposing.propose(
            environment,
            files,
            options["title"],
            options["why"],
            repairs=_repaired(environment, options["repairs"]),
            acting_user=user,
        )
        url = made.change.get_absolute_url() if made.change else ""
        if options["json"]:
            number = made.change.number if made.change else None
            said = {"outcome": made.outcome, "change": number, "url": url}
            self.stdout.write(_json({**said, "sentence": made.sentence}))
        else:
            self.stdout.write(f"{made.sentence} {url}".rstrip())

    def schema(self, options: dict[str, Any]) -> None:
        kind = options["component"]
        address = reverse("api:component-schema", args=[kind])
        self.stdout.write(schema_text(kind, address), ending="")

    def export_for(self, options: dict[str, Any]) -> None:
        """The configuration on standard output or in a file, the loss report beside it."""
        source = _source(_workflow(options["workflow"]), options)
        made = (
            translating.export_draft(source, options["router"])
            if isinstance(source, Draft)
            else translating.export_release(source, options["router"])
        )
        if options["output"]:
            options["output"].write_text(made.text, encoding="utf-8")
        else:
            self.stdout.write(made.text, ending="")
        for line in translations.loss_lines(made.losses):
            self.stderr.write(line)

    def import_from(self, options: dict[str, Any]) -> None:
        try:
            text = translations.configuration(options["file"])
        except argparse.ArgumentTypeError as error:
            raise CommandError(str(error), returncode=USAGE) from error
        workflow, user = _workflow(options["workflow"]), _user(options["username"])
        title = options["title"] or f"Import of {options['file'].name}"
        made = translating.start_draft(workflow, text, options["router"], title, acting_user=user)
        for line in translations.loss_lines(made.imported.losses):
            self.stdout.write(line)
        if made.missing:
            self.stdout.write(f"The catalogue lacks {', '.join(made.missing)}.")
        if made.draft is not None:
            self.stdout.write(f"Draft {made.draft.pk}: {made.draft.get_absolute_url()}")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _exported(workflow: Workflow, options: dict[str, Any]) -> dict[str, str]:
    source = _source(workflow, options)
    if isinstance(source, Draft):
        return exporting.export_draft(source)
    return exporting.export_release(source)


def _source(workflow: Workflow, options: dict[str, Any]) -> Draft | Release:
    """The draft or the release that is meant; by default what is in force."""
    if options["draft"]:
        if options["release"]:
            raise CommandError("Give --draft or --release, not both.", returncode=USAGE)
        draft = Draft.objects.filter(workflow=workflow, pk=options["draft"]).first()
        if draft is None:
            raise CommandError(f"{workflow} has no draft {options['draft']}.", returncode=USAGE)
        return draft
    environment = _environment(workflow, options["environment"])
    if not options["release"]:
        return exporting.release_in_force(environment)
    rows = Release.objects.filter(environment=environment).select_related("bundle", "workflow")
    release = rows.filter(number=options["release"]).first()
    if release is None:
        told = f"{environment} has no release {options['release']}."
        raise CommandError(told, returncode=USAGE)
    return release


def _environment_and_files(options: dict[str, Any]) -> tuple[Environment, WorkflowFiles]:
    files = _read(options["folder"])
    workflow = _workflow(options["workflow"] or _named(files, "workflow"))
    name = options["environment"] or _named(files, "environment")
    return _environment(workflow, name), files


def _named(files: WorkflowFiles, what: str) -> str:
    named = getattr(files.header, what, None)
    if not named:
        told = f"Give --{what}: workflow.yaml does not name one."
        raise CommandError(told, returncode=USAGE)
    return str(named)


def _read(folder: Path) -> WorkflowFiles:
    """The folder's YAML files; anything else in it is nobody's business."""
    if not folder.is_dir():
        raise CommandError(f"{folder} is no folder.", returncode=USAGE)
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in YAML_ENDINGS]
    found = [path for path in found if not path.name.startswith(".")]
    if len(found) > MAX_FILES:
        told = f"{folder} holds {len(found)} YAML files; a workflow has five."
        raise CommandError(told, returncode=USAGE)
    try:
        texts = {path.name: path.read_text(encoding="utf-8") for path in found}
    except UnicodeDecodeError as error:
        raise CommandError(
            f"A file of {folder} is not UTF-8 text: {error}", returncode=1
        ) from error
    except OSError as error:
        raise CommandError(f"{folder} cannot be read: {error}", returncode=USAGE) from error
    return read_files(texts)


def _workflow(slug: str) -> Workflow:
    workflow = Workflow.objects.filter(slug=slug).select_related("team").first()
    if workflow is None:
        raise CommandError(f"There is no workflow {slug}.", returncode=USAGE)
    return workflow


def _environment(workflow: Workflow, name: str | None) -> Environment:
    rows = Environment.objects.filter(workflow=workflow).select_related("workflow__team")
    environment = rows.filter(name=name).first() if name else rows.order_by("-position").first()
    if environment is None:
        known = ", ".join(rows.values_list("name", flat=True)) or "none"
        told = f"{workflow.slug} has no environment {name or 'at all'}; it has {known}."
        raise CommandError(told, returncode=USAGE)
    return environment


def _repaired(environment: Environment, number: int | None) -> Release | None:
    try:
        return None if number is None else release_to_repair(environment, number)
    except Refused as refusal:
        raise CommandError(f"--repairs: {refusal}", returncode=USAGE) from refusal


def _user(username: str) -> User:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"Nobody here has the user name {username}.", returncode=USAGE)
    return user
