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

# Our key of a provider → the author in OpenRouter's names, where they differ.
OPENROUTER = {"mistral": "mistralai", "xai": "x-ai", "gemini": "google", "vertex_ai": "google"}


def provider_of(bundle: Bundle, model: str) -> str:
    """The key of the provider that runs a model of the bundle."""
    return bundle.catalogue.models[model].provider


def bare(model: str) -> str:
    """The name without the provider in front: `gpt-4o` for `openai/gpt-4o`."""
    return model.partition("/")[2] or model


def openrouter_name(provider: str, model: str) -> str:
    """A model as OpenRouter most likely calls it: its author in front."""
    return f"{OPENROUTER.get(provider, provider)}/{bare(model) if '/' in model else model}"


def without_provider(provider: str, model: str) -> str:
    """A model as gateways call it that are told its provider apart."""
    return bare(model) if model.startswith(f"{provider}/") else model


def spellings(provider: str, model: str) -> set[str]:
    """What a model of the catalogue is called in any of the formats."""
    spoken = LITELLM.get(provider, provider)
    return {
        model,
        without_provider(provider, model),
        openrouter_name(provider, model),
        f"{provider}/{without_provider(provider, model)}",
        f"{spoken}/{without_provider(provider, model)}",
    }
