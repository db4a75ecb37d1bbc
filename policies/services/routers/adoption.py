"""How many routers have the release that is in force, by the tokens that they ask with."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from policies.models import Release, RouterToken


@dataclass(frozen=True)
class Adoption:
    """`have` of the `routers` of an environment were told of its release when they last asked."""

    have: int
    routers: int

    @property
    def sentence(self) -> str:
        """For whoever published: who has it, or that nobody has asked for it yet."""
        if not self.routers:
            return "No router has a token for this environment yet."
        if not self.have:
            return "No router has asked for it yet."
        if self.have == self.routers:
            return (
                "Its router has it."
                if self.routers == 1
                else f"All {self.routers} routers have it."
            )
        verb = "has" if self.have == 1 else "have"
        return f"{self.have} of {self.routers} routers {verb} it; the others have not asked yet."


def adoption_of(release: Release) -> Adoption:
    """Counts tokens that still open the door; one that several routers share counts once."""
    tokens = RouterToken.objects.usable().filter(environment=release.environment_id)
    found = tokens.aggregate(
        have=Count("pk", filter=Q(fetched_release=release)), routers=Count("pk")
    )
    return Adoption(found["have"], found["routers"])
