"""The parts of a component's contract, as its form calls them."""

_PARTS = {"failure": "what failure looks like", "humans_step_in": "when humans step in"}


def contract_part(name: str) -> str:
    """A part in words, within a sentence."""
    return _PARTS.get(name, name)
