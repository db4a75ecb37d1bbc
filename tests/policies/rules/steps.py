"""What tests of rule changes share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from policies.governance.refusals import Reason, Refused


def codes(reasons: Iterable[Reason]) -> list[str]:
    return [reason.code for reason in reasons]


@contextmanager
def refused(code: str) -> Iterator[pytest.ExceptionInfo[Refused]]:
    """The block is refused, this reason being among those told."""
    with pytest.raises(Refused) as caught:
        yield caught
    assert code in codes(caught.value.reasons)
