"""What takes a POST, a command line or a queue, and is no act of a person on what is governed.

Each is here for a reason that a test holds it to.
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
# A page that notes that its reader was there.
WRITES_BY_GET = frozenset({"inbox-open"})
# Commands by what they may do. Whoever runs one has the machine already.
READING_COMMANDS = frozenset({"audit"})
COMMANDS_OF_THE_MACHINE = frozenset({"load_demo", "roll_up"})
# Tasks: none acts as a person, but what was approved for its time.
TASKS = frozenset(
    {
        "policies.deliver_news",
        "policies.send_mail",
        "policies.try_message",
        "policies.forget_old_deliveries",
        "policies.publish_scheduled",
        "policies.settle_retirements",
        "evaluations.begin_run",
        "evaluations.compute_chunk",
        "evaluations.finish_run",
        "evaluations.resume_stalled_runs",
        "evaluations.roll_up_outcomes",
        "evaluations.measure_change_impact",
        "evaluations.measure_missing_impacts",
    }
)
