"""Which tests are run a second time, on PostgreSQL: those that it could answer otherwise.

A test is repeated there

- by itself, where rows are really committed: races, locks, workers, routers, whole consoles;
- by its module below, where the subject is what a database does: constraints, triggers, sums,
  order, what is found among many rows, rows that are kept or thinned out;
- by the marker `postgres`, where that is so of single tests of a module.

Besides, `tests/governance/matrix/test_once_on_postgres.py` does every act, opens every page and
runs every task once. So a statement of a new page or act is carried out there without more ado;
one that only a test of a service reaches needs the marker, or its module a line here.

What pages say, how forms are read and who may do what is asked on SQLite alone.
"""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
# A folder stands for all modules in it.
MODULES = (
    "api/test_catalogue.py",
    "api/test_drafts.py",
    "api/test_review_protections.py",
    "api/test_rule_changes.py",
    "api/test_tokens.py",
    "api/test_visibility.py",
    "api/test_whole_loop.py",
    "api/test_workflows.py",
    "delivery",
    "evaluations/impact/test_impact_of_changes.py",
    "evaluations/impact/test_policy_command.py",
    "evaluations/outcomes",
    "evaluations/runs/test_evaluation_commands.py",
    "evaluations/runs/test_runs.py",
    "policies/audit",
    "policies/authoring/test_draft_audit.py",
    "policies/authoring/test_draft_history.py",
    "policies/authoring/test_draft_start.py",
    "policies/catalogue/test_catalogue_editing.py",
    "policies/catalogue/test_price_import.py",
    "policies/news/test_notifications_inbox.py",
    "policies/news/test_notifications_once.py",
    "policies/news/test_notifications_recipients.py",
    "policies/news/test_webhooks_access.py",
    "policies/news/test_webhooks_delivery.py",
    "policies/releases/test_break_glass.py",
    "policies/releases/test_freeze_windows.py",
    "policies/releases/test_publication_release.py",
    "policies/releases/test_scheduled_publication.py",
    "policies/review/test_threads.py",
    "policies/rules",
    "policies/teams",
)
_PATHS = frozenset(TESTS / module for module in MODULES)


def is_of_a_repeated_module(path: Path) -> bool:
    return path in _PATHS or path.parent in _PATHS
