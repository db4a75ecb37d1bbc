"""A bundle as routes of Envoy AI Gateway: a rule a lane, backends by weight and by priority."""

from __future__ import annotations

from heapq import nlargest
from typing import Any

from policies.engine import Bundle
from policies.files.yaml_text import dump_yaml
from policies.interop.envoy_traffic import duration, tell_of_traffic, traffic_policy
from policies.interop.lanes import Lane, Share, after, lanes_of, tell_what_no_gateway_has
from policies.interop.losses import Losses
from policies.interop.naming import in_few_characters, provider_of, without_provider

API_VERSION = "aigateway.envoyproxy.io/v1beta1"
KIND = "AIGatewayRoute"
MODEL_HEADER = "x-ai-eg-model"
# Of the 16 rules of a route, the controller keeps one for itself: last, and for any request.
MOST_RULES = 15
# Of the HTTPRoute that the controller makes; its own resource would hold more.
MOST_BACKENDS = 16
MOST_OF_A_NAME = 63  # RFC 1123, so that it may be a label, too
ANY_MODEL = {"type": "RegularExpression", "name": MODEL_HEADER, "value": ".*"}


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
    return "---\n".join(map(dump_yaml, [*routes, *filter(None, policies)]))


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
    """The default tests the model's header, too: a rule without a test comes after that of the
    controller's in any earlier route."""
    asked = {"type": "Exact", "name": MODEL_HEADER, "value": lane.name}
    shares = _largest(lane, losses)
    return {
        "matches": [{"headers": [ANY_MODEL if lane.when is None else asked]}],
        "backendRefs": [
            *(_backend(bundle, s.model, losses, lane, weight=s.weight) for s in shares),
            *(
                _backend(bundle, model, losses, lane, priority=place)
                for place, model in enumerate(_later(bundle, lane, losses), start=1)
            ),
        ],
        # Not in the policy: the controller gives a rule without one 60 s, which come first.
        "timeouts": {"request": duration(bundle.fallback_matrix.limits.deadline_ms)},
    }


def _largest(lane: Lane, losses: Losses) -> list[Share]:
    """The shares that a rule can hold."""
    kept = nlargest(MOST_BACKENDS, lane.shares, key=lambda share: share.weight)
    if len(kept) < len(lane.shares):
        losses.dropped(
            "/router_policy",
            f"A rule holds {MOST_BACKENDS} backends: the smallest shares of “{lane.name}” are left "
            "out.",
        )
    return [share for share in lane.shares if share in kept]


def _later(bundle: Bundle, lane: Lane, losses: Losses) -> list[str]:
    """The models after those of the lane, as many as a rule can hold."""
    found = [after(bundle, share.model, lane.classes, losses) for share in lane.shares]
    chains = [(*one.general, *one.context, *one.content) for one in found]
    if any(chain != chains[0] for chain in chains) or found[0].context != found[0].general:
        losses.approximated(
            "/fallback_matrix/rows", f"“{lane.name}” has one list of fallbacks for all failures."
        )
    models = {share.model for share in lane.shares}
    later = [model for model in dict.fromkeys(chains[0]) if model not in models]
    left = max(0, MOST_BACKENDS - len(lane.shares))
    if later[left:]:
        losses.dropped(
            "/fallback_matrix/rows",
            f"A rule holds {MOST_BACKENDS} backends: “{lane.name}” ends before "
            f"{', '.join(later[left:])}.",
        )
    return later[:left]


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
    name = in_few_characters(provider, "-", MOST_OF_A_NAME)
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
