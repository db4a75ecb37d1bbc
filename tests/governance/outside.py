"""What takes a POST, a command line or a queue, and is no act of a person on what is governed.

Each is here for a reason that a test holds it to. What is new and acts belongs into an `Action`
(`*_actions.py`) or into `CHANGE_ACTIONS` (`table.py`) instead.
"""

from __future__ import annotations

# They answer a question that is too long for an address, and write nothing.
READING = frozenset(
    {
        ("catalogue-validate", "POST"),
        ("api:validate", "POST"),
        ("api:decide", "POST"),
        ("api-plan", "POST"),
    }
)
# They begin, prove or end a session.
SESSIONS = frozenset(
    {
        ("sign-in", "POST"),
        ("sign-in", "PUT"),  # Django's form views take it for a POST
        ("sign-out", "POST"),
        ("demo-sign-in", "POST"),
        ("confirm-password", "POST"),
    }
)
# Only a router's token opens them.
ROUTERS = frozenset({("api-outcomes", "POST"), ("api-feedback", "POST")})
# They answer whoever asks, and tell of no workflow.
OPEN = frozenset({"api-schema", "api:component-schema"})
# Addresses without a person: they tell nothing of a team, or ask for a router's token.
OPEN_PAGES = frozenset({"sign-in"})
# A page that notes that its reader was there.
WRITES_BY_GET = frozenset({"inbox-open"})
# Commands by what they may do. Whoever runs one has the machine already.
READING_COMMANDS = frozenset({"audit"})
COMMANDS_OF_THE_MACHINE = frozenset({"deliver", "keys", "load_demo", "publish_releases", "roll_up"})
# Tasks: none acts as a person, but what was approved for its time.
TASKS = frozenset(
    {
        "policies.deliver_news",
        "policies.send_mail",
        "policies.try_message",
        "policies.forget_old_deliveries",
        "policies.publish_objects",
        "policies.publish_scheduled",
        "policies.renew_releases",
        "policies.repair_objects",
        "policies.watch_fleets",
        "policies.forget_gone_routers",
        "policies.settle_catalogue",
        "policies.settle_lapsed_approvals",
        "evaluations.begin_run",
        "evaluations.compute_chunk",
        "evaluations.finish_run",
        "evaluations.resume_stalled_runs",
        "evaluations.roll_up_outcomes",
        "evaluations.let_demo_routers_report",
        "evaluations.measure_change_impact",
        "evaluations.measure_missing_impacts",
        "evaluations.evaluate_submitted",
        "evaluations.judge_change",
        "evaluations.judge_changes",
    }
)
# What is installed. Anything more may bring addresses, commands, tasks and signals of its own.
APPS = frozenset(
    {
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "django_htmx",
        "rest_framework",
        "drf_spectacular",
        "csp",
        "routing_console",
        "policies",
        "evaluations",
    }
)
# Theirs are run by who has the machine: `createsuperuser`, `migrate` and the like.
APPS_OF_OTHERS = APPS - {"routing_console", "policies", "evaluations"} | {"django.core"}
# Run at every request. Ours notes where it came from, and nothing else.
MIDDLEWARE = frozenset(
    {
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "routing_console.slashes.SlashMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django_htmx.middleware.HtmxMiddleware",
        "csp.middleware.CSPMiddleware",
        "policies.views.origin.OriginMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    }
)
# Functions of ours that a signal calls: none changes a row.
RECEIVERS = frozenset({"routing_console.celery._leave_no_orphans"})
