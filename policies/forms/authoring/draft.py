"""The form that starts a draft: from what is in force, a release, a template or files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.models import AnonymousUser, User
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet

from policies.engine import DocumentError
from policies.files.templates_library import templates
from policies.files.workflow_files import WorkflowFiles, read_files
from policies.files.yaml_text.reading import MAX_CHARACTERS
from policies.interop import FORMATS
from policies.interop import read as translate
from policies.models import Release, Workflow

if TYPE_CHECKING:
    ReleaseChoice = forms.ModelChoiceField[Release]
else:
    ReleaseChoice = forms.ModelChoiceField

MAX_FILES = 10
MOST_TOLD = 20  # problems of a configuration
IN_FORCE, RELEASE, OTHER, TEMPLATE, FILES = "in-force", "release", "other", "template", "files"
ROUTER = "router"
SOURCES = (
    (IN_FORCE, "What is in force now"),
    (RELEASE, "An earlier release"),
    (OTHER, "Another workflow"),
    (TEMPLATE, "A template"),
    (FILES, "YAML files"),
    (ROUTER, "Another router’s configuration"),
)
# The field that belongs to a source, which is asked for when that source is chosen.
DETAILS = {
    RELEASE: "release",
    OTHER: "other",
    TEMPLATE: "template",
    FILES: "uploads",
    ROUTER: "config",
}


class ReleaseField(ReleaseChoice):
    """Releases by the name that people know them by."""

    def __init__(self, *, with_workflow: bool, label: str) -> None:
        super().__init__(Release.objects.none(), required=False, label=label, empty_label="Choose")
        self.with_workflow = with_workflow

    def label_from_instance(self, release: Release) -> str:
        named = f"{release.environment.name} release {release.number}"
        day = f"{release.published_at:%-d %b %Y}"
        whose = f"{release.workflow.name}: " if self.with_workflow else ""
        return f"{whose}{named}, {day}"


class SeveralFiles(forms.FileInput):
    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """Any number of files; their texts are read by the form, which names them in its errors."""

    widget = SeveralFiles(attrs={"multiple": True, "accept": ".yaml,.yml"})

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        return [one for one in data or [] if isinstance(one, UploadedFile)]


class DraftForm(forms.Form):
    """A title, and which documents to start from."""

    title = forms.CharField(
        max_length=160, label="What is it about?", help_text="A few words, for the list of drafts."
    )
    source = forms.ChoiceField(choices=SOURCES, required=False, label="Start from")
    release = ReleaseField(with_workflow=False, label="Release")
    other = ReleaseField(with_workflow=True, label="What is in force there")
    template = forms.ChoiceField(required=False, label="Template")
    uploads = SeveralFilesField(
        required=False,
        label="Files",
        help_text="As exported; a component without a file starts as it is in force.",
    )
    router = forms.ChoiceField(
        choices=[(found.key, found.label) for found in FORMATS.values()],
        required=False,
        label="Whose it is",
    )
    config = forms.FileField(
        required=False,
        label="Its configuration",
        help_text="LiteLLM’s config.yaml, say. What gets lost is told afterwards.",
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,.json"}),
    )

    def __init__(
        self, *args: Any, workflow: Workflow, user: User | AnonymousUser, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.read: WorkflowFiles | None = None
        self.text = ""  # of a router's configuration
        here = _releases().filter(workflow=workflow)
        elsewhere = _releases().active().exclude(workflow=workflow)
        visible = Workflow.objects.visible_to(user)
        self._offer("release", here.order_by("-published_at"))
        self._offer("other", elsewhere.filter(workflow__in=visible).order_by("workflow__name"))
        titles = [(found.key, found.title) for found in templates()]
        self.fields["template"].choices = titles  # type: ignore[attr-defined]

    def _offer(self, name: str, releases: QuerySet[Release]) -> None:
        self.fields[name].queryset = releases  # type: ignore[attr-defined]

    @property
    def chosen(self) -> str:
        """The source whose radio is on."""
        return str(self["source"].value() or IN_FORCE)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        given["source"] = given.get("source") or IN_FORCE
        detail = DETAILS.get(given["source"])
        if given["source"] == FILES:
            self._read_files()
        elif given["source"] == ROUTER:
            self._read_config()
        elif detail and not given.get(detail) and detail not in self.errors:
            self.add_error(detail, "Choose one to start from.")
        return given

    def _read_files(self) -> None:
        uploads = self.cleaned_data.get("uploads", [])
        if not uploads:
            self.add_error("uploads", "Choose the files to start from.")
            return
        try:
            self.read = read_files(_texts(uploads))
        except DocumentError as error:
            for problem in error.problems:
                self.add_error("uploads", f"{problem.message}.")
        except ValueError as error:
            self.add_error("uploads", str(error))

    def _read_config(self) -> None:
        upload = self.cleaned_data.get("config")
        if not isinstance(upload, UploadedFile):
            if "config" not in self.errors:
                self.add_error("config", "Choose the configuration to start from.")
            return
        try:
            [self.text] = _texts([upload]).values()
            translate(self.text, self.cleaned_data.get("router") or next(iter(FORMATS)))
        except DocumentError as error:
            for problem in error.problems[:MOST_TOLD]:
                self.add_error("config", f"{problem.pointer} {problem.message}.".strip())
        except ValueError as error:
            self.add_error("config", str(error))


def _releases() -> Any:
    rows = Release.objects.select_related("environment", "workflow")
    return rows.defer("body", "signature")


def _texts(uploads: list[UploadedFile[bytes]]) -> dict[str, str]:
    """Texts by file name. Raises ValueError with a sentence for people."""
    if len(uploads) > MAX_FILES:
        raise ValueError(f"At most {MAX_FILES} files at a time.")
    texts = {}
    for upload in uploads:
        name = upload.name or ""
        if (upload.size or 0) > 4 * MAX_CHARACTERS:
            raise ValueError(f"{name} is too large to be a policy.")
        try:
            texts[name] = upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(f"{name} is not UTF-8 text.") from None
    return texts
