"""Drafts, proposals and releases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from policies.services.as_code import exporting
from tests.governance.action import (
    IN_WORKFLOW,
    OPERATORS,
    Action,
    one,
    said,
)
from tests.governance.actors import WRITERS
from tests.governance.table import Circumstance
from tests.governance.ways import Command, Form, Rest, Told
from tests.governance.world import World
from tests.policies.steps import documents

ANY_REVISION = {"If-Match": "*"}
CONFIG = json.dumps({"model_list": [{"model_name": "a", "litellm_params": {"model": "b/a"}}]})


def _files(world: World) -> dict[str, str]:
    """A policy of its own, as a file."""
    return {"router_policy.yaml": exporting.export_draft(world.draft)["router_policy.yaml"]}


def _folder(world: World) -> str:
    folder = world.folder / "files"
    folder.mkdir(exist_ok=True)
    for name, text in _files(world).items():
        (folder / name).write_text(text)
    return str(folder)


def drafting() -> list[Action]:
    """Documents of a draft."""
    kind = "router_policy"
    document = {"slug": "support-assistant", "kind": kind}

    def at(world: World) -> dict[str, Any]:
        return {**document, "pk": world.draft.pk}

    def earlier(world: World) -> dict[str, Any]:
        return {**at(world), "revision": 1}

    def revision(edit: str) -> Told:
        return lambda w: {"_revision": w.draft.documents.get(kind=kind).revision, "_edit": edit}

    def as_yaml(edit: str) -> Told:
        text = json.dumps(documents(share=3)[kind])  # JSON is YAML, too
        return lambda w: {**revision(edit)(w), "text": text}

    return [
        Action(
            "save a document of a draft",
            WRITERS,
            (
                Form("draft-document", revision(""), at),
                Form("draft-yaml", as_yaml(""), at),
                Rest(
                    "PUT",
                    "api:draft-document",
                    lambda w: documents(share=3)[kind],
                    at,
                    ANY_REVISION,
                ),
            ),
        ),
        Action(
            "keep one's version as a draft of its own",
            WRITERS,
            (
                Form("draft-document", revision("keep-mine"), at),
                Form("draft-yaml", as_yaml("keep-mine"), at),
            ),
        ),
        Action(
            "undo, redo and restore in a draft",
            WRITERS,
            (
                Form("draft-document", revision("restore:1"), at),
                Form("draft-restore", revision(""), earlier),
                Rest("POST", "api:restore-draft-revision", where=earlier, headers=ANY_REVISION),
            ),
        ),
    ]


def of_drafts() -> list[Action]:
    """A draft as a whole."""

    def import_files(world: World) -> list[str]:
        return ["import", _folder(world), "--workflow", world.workflow.slug]

    def import_config(world: World) -> list[str]:
        file = Path(_folder(world)) / "config.json"
        file.write_text(CONFIG)
        return ["import-from", "litellm", str(file), "--workflow", world.workflow.slug]

    return [
        Action(
            "start a draft",
            WRITERS,
            (
                Form("draft-create", said(title="New", start_from=""), IN_WORKFLOW),
                Rest("POST", "api:drafts", said(title="New"), IN_WORKFLOW),
                Rest("POST", "api:files", _imported, IN_WORKFLOW),
                Rest("POST", "api:imports", _translated, IN_WORKFLOW),
                Command("policy", import_files),
                Command("policy", import_config),
            ),
        ),
        Action(
            "rename a draft",
            WRITERS,
            (
                Form("draft-rename", said(title="Another name"), one("draft")),
                Rest("PATCH", "api:draft", said(title="Another name"), one("draft")),
            ),
        ),
        Action(
            "discard a draft",
            WRITERS,
            (
                Form("draft-discard", where=one("draft")),
                Rest("DELETE", "api:draft", where=one("draft")),
            ),
        ),
    ]


def _imported(world: World) -> dict[str, Any]:
    return {"title": "From Git", "files": _files(world)}


def _translated(world: World) -> dict[str, Any]:
    return {"title": "From LiteLLM", "format": "litellm", "text": CONFIG}


def proposing(environment: str) -> Action:
    """From a draft or from files."""
    words = {"title": "Shift", "why": "Cheaper."}

    def form(world: World) -> dict[str, Any]:
        target = world.environments[environment].pk
        return {**words, "draft": world.draft.pk, "environment": target}

    def command(world: World) -> list[str]:
        where = ["--workflow", world.workflow.slug, "--environment", environment]
        return ["propose", _folder(world), *where, "--title", "Shift", "--why", "Cheaper."]

    return Action(
        "propose",
        WRITERS,
        (
            Form("change-create", form, IN_WORKFLOW),
            Rest(
                "POST",
                "api:changes",
                lambda w: {**words, "draft": w.draft.pk, "environment": environment},
                IN_WORKFLOW,
            ),
            Rest(
                "POST",
                "api:propose",
                lambda w: {**words, "environment": environment, "files": _files(w)},
                IN_WORKFLOW,
            ),
            Command("policy", command),
        ),
        environment,
    )


def releasing(environment: str) -> list[Action]:
    """What is done with a release that was live."""
    other = {"staging": "production", "production": "staging"}[environment]

    def where(world: World) -> dict[str, Any]:
        number = world.releases[environment].number
        return {"slug": world.workflow.slug, "environment": environment, "number": number}

    def target(world: World) -> dict[str, Any]:
        return {"environment": world.environments[other].pk, "why": "Quiet days."}

    reason = said(reason="Errors doubled.")
    return [
        Action(
            "roll back",
            OPERATORS,
            (
                Form("release-roll-back", reason, where),
                Rest("POST", "api:roll-back", reason, where),
            ),
            environment,
            same=(Circumstance.FROZEN, Circumstance.DEMANDED),
        ),
        Action(
            "promote",
            WRITERS,
            (
                Form("release-promote", target, where),
                Rest("POST", "api:promote", said(environment=other, why="Quiet days."), where),
            ),
            environment,
            same=(Circumstance.FROZEN, Circumstance.DEMANDED),
        ),
    ]
