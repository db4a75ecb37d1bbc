"""For LiteLLM's proxy: decides before each call and reports outcomes, by one line of its config.

    litellm_settings:
      callbacks: ["routing_console_client.litellm.proxy.hook"]

What it approximates, since the proxy makes the calls: a request has one list of fallbacks for all
kinds of failures but a full context and refused content, without waits, and what stops by the
matrix goes on along that list. Where the matrix has to be carried out as it was reviewed, use the
loop.

`hook` is made when it is first asked for, of the environment: ROUTING_CONSOLE_URL,
ROUTING_CONSOLE_TOKEN_FILE (read anew for each request, so that it can be renewed in place) or
ROUTING_CONSOLE_TOKEN, ROUTING_CONSOLE_STATE_DIR, and if wanted ROUTING_CONSOLE_TRUSTED_KEYS,
ROUTING_CONSOLE_EXPECT, ROUTING_CONSOLE_INSTANCE_ID (of a proxy with one worker; several take their
ids from the folder) and ROUTING_CONSOLE_ROUTED_MODEL (default "auto"). Chat completions for that
model are decided; other models and other endpoints are left alone. `model_name`s of the proxy are
keys of the catalogue.
"""

from __future__ import annotations

import datetime
import importlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ...engine import Request, full_chain
from ..client import Decided, PolicyClient
from .chain import Decides
from .proxy_outcomes import ProxyOutcomes

ROUTED_MODEL = "auto"
# What the proxy calls chat completions. Others hand `metadata` on to the provider.
ROUTED_CALLS = ("acompletion", "completion")
REQUEST_ID = "routing_request_id"
LOOKED_FOR_IN_THE_CLASS = ("async_pre_call_hook", "async_post_call_response_headers_hook")
# One list has to do for all kinds: where the likelier failures lead comes first.
KINDS = ("server_error", "overloaded", "timeout", "network", "rate_limit", "quota_exhausted")


class PolicyRefused(Exception):
    """The policy has no model for the request; the proxy answers with the status."""

    status_code = 403


class ProxyHook:
    """Becomes a `CustomLogger` of LiteLLM by `hook_for`. Blocks the event loop for no call."""

    def __init__(self, client: Decides, routed_model: str = ROUTED_MODEL) -> None:
        super().__init__()
        self._client = client
        self._routed_model = routed_model
        self._outcomes = ProxyOutcomes(client)

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """Put the model that the policy chose, and where to go after it, into the request."""
        if data.get("model") != self._routed_model or call_type not in ROUTED_CALLS:
            return data
        decided = self._client.decide(request_of(data))
        model = decided.model  # not the decision's while its breaker is open
        if model is None:
            raise PolicyRefused(decided.decision.refused or "No target is left for this request.")
        self._outcomes.begin(decided)
        metadata = {
            **_object(data.get("metadata")),
            REQUEST_ID: decided.request.request_id,
            "routing_class": decided.decision.class_key,
            "routing_rule": decided.decision.policy_rule,
            "routing_release": decided.release.digest,
        }
        fallbacks = fallbacks_of(decided, model)
        called = [model, *fallbacks]
        return {
            **data,
            "model": model,
            "fallbacks": fallbacks,
            "context_window_fallbacks": own_fallbacks_of(decided, called, "context_window"),
            "content_policy_fallbacks": own_fallbacks_of(decided, called, "content_policy"),
            "num_retries": 0,
            "metadata": metadata,
        }

    async def async_log_success_event(
        self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        self._outcomes.answered(
            _request_id(kwargs), _group(kwargs), response_obj, _ms(start_time, end_time)
        )

    async def async_pre_call_deployment_hook(self, kwargs: Mapping[str, Any], *_: Any) -> None:
        """An attempt goes out; what it is sent with stays."""
        self._outcomes.begin_call(_request_id(kwargs), _group(kwargs))

    async def async_post_call_failure_deployment_hook(
        self, request_data: Mapping[str, Any], exception: BaseException, *_: Any
    ) -> None:
        """An attempt has failed. LiteLLM's failure events tell of the first of a request alone."""
        self._outcomes.failed(_request_id(request_data), _group(request_data), exception)

    async def async_post_call_response_headers_hook(
        self, data: Mapping[str, Any], *args: Any, **kwargs: Any
    ) -> None:
        """The answer begins; from here on a stream's failure is told by the next hook alone."""
        if data.get("stream"):
            self._outcomes.streams(_request_id(data))

    async def async_post_call_failure_hook(
        self,
        request_data: Mapping[str, Any],
        original_exception: BaseException,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """All that the proxy tried has failed. Log events may come only after this."""
        if request_data.get("stream"):
            self._outcomes.stream_failed(_request_id(request_data), original_exception)
        self._outcomes.end_soon(_request_id(request_data))


def request_of(data: Mapping[str, Any]) -> Request:
    """What is decided on: `metadata.attributes` of the call, its texts by users, and its sizes."""
    metadata = _object(data.get("metadata"))
    limit = data.get("max_completion_tokens") or data.get("max_tokens")
    return Request(
        attributes=dict(_object(metadata.get("attributes"))),
        prompt=_prompt(data.get("messages")),
        request_id=str(metadata.get(REQUEST_ID) or ""),
        max_output_tokens=limit if isinstance(limit, int) else None,
    )


def fallbacks_of(decided: Decided, model: str) -> list[str]:
    """The targets after a model, each once, as many as attempts are left."""
    found: dict[str, None] = {}
    for kind in KINDS:
        found.update(dict.fromkeys(_chain(decided, model, kind)))
    return list(found)[: _most(decided)]


def own_fallbacks_of(
    decided: Decided, models: Sequence[str], kind: str
) -> list[dict[str, list[str]]]:
    """Where each of these models leads after one kind of failure that LiteLLM has a list of its own
    for. One that leads nowhere is there, too, or LiteLLM would take the common list.
    """
    most = _most(decided)
    return [{model: list(_chain(decided, model, kind))[:most]} for model in models]


def _chain(decided: Decided, model: str, kind: str) -> tuple[str, ...]:
    bundle, decision = decided.release.bundle, decided.decision
    return full_chain(bundle, decision.class_key, model, kind, decision.requirements)


def _most(decided: Decided) -> int:
    return decided.release.bundle.fallback_matrix.limits.max_attempts - 1


def hook_for(client: Decides, routed_model: str = ROUTED_MODEL) -> Any:
    """A hook that LiteLLM takes: it asks for an instance of its own class, and its proxy passes
    over some methods that the instance's class has only inherited."""
    base = importlib.import_module("litellm.integrations.custom_logger").CustomLogger
    own = {name: getattr(ProxyHook, name) for name in LOOKED_FOR_IN_THE_CLASS}
    return type("RoutingConsoleHook", (ProxyHook, base), own)(client, routed_model)


def __getattr__(name: str) -> Any:
    if name != "hook":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    hook = hook_for(_client().start(), _environ("ROUTED_MODEL") or ROUTED_MODEL)
    globals()["hook"] = hook
    return hook


def _client() -> PolicyClient:
    """Of the environment. Raises ImportError, with which the proxy ends, where it says too little,
    and ClientError for a token file that holds no token.
    """
    token, file = _environ("TOKEN"), _environ("TOKEN_FILE")
    missing = [f"ROUTING_CONSOLE_{name}" for name in ("URL", "STATE_DIR") if not _environ(name)]
    if (token is None) == (file is None):
        missing.append("either ROUTING_CONSOLE_TOKEN_FILE or ROUTING_CONSOLE_TOKEN")
    if missing:
        raise ImportError(f"set {', '.join(missing)} for the proxy's hook")
    return PolicyClient(
        _environ("URL") or "",
        token,
        _environ("STATE_DIR"),
        token_file=file,
        trusted_keys=_environ("TRUSTED_KEYS"),
        expect=_environ("EXPECT") or "",
        instance_id=_environ("INSTANCE_ID") or "",
    )


def _environ(name: str) -> str | None:
    return os.environ.get(f"ROUTING_CONSOLE_{name}") or None


def _prompt(messages: object) -> str | None:
    """The texts of the user's messages, one below the other; None without any."""
    texts: list[str] = []
    for message in messages if isinstance(messages, Sequence) else ():
        if isinstance(message, Mapping) and message.get("role") == "user":
            texts += _texts(message.get("content"))
    return "\n".join(texts) if texts else None


def _texts(content: object) -> list[str]:
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    found = (part.get("text") for part in parts if isinstance(part, Mapping))
    return [text for text in found if isinstance(text, str)]


def _metadata(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = _object(kwargs.get("litellm_params")).get("metadata")
    return _object(inner or kwargs.get("metadata") or kwargs.get("litellm_metadata"))


def _object(value: object) -> Mapping[str, Any]:
    """What callers may have sent as anything: empty where it is no object."""
    return value if isinstance(value, Mapping) else {}


def _request_id(kwargs: Mapping[str, Any]) -> Any:
    return _metadata(kwargs).get(REQUEST_ID)


def _group(kwargs: Mapping[str, Any]) -> str:
    """The proxy's name of the model, which is the catalogue's key."""
    return str(_metadata(kwargs).get("model_group") or kwargs.get("model") or "")


def _ms(start: datetime.datetime, end: datetime.datetime) -> float:
    return max((end - start).total_seconds() * 1000, 0.0)
