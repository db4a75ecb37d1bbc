"""A signed body becomes a release that may be used, or is refused with the reason."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from ..engine import (
    Bundle,
    Compiled,
    DocumentError,
    EngineError,
    compile_bundle,
    digest,
    parse_bundle,
)
from .bounds import RELEASE
from .errors import BadSignature, FetchFailed, ReleaseRefused
from .keys import DetachedSignature, parse_signature

Source = Literal["network", "disk"]
STALENESS_RULES = ("serve_stale", "refuse")


@dataclass(frozen=True)
class Sealed:
    """A release as received: exact body bytes and detached JWS."""

    body: bytes
    signature: str


@dataclass(frozen=True)
class Mark:
    """The newest release ever accepted, of which workflow and environment.

    What is older than this is a replay. `not_after` is in whole seconds of the epoch, `kid` names
    the key that signed it ("" where that was not kept yet).
    """

    workflow: str
    environment: str
    number: int
    not_after: int
    kid: str = ""


@dataclass(frozen=True)
class Release:
    """A release that was verified and parsed."""

    workflow: str
    environment: str
    number: int
    digest: str
    published_at: datetime.datetime
    not_after: datetime.datetime
    approved_by: tuple[str, ...]
    when_stale: str
    bundle: Bundle
    source: Source
    kid: str = ""
    compiled: Compiled = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compiled where it is read, so that no caller waits for it."""
        object.__setattr__(self, "compiled", compile_bundle(self.bundle))

    @property
    def belongs_to(self) -> str:
        """`workflow/environment`."""
        return f"{self.workflow}/{self.environment}"

    @property
    def mark(self) -> Mark:
        end = int(self.not_after.timestamp())
        return Mark(self.workflow, self.environment, self.number, end, self.kid)

    @property
    def etag(self) -> str:
        """The console's strong entity tag of it, in its quotes. What an answer calls it is not
        signed: with a tag of somebody's choice, a later release would be taken for this one.
        """
        return f'"{self.digest.removeprefix("sha256:")}.{self.number}.{self.mark.not_after}"'

    @cached_property
    def price_steps(self) -> tuple[int, ...]:
        """Sizes of input, in tokens and ascending, above which some model has another price."""
        models = self.bundle.catalogue.models.values()
        return tuple(sorted({tier.above_input_tokens for m in models for tier in m.price_tiers}))

    def is_stale(self, now: float) -> bool:
        """Whether its time is over, `now` in seconds of the epoch."""
        return now > self.not_after.timestamp()

    def may_decide(self, now: float) -> bool:
        """Whether it may be used now: fresh, or stale where the workflow allows that."""
        return self.when_stale != "refuse" or not self.is_stale(now)

    def __str__(self) -> str:
        return f"release {self.number} {self.digest} from {self.source}"


@dataclass(frozen=True)
class Held:
    """The release in force, as it came, and since when."""

    release: Release
    sealed: Sealed
    adopted_at: float


def open_release(
    sealed: Sealed, key_for: Callable[[DetachedSignature], bytes], source: Source
) -> Release:
    """Verify the signature over the exact bytes, and only then read them.

    `key_for` gives the trusted public key of a signature or raises. Raises ReleaseRefused.
    """
    signature = parse_signature(sealed.signature)
    if signature.kind:
        raise ReleaseRefused(
            f"The signature is one of a {signature.kind[:100]!r}, not of a release: what it signs "
            "was not signed to be used as one."
        )
    if not signature.holds(sealed.body, key_for(signature)):
        raise BadSignature("The release's signature does not hold: it was changed on its way.")
    try:
        release = _read(RELEASE.load(sealed.body), source, signature.kid)
    except DocumentError as error:
        raise ReleaseRefused(f"The release is signed but cannot be read: {error}") from None
    except EngineError as error:
        raise ReleaseRefused(f"The release cannot be carried out here: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ReleaseRefused(
            f"The release is signed but not in the known form: {error!r}"
        ) from None
    return release


def refuse_foreign(release: Release, expected: str) -> None:
    """Raise ReleaseRefused for what is not of `expected`, "workflow/environment" or ""."""
    if expected and release.belongs_to != expected:
        raise ReleaseRefused(
            f"The release is for {release.belongs_to}, not for {expected} as expected."
        )


def refuse_stale(release: Release, now: float) -> None:
    """Raise ReleaseRefused for what may not be used any more, `now` in seconds of the epoch."""
    if not release.may_decide(now):
        raise ReleaseRefused(
            f"Release {release.number} was to be used until {release.not_after.isoformat()} "
            "only, and its workflow refuses stale releases."
        )


def refuse_older(release: Release, newest: Mark | None, known_at: float) -> None:
    """Raise FetchFailed for what is older than known, from a plane that knows nothing since
    `known_at`, in seconds of the epoch: there is nothing wrong with it, nor with this router."""
    if newest is None or not _is_older(release, newest):
        return
    since = datetime.datetime.fromtimestamp(known_at, datetime.timezone.utc)
    raise FetchFailed(
        f"The console's plane that answered is behind: it is cut off since {since:%Y-%m-%d %H:%M} "
        f"UTC and holds release {release.number}, older than what was seen already. Nothing is to "
        "be done here; look after that plane.",
        status=200,
    )


def refuse_replay(release: Release, newest: Mark | None) -> None:
    """Raise ReleaseRefused for another workflow or environment, or what is older than known."""
    if newest is None:
        return
    there, here = (release.workflow, release.environment), (newest.workflow, newest.environment)
    if there != here:
        raise ReleaseRefused(
            f"The release is for {'/'.join(there)}, but this state folder belongs to "
            f"{'/'.join(here)}: check the token, or use another folder."
        )
    if release.number < newest.number:
        raise ReleaseRefused(
            f"Release {release.number} is older than release {newest.number}, which was seen "
            "already: it is a replay. Where the console was restored from a backup, publish there "
            "until the number is higher, or delete newest.json and release.json in the state "
            "folder."
        )
    if release.number == newest.number and release.mark.not_after < newest.not_after:
        raise ReleaseRefused(
            f"Release {release.number} was renewed since this copy of it was made: it is a replay."
        )


def _is_older(release: Release, newest: Mark) -> bool:
    mark = release.mark
    return (mark.number, mark.not_after) < (newest.number, newest.not_after)


def _read(document: object, source: Source, kid: str) -> Release:
    if not isinstance(document, dict) or document.get("schema") != 1:
        raise ReleaseRefused("The release is of a schema this client does not know; update it.")
    if document.get("rollout") is not None:
        # Ignoring it would put everybody on what is meant for some.
        raise ReleaseRefused("The release is rolled out in steps; this client must be updated.")
    stated = document["release"]
    if digest(document["bundle"]) != stated["digest"]:
        raise ReleaseRefused("The release's digest is not that of its bundle.")
    when_stale = stated.get("when_stale", "serve_stale")
    if when_stale not in STALENESS_RULES:
        raise ReleaseRefused(f"The release's staleness rule {when_stale!r} is not known.")
    return Release(
        workflow=_text(document["workflow"]),
        environment=_text(document["environment"]),
        number=_number(stated["number"]),
        digest=stated["digest"],
        published_at=moment_of(stated["published_at"]),
        not_after=moment_of(stated["not_after"]),
        approved_by=tuple(_text(name) for name in stated["approved_by"]),
        when_stale=when_stale,
        bundle=parse_bundle(document["bundle"]),
        source=source,
        kid=kid,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise TypeError("a release number expected")
    return value


def moment_of(value: object) -> datetime.datetime:
    """An RFC 3339 time with its zone; raises TypeError or ValueError for anything else."""
    text = _text(value)
    # Python 3.10 does not know the Z of RFC 3339.
    text = f"{text[:-1]}+00:00" if text.endswith("Z") else text
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time zone is missing")
    return moment
