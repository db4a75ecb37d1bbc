"""The accounts that a newcomer may sign in as with one click, in a demo only."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User

from policies.models import Membership

DEMO_GROUP = "demo"


def demo_accounts() -> list[dict[str, str]]:
    """User name, full name and roles of each demo account; none unless this is a demo."""
    if not settings.DEMO_SIGN_IN:
        return []
    people = User.objects.filter(groups__name=DEMO_GROUP, is_active=True).order_by("pk")
    roles: dict[int, list[str]] = {}
    for membership in Membership.objects.filter(user__in=people).order_by("pk"):
        roles.setdefault(membership.user_id, []).append(membership.get_role_display())
    return [
        {
            "username": user.get_username(),
            "name": user.get_full_name(),
            "role": ", ".join(roles.get(user.pk, [])).lower(),
        }
        for user in people
    ]
