"""What of a LiteLLM configuration's settings is read, and where LiteLLM looks for each."""

from __future__ import annotations

from collections.abc import Mapping

from policies.engine.reading import Place
from policies.interop.losses import Losses

# What LiteLLM's Router takes from `litellm_settings` where `router_settings` does not have it.
OF_LITELLM = frozenset(
    {
        "allowed_fails",
        "content_policy_fallbacks",
        "context_window_fallbacks",
        "default_fallbacks",
        "fallbacks",
        "max_fallbacks",
        "num_retries",
    }
)
OF_ROUTER = OF_LITELLM | {
    "cooldown_time",
    "disable_cooldowns",
    "model_group_alias",
    "routing_strategy",
}
SECTIONS = {"litellm_settings": OF_LITELLM, "router_settings": OF_ROUTER}


def merged_settings(members: Mapping[str, Place]) -> dict[str, Place]:
    found: dict[str, Place] = {}
    for section, read in SECTIONS.items():
        if section in members:
            inner = dict(members[section].members())
            found.update({key: inner[key] for key in read & set(inner)})
    return found


def tell_the_rest(
    members: Mapping[str, Place], settings: Mapping[str, Place], losses: Losses
) -> None:
    for key, place in members.items():
        if key == "include":
            losses.dropped(
                place.pointer, "Other files are not read: put what they hold into this one."
            )
        elif key not in ("model_list", *SECTIONS):
            losses.dropped(place.pointer, "Keys, callbacks and guards of the proxy are no policy.")
    for section, read in SECTIONS.items():
        for key, place in members[section].members() if section in members else ():
            if key not in OF_ROUTER:
                losses.dropped(place.pointer, "This setting has no counterpart in the documents.")
            elif key not in read:
                losses.dropped(place.pointer, "LiteLLM reads this in router_settings alone.")
            elif settings[key] != place:
                losses.dropped(place.pointer, "The same setting of router_settings goes before it.")
