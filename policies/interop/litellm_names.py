"""What the deployments of a LiteLLM configuration are called as models of a policy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from policies.interop.drafting import LONGEST_NUMBERED, as_key
from policies.interop.litellm_groups import Deployment
from policies.interop.losses import Losses

# One model at two of these is two models: they may fail apart, and stand in different regions.
ADDRESS = ("api_base", "base_url", "region_name", "aws_region_name", "vertex_location")
# How an export says whom it means by a provider that LiteLLM speaks to as to OpenAI.
OWN_ADDRESS = re.compile(r"os\.environ/([A-Z0-9_]+)_API_BASE\Z")
LONGEST_NAME = 200


@dataclass(frozen=True)
class Named:
    """A model: its name in the policy, its name as LiteLLM writes it, and who runs it."""

    name: str
    spoken: str
    provider: str


def names_of(deployments: Iterable[Deployment], losses: Losses) -> dict[int, Named]:
    """Each deployment's model, by its place in the `model_list`.

    The name of a group is what callers ask for and never a model's: a group may be called like
    a model that none of its deployments is.
    """
    found: dict[int, Named] = {}
    known: dict[tuple[str, ...], Deployment] = {}
    taken: dict[str, int] = {}
    for deployment in deployments:
        spoken, provider = _spoken(deployment)
        address = (spoken, *(repr(deployment.parameters.get(key)) for key in ADDRESS))
        first = known.setdefault(address, deployment)
        if first is deployment:
            name = _free(spoken, taken)
            found[deployment.index] = Named(name, spoken, provider)
        else:
            found[deployment.index] = found[first.index]
            if first.group == deployment.group:
                losses.caller(
                    deployment.place,
                    f"Calls what {first.place} calls: which of them serves stays with the router.",
                )
    return found


def _spoken(deployment: Deployment) -> tuple[str, str]:
    model = str(deployment.parameters["model"])
    prefix, _, rest = model.partition("/")
    own = OWN_ADDRESS.match(str(deployment.parameters.get("api_base")))
    if own and rest and prefix == "openai":
        prefix = own[1].lower()
        model = f"{prefix}/{rest}"[:LONGEST_NAME]
    return model, (as_key(prefix) if rest else "openai") or "unknown"


def _free(spoken: str, taken: dict[str, int]) -> str:
    """A name that no other model has; ``taken`` are those, each with the last number after it."""
    name, number = spoken, taken.get(spoken, 1)
    while name in taken:
        number += 1
        name = f"{spoken[:LONGEST_NUMBERED]} #{number}"
    taken[spoken] = number
    taken.setdefault(name, 1)
    return name
