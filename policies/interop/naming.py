"""Names of models as gateways write them: with their provider in front."""

from __future__ import annotations

import hashlib
import re

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


def in_few_characters(key: str, joint: str, most: int = 64) -> str:
    """A key in lower case, digits and `joint`, `most` characters at most, for who takes no others.

    As it is where it has no other, else with a digest of the key at the end, so that no two keys
    become one, and each is called the same whatever others there are.
    """
    kept = re.sub(r"[^a-z0-9]+", joint, key.lower()).strip(joint)
    if kept == key and len(key) <= most and not _ENDS_AS_DIGEST.search(key):
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:_DIGEST_LENGTH]
    kept = kept[: most - len(joint) - _DIGEST_LENGTH].strip(joint)
    return f"{kept}{joint}{digest}" if kept else digest


_DIGEST_LENGTH = 8
_ENDS_AS_DIGEST = re.compile(rf"(?<![a-z0-9])[0-9a-f]{{{_DIGEST_LENGTH}}}\Z")


def bare(model: str) -> str:
    """The name without the provider in front: `gpt-4o` for `openai/gpt-4o`."""
    return model.partition("/")[2] or model


def openrouter_name(provider: str, model: str) -> str:
    """A model as OpenRouter most likely calls it: its author in front."""
    return f"{OPENROUTER.get(provider, provider)}/{bare(model) if '/' in model else model}"


def without_provider(provider: str, model: str) -> str:
    """A model as gateways call it that are told its provider apart."""
    return bare(model) if model.startswith(f"{provider}/") else model


def variable_of(provider: str) -> str:
    """What variables of a router's environment that hold something of a provider start with."""
    return "".join(c if c.isalnum() else "_" for c in provider).upper()


def is_same_provider(one: str, other: str) -> bool:
    """Whether two keys, each as a catalogue or a format has it, may mean the same provider."""
    return not _spoken_of(one).isdisjoint(_spoken_of(other))


def _spoken_of(provider: str) -> set[str]:
    asked = variable_of(provider).lower()
    return {provider, asked, LITELLM.get(provider, provider), OPENROUTER.get(provider, provider)}


def spellings(provider: str, model: str) -> set[str]:
    """What a model of the catalogue is called in any of the formats."""
    spoken = LITELLM.get(provider, provider)
    return {
        model,
        without_provider(provider, model),
        openrouter_name(provider, model),
        f"{provider}/{without_provider(provider, model)}",
        f"{spoken}/{without_provider(provider, model)}",
        f"{variable_of(provider).lower()}/{without_provider(provider, model)}",
    }
