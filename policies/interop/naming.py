"""Names of models as gateways write them: with their provider in front."""

from __future__ import annotations

from policies.engine import Bundle

SPOKEN = (
    *("anthropic", "azure", "bedrock", "cerebras", "cohere", "deepseek", "fireworks_ai", "gemini"),
    *("groq", "mistral", "ollama", "openai", "openrouter", "perplexity", "replicate"),
    *("together_ai", "vertex_ai", "xai"),
)
# Our key of a provider → LiteLLM's, where they differ; and those that both call alike.
LITELLM = {
    "google": "gemini",
    "mistralai": "mistral",
    "together": "together_ai",
    "aws": "bedrock",
    "amazon": "bedrock",
    "vertex": "vertex_ai",
    "x-ai": "xai",
    **{name: name for name in SPOKEN},
}


def provider_of(bundle: Bundle, model: str) -> str:
    """The key of the provider that runs a model of the bundle."""
    return bundle.catalogue.models[model].provider


def bare(model: str) -> str:
    """The name without the provider in front: `gpt-4o` for `openai/gpt-4o`."""
    return model.partition("/")[2] or model
