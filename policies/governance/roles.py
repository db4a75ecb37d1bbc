"""The roles of people in a team."""

from django.db.models import TextChoices


class Role(TextChoices):
    """What a person is to a team; `permissions.py` says what each may do."""

    VIEWER = "viewer", "Viewer"
    AUTHOR = "author", "Author"
    REVIEWER = "reviewer", "Reviewer"
    OWNER = "owner", "Owner"
    OPERATOR = "operator", "Operator"
    ADMINISTRATOR = "administrator", "Administrator"


# These may neither approve nor publish nor change what protects releases.
GIVEN_BY_ONE = frozenset({Role.VIEWER, Role.AUTHOR})
