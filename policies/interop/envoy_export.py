"""A bundle as routes of Envoy AI Gateway: a rule a lane, backends by weight and by priority."""

from __future__ import annotations

import re
from typing import Any

from policies.engine import Bundle
from policies.files.yaml_text import dump_yaml
from policies.interop.envoy_traffic import tell_of_traffic, traffic_policy
from policies.interop.lanes import Lane, after, lanes_of, tell_what_no_gateway_has
from policies.interop.losses import Losses
from policies.interop.naming import provider_of, without_provider

API_VERSION = "aigateway.envoyproxy.io/v1beta1"
KIND = "AIGatewayRoute"
MODEL_HEADER = "x-ai-eg-model"
# Of the 16 rules of a route, the controller keeps one for itself.
MOST_RULES = 15


def export_envoy(bundle: Bundle, losses: Losses) -> str:
    """The text of the resources, YAML, parted by `---` where one route cannot hold all rules."""
    lanes = lanes_of(bundle, losses)
    tell_what_no_gateway_has(bundle, lanes, losses)
    _tell(bundle, lanes, losses)
    rules = [_rule(bundle, lane, losses) for lane in lanes]
    parts = [rules[start : start + MOST_RULES] for start in range(0, len(rules), MOST_RULES)]
    if len(parts) > 1:
        losses.approximated(
            "/router_policy/rules",
            f"A route holds {MOST_RULES} rules, so there are {len(parts)} routes on one gateway.",
        )
    routes = [_route(part, number) for number, part in enumerate(parts, start=1)]
    policies = [traffic_policy(bundle, route["metadata"]["name"]) for route in routes]
    return "---\n".join(map(dump_yaml, [*routes, *policies]))


def _tell(bundle: Bundle, lanes: tuple[Lane, ...], losses: Losses) -> None:
    rules = {rule.id: index for index, rule in enumerate(bundle.router_policy.rules)}
    for lane in lanes:
        if lane.when is not None:
            place = f"/router_policy/rules/{rules[lane.rule]}/when"
            losses.caller(place, f"Ask for the model “{lane.name}” where this rule holds.")
    losses.caller("/spec/parentRefs", "Put the name of your Gateway here.")
    tell_of_traffic(bundle, losses)


def _route(rules: list[dict[str, Any]], number: int) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": f"policy-{number}"},
        "spec": {
            "parentRefs": [
                {"name": "gateway", "kind": "Gateway", "group": "gateway.networking.k8s.io"}
            ],
            "rules": rules,
        },
    }


def _rule(bundle: Bundle, lane: Lane, losses: Losses) -> dict[str, Any]:
    """The default has no matches, and so takes what the others leave."""
    match = {"headers": [{"type": "Exact", "name": MODEL_HEADER, "value": lane.name}]}
    found = [after(bundle, share.model, lane.classes, losses) for share in lane.shares]
    chains = [(*one.general, *one.context, *one.content) for one in found]
    if any(chain != chains[0] for chain in chains) or found[0].context != found[0].general:
        losses.approximated(
            "/fallback_matrix/rows", f"“{lane.name}” has one list of fallbacks for all failures."
        )
    models = {share.model for share in lane.shares}
    later = [model for model in dict.fromkeys(chains[0]) if model not in models]
    return {
        **({"matches": [match]} if lane.when is not None else {}),
        "backendRefs": [
            *(_backend(bundle, s.model, losses, lane, weight=s.weight) for s in lane.shares),
            *(
                _backend(bundle, model, losses, lane, priority=place)
                for place, model in enumerate(later, start=1)
            ),
        ],
    }


def _backend(
    bundle: Bundle,
    model: str,
    losses: Losses,
    lane: Lane,
    *,
    weight: float = 1,
    priority: int = 0,
) -> dict[str, Any]:
    provider = provider_of(bundle, model)
    name = resource_name(provider)
    losses.caller(f"/catalogue/models/{model}", f"“{name}” is to be an AIServiceBackend.")
    override = without_provider(provider, model)
    return {
        "name": name,
        "modelNameOverride": override,
        **({"weight": _whole(weight, lane, losses)} if lane.is_split and not priority else {}),
        **({"priority": priority} if priority else {}),
    }


def _whole(weight: float, lane: Lane, losses: Losses) -> int:
    """Weights are whole numbers there; shares of a thousandth are kept."""
    total = sum(share.weight for share in lane.shares)
    if all(share.weight == int(share.weight) <= 1_000_000 for share in lane.shares):
        return int(weight)
    losses.approximated("/router_policy", f"The shares of “{lane.name}” are in thousandths.")
    return max(1, round(weight / total * 1000))


def resource_name(text: str) -> str:
    """A name as Kubernetes takes it: lower case, digits and `-`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63] or "backend"
