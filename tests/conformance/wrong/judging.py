"""Which releases a client takes, with one thing wrong, by its name."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policies.client.errors import FetchFailed, ReleaseRefused
from policies.client.keys import decoded, encoded
from policies.engine import digest

Release = Mapping[str, Any]
SERVE, REFUSE = "serve_stale", "refuse"


def read(body: bytes, signature: str, kid: str, wrong: str) -> Release:
    """What is to be known of a signed release. Raises ReleaseRefused."""
    try:
        document = json.loads(body)
        stated, bundle = document["release"], document["bundle"]
        end = datetime.fromisoformat(stated["not_after"].replace("Z", "+00:00")).timestamp()
        of = f"{document['workflow']}/{document['environment']}"
        is_known = document["schema"] == 1 and document.get("rollout") is None
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseRefused(repr(error)) from None
    rule = stated["when_stale"]
    if wrong == "takes a staleness rule that it does not know" and rule not in (SERVE, REFUSE):
        rule = SERVE
    if not is_known or digest(bundle) != stated["digest"] or rule not in (SERVE, REFUSE):
        raise ReleaseRefused("cannot be carried out")
    plain = stated["digest"].removeprefix("sha256:")
    return {
        "of": of,
        "number": stated["number"],
        "end": int(end),
        "was_over": time.time() > end,
        "rule": rule,
        "kid": kid,
        "etag": f'"{plain}.{stated["number"]}.{int(end)}"',
        "body": body.decode(),
        "signature": signature,
    }


def is_over(release: Release, wrong: str) -> bool:
    if wrong == "minds the end only when it takes a release":
        return bool(release["was_over"])
    return bool(time.time() > release["end"])


def may_decide(release: Release, wrong: str) -> bool:
    rules = {"decides with whatever is over": SERVE, "refuses whatever is over": REFUSE}
    return rules.get(wrong, release["rule"]) != REFUSE or not is_over(release, wrong)


def check_place(release: Release, floor: Release | None, expected: str, wrong: str) -> None:
    """Raises ReleaseRefused for another workflow or environment than before or expected."""
    part = {"minds the workflow alone": slice(0, 1), "minds the environment alone": slice(1, 2)}
    expected = "" if wrong == "takes what comes first, whatever is expected" else expected
    for there in (expected, floor["of"] if floor is not None else ""):
        if there and _parts(there, part.get(wrong)) != _parts(release["of"], part.get(wrong)):
            raise ReleaseRefused("of another workflow or environment")


def check_age(release: Release, floor: Release | None, *, is_behind: bool) -> None:
    """Raises ReleaseRefused for a replay; FetchFailed where a plane is behind and says so."""
    if floor is None or _age(release) >= _age(floor):
        return
    if is_behind:
        raise FetchFailed("that plane is behind")
    raise ReleaseRefused("a replay")


def is_forged_alike(body: bytes, signature: str, x: str, wrong: str) -> bool:
    """Whether one who takes other algorithms would take this for a signature of the key `x`."""
    header, _, mac = signature.partition("..")
    try:
        algorithm = json.loads(decoded(header)).get("alg")
    except ValueError:
        return False
    if wrong == "takes alg none":
        return bool(algorithm == "none")
    signed = f"{header}.{encoded(body)}".encode()
    made = encoded(hmac.digest(decoded(x), signed, "sha256"))
    return wrong == "takes alg HS256" and algorithm == "HS256" and mac == made


def _parts(of: str, part: slice | None) -> list[str]:
    return of.split("/")[part or slice(None)]


def _age(release: Release) -> tuple[int, int]:
    return release["number"], release["end"]
