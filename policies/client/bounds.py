"""How much of each kind of answer is taken. Anybody on the way can send one: nothing of it is
trusted before it was read."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine import load_json


@dataclass(frozen=True)
class Bound:
    """Bytes of the body, unpacked, and values of the JSON in it."""

    most_bytes: int
    most_values: int

    def load(self, text: str | bytes) -> object:
        """The value of JSON text; raises DocumentError, also for one of too many values."""
        return load_json(text, most_values=self.most_values)


# Large, since a policy may be; read only once its signature was verified.
RELEASE = Bound(64 * 1024 * 1024, 5_000_000)
KEY_SET = Bound(512 * 1024, 20_000)
SIGNATURE = Bound(8 * 1024, 20)
# As many values as the shortest reasons of rejections have in so many bytes.
RECEIPT = Bound(512 * 1024, 50_000)
# An answer that is an error, of which people see a sentence.
PROBLEM = Bound(16 * 1024, 1_000)
