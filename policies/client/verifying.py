"""A release in a file, judged without the console: does it hold, and who let it out on what."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..engine import DocumentError
from .bounds import KEY_SET, RELEASE
from .errors import ClientError, ReleaseRefused
from .keys import DetachedSignature
from .keyset import KeySet, first_trusted, grown, parse_key_set
from .releases import Release, Sealed, moment_of, open_release

KINDS = ("publication", "rollback", "break_glass")


@dataclass(frozen=True)
class Judgement:
    """`holds`: the signature does, and the content is what it states. `is_trusted`: under a key
    that somebody vouched for, not only the file itself."""

    holds: bool
    is_trusted: bool
    sentences: tuple[str, ...]


@dataclass
class _Keys:
    """Gives the key of a signature and remembers what was said of it.

    `trusted` are the keys that somebody vouched for, empty where nobody did; `keys` those and what
    they endorse."""

    trusted: KeySet
    keys: KeySet
    said: list[str] = field(default_factory=list)

    def key_for(self, signature: DetachedSignature) -> bytes:
        key = self.keys.keys.get(signature.kid)
        if key is None:
            raise ReleaseRefused(
                f"It is signed with key {signature.kid!r}, which is not trusted, and no trusted "
                "key endorses it by what the file shows. The trusted keys may be from before the "
                "console changed its key: take them from the console anew, and try again."
            )
        revocation = self.keys.revocations.get(signature.kid)
        if revocation is not None and self.keys.is_compromised(signature.kid):
            raise ReleaseRefused(
                f"It is signed with key {signature.kid}, which is compromised since "
                f"{revocation.revoked_at}: whoever has it may have made this."
            )
        place = f" (number {key.sequence})" if key.sequence else ""
        retired = f", retired on {revocation.revoked_at}" if revocation is not None else ""
        self.said.append(f"key {key.kid}{place}{retired}, {self._vouched(key.kid)}")
        return key.x

    def refuse_late(self, release: Release) -> None:
        """Raise ReleaseRefused for what states that it was published once its key was retired: the
        console signed nothing with it any more."""
        revocation = self.keys.revocations.get(release.kid)
        if revocation is None or _is_before(release.published_at, revocation.revoked_at):
            return
        raise ReleaseRefused(
            f"It states that it was published on {release.published_at:%Y-%m-%d %H:%M} UTC, but "
            f"its key {release.kid} was retired on {revocation.revoked_at}: the console signs "
            "nothing with it any more."
        )

    def _vouched(self, kid: str) -> str:
        if kid in self.trusted.keys:
            return "which is trusted."
        if self.trusted.keys:
            return "which the trusted keys endorse."
        return (
            "which only the file itself brings along: that shows that it is whole, not whose it "
            "is. Give the console's keys with --trusted-keys."
        )


def judge(content: bytes, trusted: KeySet | None, now: float) -> Judgement:
    """Judge a file that holds `body` and `signature`, and maybe `keys`; `now` in s of the epoch.

    What the trusted keys endorse is trusted, too, as routers trust it. Without trusted keys the
    file's own are taken, which shows that it is whole, not whose it is.
    Raises ClientError for what is no such file.
    """
    sealed, own = _read(content)
    keys = _Keys(trusted or KeySet(), grown(trusted, own) if trusted else first_trusted(own))
    try:
        release = open_release(sealed, keys.key_for, "disk")
        keys.refuse_late(release)
    except ReleaseRefused as error:
        return Judgement(False, False, (f"Do not use this release. {error}",))
    document = RELEASE.load(sealed.body)
    attested = document.get("attestation") if isinstance(document, dict) else None
    sentences = [
        f"The signature holds under {keys.said[0]}",
        *_of_release(release, now),
        *_of_attestation(attested),
    ]
    return Judgement(True, trusted is not None, tuple(sentences))


def _is_before(published_at: datetime.datetime, retired_at: str) -> bool:
    """Whether a release can have been signed with a key before that was retired."""
    try:
        return published_at <= moment_of(retired_at)
    except ValueError:  # what is no time allows none
        return False


def _read(content: bytes) -> tuple[Sealed, KeySet]:
    try:
        document = KEY_SET.load(content)  # beside keys it holds two texts
    except DocumentError as error:
        raise ClientError(f"The file is no JSON: {error}") from None
    parts = document if isinstance(document, dict) else {}
    body, signature = parts.get("body"), parts.get("signature")
    if not isinstance(body, str) or not isinstance(signature, str):
        raise ClientError(
            "The file is no signed release: it must hold `body`, the exact text, and `signature`, "
            "as “Download signed release” gives it."
        )
    return Sealed(body.encode("utf-8", "surrogatepass"), signature), _own_keys(content)


def _own_keys(content: bytes) -> KeySet:
    try:
        return parse_key_set(content, "The file")
    except ClientError:
        return KeySet()


def _of_release(release: Release, now: float) -> Iterator[str]:
    over = ", which is over" if release.is_stale(now) else ""
    yield (
        f"It is release {release.number} of {release.workflow}/{release.environment}, published "
        f"{release.published_at:%Y-%m-%d %H:%M} UTC, to be used until "
        f"{release.not_after:%Y-%m-%d %H:%M} UTC{over}."
    )
    yield f"Its bundle is {release.digest}, as stated."


def _of_attestation(said: object) -> Iterator[str]:
    if said is None:
        yield "It carries no attestation: it was published before releases had one."
        return
    if not isinstance(said, dict) or not _is_known(said):
        yield (
            "Its attestation is not in a form that is known here, so that it does not say who let "
            "the release out: a later version of this command may know it."
        )
        return
    parts: tuple[Callable[[Mapping[str, object]], Iterator[str]], ...] = (
        _publication,
        _approvals,
        _checks,
        _evidence,
        _impact,
    )
    for part in parts:
        yield from part(said)


def _is_known(said: Mapping[str, object]) -> bool:
    return said.get("kind") in KINDS and isinstance(said.get("published_by"), str)


def _publication(said: Mapping[str, object]) -> Iterator[str]:
    by, reason = said.get("published_by"), said.get("reason")
    restored = _map(said, "restores")
    if said.get("kind") == "rollback":
        yield (
            f"{by} rolled back to release {restored.get('number')} ({restored.get('digest')}): "
            f"“{reason}”"
        )
        yield from _passed_over(said, "Its content had gone out past")
    elif said.get("kind") == "break_glass":
        yield f"{by} broke the glass and published it without its gates: “{reason}”"
        yield from _passed_over(said, "Passed over")
    else:
        how = "as scheduled by" if said.get("scheduled") else "by"
        yield f"It was published {how} {by}."
    change = _map(said, "change_request")
    if change:
        yield (
            f"It is change request #{change.get('number')}, “{change.get('title')}”, subject "
            f"{change.get('subject_digest')}."
        )


def _passed_over(said: Mapping[str, object], how: str) -> Iterator[str]:
    for gate in _list(said, "passed_over"):
        yield f"  {how}: {gate}"


def _approvals(said: Mapping[str, object]) -> Iterator[str]:
    needed = said.get("approvals_required")
    given = [row for row in _list(said, "approvals") if isinstance(row, dict)]
    of = f" of {needed} required" if needed is not None else ""
    yield f"Approvals: {len(given)}{of}."
    for row in given:
        roles = ", ".join(map(str, _list(row, "roles")))
        when = f" on {row['at']}" if row.get("at") else ""
        yield f"  {row.get('user')}{f' ({roles})' if roles else ''}{when}"


def _checks(said: Mapping[str, object]) -> Iterator[str]:
    rows = [row for row in _list(said, "checks") if isinstance(row, dict)]
    if rows:
        yield "Checks, as they stood when it was published:"
    for row in rows:
        kind = str(row.get("kind")).replace("_", " ")
        yield f"  {kind}: {row.get('verdict')}. {row.get('summary')} {row.get('digest')}".rstrip()


def _evidence(said: Mapping[str, object]) -> Iterator[str]:
    shown = _map(said, "evidence")
    if not shown:
        yield "No shadow evaluation is attested."
        return
    plan = f"version {shown.get('plan_version')} of the evidence plan"
    yield f"Shadow evaluation on {plan}: {shown.get('verdict')}, {shown.get('digest')}."
    for row in _list(shown, "datasets"):
        if isinstance(row, dict):
            yield (
                f"  {row.get('name')}: {row.get('verdict')} on {row.get('requests')} requests, "
                f"look {row.get('look')}, {row.get('digest')}"
            )
    for row in _list(shown, "gates"):
        if isinstance(row, dict):
            sure = row.get("confidence")
            at = "" if sure is None else f" at confidence {_figure(sure)}"
            yield (
                f"  gate {row.get('id')}: {row.get('verdict')}, {_figure(row.get('low'))} "
                f"to {_figure(row.get('high'))}{at}, limit {row.get('limit')}"
            )


def _figure(value: object) -> str:
    """Four digits are enough to read; the file has all of them."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _impact(said: Mapping[str, object]) -> Iterator[str]:
    impact = _map(said, "impact")
    if impact:
        yield f"Impact: {impact.get('summary')}"


def _map(said: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = said.get(name)
    return value if isinstance(value, dict) else {}


def _list(said: Mapping[str, object], name: str) -> list[object]:
    value = said.get(name)
    return value if isinstance(value, list) else []
