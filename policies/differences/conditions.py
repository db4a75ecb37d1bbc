"""Changes of a condition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.differences.change import Change
from policies.wording.sentences import condition_parts, plain


def condition_changes(
    old: Any, new: Any, units: dict[str, str], title: str, pointer: str
) -> Iterator[Change]:
    """Plain conditions are compared attribute by attribute, others as a whole."""
    if old == new:
        return
    if not (_is_plain(old) and _is_plain(new)):
        was, now = plain(condition_parts(old, units)), plain(condition_parts(new, units))
        yield Change("changed", f"{title}: applies when {now}; was when {was}.", pointer)
        return
    for name in [*new, *(name for name in old if name not in new)]:
        if name not in old:
            sentence = f"{title}: now only when {_test(name, new, units)}."
        elif name not in new:
            sentence = f"{title}: no longer asks that {_test(name, old, units)}."
        elif old[name] != new[name]:
            was, now = _test(name, old, units), _test(name, new, units)
            sentence = f"{title}: asks that {now}; was that {was}."
        else:
            continue
        yield Change("changed", sentence, pointer)


def _is_plain(when: Any) -> bool:
    return isinstance(when, dict) and "any_of" not in when


def _test(name: str, when: dict[str, Any], units: dict[str, str]) -> str:
    return plain(condition_parts({name: when[name]}, units))
