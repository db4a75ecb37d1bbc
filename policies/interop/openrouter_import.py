"""A workflow's documents of a request to OpenRouter, or of several by name."""

from __future__ import annotations

from policies.engine.reading import Place
from policies.engine.routing import read_model_name
from policies.interop.drafting import NeededModel, Read, ReadLane, as_key
from policies.interop.lanes import Share
from policies.interop.losses import Losses

ROUTING = ("model", "models", "provider", "route", "preset")
CONTENT = ("messages", "prompt", "stream")


def import_openrouter(place: Place, losses: Losses) -> Read | None:
    """What the requests say; None where they are not sound, which the place's log tells."""
    models: dict[str, NeededModel] = {}
    members = dict(place.members())
    is_one = any(key in members for key in ROUTING)
    requests = {"default": place} if is_one else members
    lanes = []
    for name, request in requests.items():
        chain = _chain(request, models, losses)
        if chain:
            losses.exact(request.pointer, f"Goes to {chain[0]}.")
            if len(chain) > 1:
                losses.approximated(
                    request.pointer,
                    "OpenRouter goes on after any error; here a bad request ends the chain.",
                )
            names = () if is_one else (Place(name, request.pointer, request.log).label(),)
            lanes.append(ReadLane(names, (Share(chain[0]),), tuple(chain[1:])))
    if place.log or not lanes:
        if not place.log:
            place.report("must have a model or models")
        return None
    default = next((i for i, lane in enumerate(lanes) if "default" in lane.names), 0)
    return Read(
        tuple(lanes),
        default,
        tuple(models.values()),
        limits={"retry_budget": None, "breaker": None},
    )


def _chain(request: Place, models: dict[str, NeededModel], losses: Losses) -> list[str]:
    members = dict(request.members())
    for key in members:
        pointer = f"{request.pointer}/{key}"
        if key == "provider":
            losses.dropped(pointer, "Which provider serves a model is not part of a policy.")
        elif key == "preset":
            losses.dropped(pointer, "A preset always means its latest version: name the models.")
        elif key not in ROUTING and key not in CONTENT:
            losses.caller(pointer, "Parameters of the call are the caller's to send.")
    told = [members["model"]] if "model" in members else []
    listed = members.get("models")
    told += listed.items(of="models") if listed and listed.value is not None else []
    chain = [_model(item, models, losses) for item in told]
    return list(dict.fromkeys(name for name in chain if name))


def _model(item: Place, models: dict[str, NeededModel], losses: Losses) -> str:
    name = read_model_name(item, None)
    if name.startswith("@preset/") or "@preset/" in name:
        losses.dropped(item.pointer, "A preset always means its latest version: name the models.")
        return ""
    if name.startswith("openrouter/"):
        losses.dropped(item.pointer, f"{name} chooses by itself: name the models.")
        return ""
    plain, _, variant = name.partition(":")
    if variant:
        losses.approximated(item.pointer, f"The variant “{variant}” is part of the model's name.")
    author = plain.partition("/")[0] if "/" in plain else "openrouter"
    if name:
        models.setdefault(name, NeededModel(name, as_key(author) or "unknown"))
    return name
