"""A small client that does one thing wrong, which a case must notice: what the cases hold to.

`python3 -S -m tests.conformance.wrong.client` does nothing wrong, and holds to all of them. Of our
own client it has the reading of one signature, and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.client.errors import FetchFailed, ReleaseRefused
from policies.client.keys import decoded, parse_signature
from tests.conformance.console import KEYS_PATH, POLICY_PATH
from tests.conformance.python_client import POLL_S, answer_lines, in_a_child
from tests.conformance.wrong.asking import get
from tests.conformance.wrong.chain import Chain
from tests.conformance.wrong.judging import (
    Release,
    check_age,
    check_place,
    is_forged_alike,
    is_over,
    may_decide,
    read,
)

# A poll is two requests at most.
PARTS_OF_DEADLINE = 3
END_OF_TIME = 2**40


class WrongClient:
    """`wrong` is the one thing that it does wrong, by its name; "" is nothing."""

    def __init__(self, variables: Mapping[str, str], wrong: str = "") -> None:
        self._wrong = wrong
        self._address = urllib.parse.urlsplit(variables["CONFORMANCE_URL"]).netloc
        self._token = variables["CONFORMANCE_TOKEN"]
        self._file = Path(variables["CONFORMANCE_STATE"]) / "state.json"
        self._expect = variables["CONFORMANCE_EXPECT"]
        self._deadline_s = float(variables["CONFORMANCE_DEADLINE_S"]) / PARTS_OF_DEADLINE
        self._lock = threading.Lock()
        self._polls = False
        self._error: str | None = None
        self._last_kid = ""
        kept = self._load()
        self._held: Release | None = kept.get("held")
        self._floor: Release | None = kept.get("floor")
        self._later_s = 0
        self._chain = Chain(kept.get("chain", {}), wrong)
        file = variables["CONFORMANCE_KEYS"]
        self._given = json.loads(Path(file).read_bytes()) if file else None
        holds_on = wrong == "takes no other file of keys" and self._chain.keys
        if self._given is not None and self._given != kept.get("given") and not holds_on:
            self._chain.begin_anew(self._given)

    def ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        do = question["do"]
        if do == "poll":
            self._error = self._poll()
        elif do == "fork":
            if not in_a_child():
                return {"unsupported": True}
            self._lock = threading.Lock()
        if do in ("start", "fork"):
            self._polls = True
            threading.Thread(target=self._poll_on, daemon=True).start()
        held, wrong = self._held, self._wrong
        number = held["number"] if held is not None and may_decide(held, wrong) else None
        is_stale = held is not None and is_over(held, wrong)
        return {"release": number, "stale": is_stale, "error": self._error}

    def send(self, question: Mapping[str, Any]) -> None:
        self.ask(question)

    def end(self) -> None:
        self._polls = False

    kill = end

    def _poll_on(self) -> None:
        while self._polls:
            if self._poll() and self._wrong == "polls no more after a failure":
                return
            time.sleep(POLL_S if self._wrong == "asks sooner than told" else self._pause_s())

    def _pause_s(self) -> float:
        return max(self._later_s, POLL_S)

    def _poll(self) -> str | None:
        error = None
        with self._lock:
            try:
                self._fetch()
            except FetchFailed:
                error = "fetch"
            except ReleaseRefused:
                error = "refused"
            if error and self._wrong == "keeps nothing of a poll that fails":
                return error
            try:
                self._save()
            except OSError:
                error = error or "disk"
        return error

    def _fetch(self) -> None:
        held = self._held
        headers = {"Authorization": f"Bearer {self._token}", "Accept-Encoding": "gzip"}
        if held is not None and not self._counts_for_no_tag(held["kid"]):
            headers["If-None-Match"] = held["etag"]
        answer = get(self._address, POLICY_PATH, headers, self._deadline_s)
        self._later_s = int(answer.headers.get("Retry-After", 0))
        if answer.status == 304 and held is not None and "If-None-Match" in headers:
            if self._wrong == "takes not modified for a renewal":
                self._held = {**held, "end": held["end"] + 3600}
            return
        if answer.status == 404 and self._wrong == "drops its release at a 404":
            self._held = None
        if answer.status != 200:
            raise FetchFailed("no release", status=answer.status)
        is_behind = answer.headers.get("Routing-Console-Source") == "memory"
        self._adopt(answer.body, answer.headers.get("Policy-Signature", ""), is_behind=is_behind)

    def _adopt(self, body: bytes, signature: str, *, is_behind: bool) -> None:
        if self._wrong == "names the tag of what it refuses" and self._held is not None:
            self._held = {**self._held, "etag": read(body, "", "", "")["etag"]}
        kid = self._kid_of(body, signature)
        release = read(body, signature, kid, self._wrong)
        if self._wrong == "counts what it refuses as seen":
            self._floor = release
        floor = self._counting_floor()
        check_place(release, floor, self._expect, self._wrong)
        check_age(release, floor, is_behind=is_behind)
        if not may_decide(release, self._wrong):
            raise ReleaseRefused("over")
        self._held = self._floor = release
        self._last_kid = kid

    def _kid_of(self, body: bytes, signature: str) -> str:
        """The key that signed the body, once it is to be believed. Raises ReleaseRefused."""
        for kid, entry in self._chain.keys.items():
            if is_forged_alike(body, signature, entry["x"], self._wrong):
                return kid
        parsed = parse_signature(signature)
        if parsed.kind and self._wrong != "minds no typ of releases":
            raise ReleaseRefused("a signature of something else")
        is_change = parsed.kid != self._last_kid and self._wrong != "looks for unknown keys alone"
        if is_change or parsed.kid not in self._chain.keys:
            self._look()
        if not self._chain.believes(parsed.kid):
            raise ReleaseRefused("by a key that is not believed")
        x = decoded(self._chain.keys[parsed.kid]["x"])
        if self._wrong != "verifies no release" and not parsed.holds(body, x):
            raise ReleaseRefused("the signature does not hold")
        return parsed.kid

    def _look(self) -> None:
        if self._wrong == "takes the keys of its file alone" and self._given is not None:
            return
        answer = get(self._address, KEYS_PATH, {}, self._deadline_s)
        self._chain.see(json.loads(answer.body))
        if self._wrong == "drops a release whose key is revoked" and self._held is not None:
            self._held = None if self._held["kid"] in self._chain.revoked else self._held

    def _counting_floor(self) -> Release | None:
        """What is older is a replay, and what is of elsewhere foreign."""
        floor = self._floor
        if floor is None or not self._counts_for_nothing(floor["kid"]):
            return floor
        if self._wrong == "forgets where it belongs with a compromised key":
            return None
        return {**floor, "number": 0}

    def _counts_for_no_tag(self, kid: str) -> bool:
        names_all = self._wrong == "names the tag of a compromised release"
        return self._chain.is_compromised(kid) and not names_all

    def _counts_for_nothing(self, kid: str) -> bool:
        if self._wrong == "counts numbers of compromised keys":
            return False
        is_revoked = kid in self._chain.revoked
        forgets_all = is_revoked and self._wrong == "forgets numbers of retired keys"
        return forgets_all or self._chain.is_compromised(kid)

    def _load(self) -> dict[str, Any]:
        try:
            kept: dict[str, Any] = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        held, floor = kept.get("held"), kept.get("floor")
        revoked = kept.get("chain", {}).get("revoked", {})
        forgotten: dict[str, dict[str, Any]] = {
            "forgets the release at a restart": {"held": None},
            "forgets the newest number at a restart": {"floor": floor and {**floor, "number": 0}},
            "forgets the newest end at a restart": {"floor": floor and {**floor, "end": 0}},
            "forgets where it belongs at a restart": {"floor": None},
            "forgets whose a number was at a restart": {"floor": floor and {**floor, "kid": ""}},
            "forgets numbers of retired keys at a restart": {
                "floor": None if floor and floor["kid"] in revoked else floor
            },
            "forgets the end at a restart": {"held": held and {**held, "end": END_OF_TIME}},
        }
        return kept | forgotten.get(self._wrong, {})

    def _save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        held = self._held
        if self._wrong == "keeps no renewal" and held is not None:
            with contextlib.suppress(OSError, ValueError):
                kept = json.loads(self._file.read_bytes())["held"]
                held = kept if kept and kept["number"] == held["number"] else held
        content = {
            "held": held,
            "floor": self._floor,
            "chain": self._chain.kept(),
            "given": self._given,
        }
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps(content), encoding="utf-8")
        beside.replace(self._file)


if __name__ == "__main__":
    answer_lines(WrongClient(os.environ))
