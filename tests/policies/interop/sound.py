"""A configuration in each format that is read whole, with every part that is looked at."""

from __future__ import annotations

from typing import Any

SOUND: dict[str, Any] = {
    "litellm": {
        "model_list": [
            {
                "model_name": "gpt-4o",
                "litellm_params": {"model": "azure/prod-4o", "api_base": "https://a", "rpm": 100},
                "model_info": {
                    "max_input_tokens": 128000,
                    "input_cost_per_token": 2.5e-06,
                    "supports_vision": True,
                },
            },
            {
                "model_name": "small",
                "litellm_params": {"model": "openai/gpt-4o-mini", "weight": 3, "timeout": 5},
            },
            {"model_name": "small", "litellm_params": {"model": "mistral/small", "weight": 1}},
            {"model_name": "openai/*", "litellm_params": {"model": "openai/*"}},
        ],
        "litellm_settings": {"num_retries": "os.environ/RETRIES", "request_timeout": 600},
        "router_settings": {
            "routing_strategy": "simple-shuffle",
            "model_group_alias": {"best": "gpt-4o", "hidden": {"model": "small", "hidden": True}},
            "fallbacks": [{"small": ["best"]}, {"best": [{"model": "small", "max_tokens": 5}]}],
            "context_window_fallbacks": [{"small": ["gpt-4o"]}],
            "content_policy_fallbacks": [{"gpt-4o": ["small"]}],
            "default_fallbacks": ["small"],
            "max_fallbacks": 3,
            "allowed_fails": 3,
            "cooldown_time": 30,
            "disable_cooldowns": False,
        },
        "general_settings": {"master_key": "os.environ/KEY"},
        "include": ["models.yaml"],
    },
    "portkey": {
        "strategy": {
            "mode": "conditional",
            "conditions": [
                {"query": {"metadata.plan": {"$eq": "gold"}}, "then": "big"},
                {"query": {"metadata.size": {"$gt": 5, "$lt": 9}}, "then": "small"},
                {"query": {"$or": [{"metadata.a": {"$in": ["x"]}}]}, "then": "big"},
            ],
            "default": "small",
        },
        "retry": {"attempts": 2, "on_status_codes": [429]},
        "targets": [
            {"name": "big", "provider": "@openai", "override_params": {"model": "gpt-4o"}},
            {
                "name": "small",
                "strategy": {"mode": "fallback", "on_status_codes": [429, 500]},
                "targets": [
                    {
                        "strategy": {"mode": "loadbalance"},
                        "targets": [
                            {"virtual_key": "a", "weight": 0.7, "override_params": {"model": "m"}},
                            {"virtual_key": "b", "weight": 0.3, "override_params": {"model": "n"}},
                        ],
                    },
                    {"config_id": "pc-abc"},
                    {"provider": "mistral", "retry": {"attempts": 1}, "cache": {"mode": "simple"}},
                    {"override_params": {"model": "@groq/llama", "temperature": 0}},
                ],
            },
        ],
        "cache": {"mode": "semantic"},
        "request_timeout": 1000,
    },
    "envoy": {
        "kind": "AIGatewayRoute",
        "spec": {
            "rules": [
                {
                    "matches": [
                        {"headers": [{"type": "Exact", "name": "x-ai-eg-model", "value": "chat"}]},
                        {"headers": [{"name": "x-tenant", "value": "gold"}]},
                    ],
                    "backendRefs": [
                        {"name": "openai", "modelNameOverride": "gpt-4o", "weight": 9},
                        {"name": "azure", "weight": 1, "priority": 0},
                        {"name": "mistral", "modelNameOverride": "large", "priority": 1},
                    ],
                    "timeouts": {"request": "30s"},
                },
                {"backendRefs": [{"name": "openai", "modelNameOverride": "gpt-4o-mini"}]},
            ],
        },
    },
    "openrouter": {
        "default": {"model": "openai/gpt-4o", "models": ["mistral/large:free", "a/b"]},
        "small": {"models": ["openai/mini"], "provider": {"order": ["a"]}, "temperature": 0},
    },
}
