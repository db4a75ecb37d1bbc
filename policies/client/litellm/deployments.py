"""Which deployment of LiteLLM serves which model of the catalogue, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ClientError

Parameters = Mapping[str, Any]


class UnknownDeployment(ClientError):
    """The policy chose a model that nobody said how to call."""


@dataclass(frozen=True)
class Deployments:
    """Catalogue key → the parameters that `litellm.completion` takes for it.

    Deployments({"gpt-4o": {"model": "azure/prod-4o", "api_base": …, "api_key": …}})

    `model` alone may be given as a text. A key that is not here is called by its own name, unless
    `strict`: then choosing it raises UnknownDeployment.
    """

    by_key: Mapping[str, Parameters | str]
    strict: bool = False

    @classmethod
    def of_model_list(cls, entries: Iterable[Mapping[str, Any]]) -> Deployments:
        """Of the `model_list` of a LiteLLM configuration, its `model_name`s being catalogue keys.

        Of several deployments of one name the first is taken: the loop calls exactly one. Raises
        ValueError with the place of an entry that is not one.
        """
        found: dict[str, Parameters] = {}
        for index, entry in enumerate(entries):
            name, parameters = entry.get("model_name"), entry.get("litellm_params")
            if not isinstance(name, str) or not isinstance(parameters, Mapping):
                needed = "model_name (text) and litellm_params (an object)"
                raise ValueError(f"/model_list/{index}: must have {needed}")
            found.setdefault(name, parameters)
        return cls(found, strict=True)

    def parameters(self, key: str) -> dict[str, Any]:
        """What to call a model of the catalogue with. Raises UnknownDeployment."""
        found = self.by_key.get(key)
        if found is None:
            if self.strict:
                known = ", ".join(sorted(self.by_key)) or "none"
                raise UnknownDeployment(f"There is no deployment for {key}; there are {known}.")
            return {"model": key}
        return {"model": found} if isinstance(found, str) else dict(found)

    def key_of(self, model: str) -> str:
        """The catalogue key of a name that LiteLLM uses; the name itself where none is known.

        A key's own name comes first, then `model` of a deployment, with its provider or without.
        """
        if model in self.by_key:
            return model
        return self._keys.get(model, model)

    @property
    def _keys(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for key in self.by_key:
            found.setdefault(str(self.parameters(key).get("model", key)), key)
        for name, key in list(found.items()):
            found.setdefault(name.partition("/")[2] or name, key)
        return found
