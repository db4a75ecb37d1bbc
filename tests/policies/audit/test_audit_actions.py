"""Every action that can be recorded has words, and nothing else is recorded."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from policies.models import AuditEvent, Team
from policies.services import audit
from policies.wording.events import ACTION_WORDS, action_words

ACTION = re.compile(r"[a-z_]+\.[a-z_]+\Z")


def literals() -> Iterator[str]:
    """Every text in the services that looks like an action of a subject that has words."""
    subjects = {action.split(".")[0] for action in ACTION_WORDS}
    for app in ("policies", "evaluations"):
        for path in (Path(settings.BASE_DIR) / app / "services").rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                text = node.value if isinstance(node, ast.Constant) else None
                if not isinstance(text, str) or not ACTION.match(text):
                    continue
                if text.split(".")[0] in subjects:
                    yield text


def test_actions_named_in_services__all_have_words() -> None:
    assert sorted(set(literals()) - set(ACTION_WORDS)) == []


@pytest.mark.django_db
def test_action_without_words__is_not_recorded(team: Team, administrator: User) -> None:
    before = AuditEvent.objects.count()
    with transaction.atomic(), pytest.raises(ValueError, match=r"policies/wording/events\.py"):
        audit.record("team.praised", team, acting_user=administrator)
    assert AuditEvent.objects.count() == before


def test_action_of_an_old_row__is_shown_by_its_name_when_it_has_no_words_any_more() -> None:
    assert action_words("team.praised_once") == "team praised once"
