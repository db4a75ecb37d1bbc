"""Circumstances besides the state: publication is frozen, or a password is demanded."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from policies.models import Environment
from policies.services.releases import freezing
from policies.services.rules.environments import change_rules
from policies.services.teams.environments import EnvironmentRules
from policies.views.origin import PASSWORD_ENTERED
from tests.governance.actors import A
from tests.governance.digests import digests_of_tables, undone
from tests.governance.table import Circumstance
from tests.governance.world import World

# Longer than the time ahead for which the tests schedule.
FROZEN_FOR = datetime.timedelta(days=5)


@contextmanager
def arranged(world: World, environment: str, circumstance: Circumstance) -> Iterator[None]:
    """The world under a circumstance, in one environment; taken back at the end."""
    before = world.digests
    with undone():
        for arrange in ARRANGEMENTS[circumstance]:
            arrange(world, world.environments[environment])
        world.digests = digests_of_tables()
        try:
            yield
        finally:
            world.digests = before


def freeze(world: World, environment: Environment) -> None:
    now = timezone.now()
    operator = world.user(A.OPERATOR)
    freezing.freeze(
        world.workflow,
        now,
        now + FROZEN_FOR,
        "Year-end sale.",
        acting_user=operator,
        environment=environment,
    )


def demand_a_password(world: World, environment: Environment) -> None:
    rules = replace(EnvironmentRules.of(environment), reauthenticate_to_approve=True)
    administrator = world.user(A.ADMINISTRATOR)
    change_rules(environment, rules, acting_user=administrator)


def ask_for_resolved_threads(world: World, environment: Environment) -> None:
    rules = replace(EnvironmentRules.of(environment), threads_must_be_resolved=True)
    change_rules(environment, rules, acting_user=world.user(A.ADMINISTRATOR))


def enter_passwords(world: World, environment: Environment) -> None:
    """Everybody does so, in their browser."""
    for cookie in world.cookies.values():
        session = SessionStore(cookie)
        session[PASSWORD_ENTERED] = timezone.now().isoformat()
        session.save()


ARRANGEMENTS: dict[Circumstance, tuple[Callable[[World, Environment], None], ...]] = {
    Circumstance.ORDINARY: (),
    Circumstance.FROZEN: (freeze,),
    Circumstance.DEMANDED: (demand_a_password,),
    Circumstance.ENTERED: (demand_a_password, enter_passwords),
    Circumstance.FROZEN_AND_ENTERED: (freeze, enter_passwords),
    Circumstance.THREADS: (ask_for_resolved_threads,),
}
