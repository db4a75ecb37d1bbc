"""A bundle as requests to OpenRouter: what to send for each lane. There is nothing else to set up.

A preset of OpenRouter would not do: its name always means its latest version, so nothing could be
pinned to a release.
"""

from __future__ import annotations

import json
from typing import Any

from policies.engine import Bundle
from policies.interop.lanes import Lane, after, lanes_of, tell_what_no_gateway_has
from policies.interop.losses import Losses
from policies.interop.naming import openrouter_name, provider_of

# More are refused.
MOST_MODELS = 3


def export_openrouter(bundle: Bundle, losses: Losses) -> str:
    """JSON: the members of a request, by lane; without rules, those of every request."""
    lanes = lanes_of(bundle, losses)
    tell_what_no_gateway_has(bundle, lanes, losses)
    for key in ("deadline_ms", "breaker", "max_attempts"):
        losses.dropped(f"/fallback_matrix/limits/{key}", "OpenRouter has limits of its own.")
    requests = {lane.name: _request(bundle, lane, losses) for lane in lanes}
    rules = {rule.id: index for index, rule in enumerate(bundle.router_policy.rules)}
    for lane in lanes:
        if lane.when is not None:
            place = f"/router_policy/rules/{rules[lane.rule]}/when"
            losses.caller(place, f"Send the members of “{lane.name}” where this rule holds.")
    only = next(iter(requests.values()), {})
    content = requests if len(bundle.router_policy.routes()) > 1 else only
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _request(bundle: Bundle, lane: Lane, losses: Losses) -> dict[str, Any]:
    largest = max(lane.shares, key=lambda share: share.weight)
    if lane.is_split:
        losses.approximated(
            "/router_policy", f"“{lane.name}” is no split: all goes to {largest.model}."
        )
    found = after(bundle, largest.model, lane.classes, losses)
    chain = [largest.model, *dict.fromkeys((*found.general, *found.context, *found.content))]
    named: dict[str, str] = {}
    for model in chain:
        name = openrouter_name(provider_of(bundle, model), model)
        if named.setdefault(name, model) != model:
            losses.dropped(
                "/fallback_matrix/rows", f"{model} is called {name} there, as {named[name]} is."
            )
    models, beyond = [*named][:MOST_MODELS], [*named.values()][MOST_MODELS:]
    if beyond:
        losses.dropped(
            "/fallback_matrix/rows",
            f"“{lane.name}”: {', '.join(beyond)} would be a fourth model or more.",
        )
    for name in models:
        losses.caller(
            f"/catalogue/models/{named[name]}", f"See whether OpenRouter calls it {name}."
        )
    losses.approximated(
        "/fallback_matrix/rows", "OpenRouter goes on after any error, whatever its kind."
    )
    return {"model": models[0], **({"models": models} if len(models) > 1 else {})}
