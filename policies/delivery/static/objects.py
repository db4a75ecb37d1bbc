"""A place for objects: an S3-compatible bucket or a folder, with writes that lose no race."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import unquote, urlsplit

from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ClientConfig, RetryConfig

LOCK_FILE = ".routing-console.lock"


class StoreError(Exception):
    """The store cannot be used, or did not do as asked. The text is a sentence for people."""


class Changed(Exception):
    """Somebody else wrote the object meanwhile; read it again."""


@dataclass(frozen=True)
class Kept:
    """An object as it was read. `version` names this state of it to the store."""

    body: bytes
    version: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """How an object is served: its media type, and how long caches may keep it."""

    content_type: str
    cache_control: str


class Objects:
    """Objects below an address. Raises StoreError for whatever the store says."""

    def __init__(self, store: ObjectStore, address: str, folder: Path | None = None) -> None:
        """`folder`: where the store is one of this machine."""
        self._store = store
        self._folder = folder
        self.address = address

    @classmethod
    def at(cls, address: str, *, endpoint: str = "") -> Self:
        """The place that `s3://bucket/prefix` or `file:///path` names.

        Credentials, region and endpoint of S3 come from the usual `AWS_…` variables; `endpoint`
        goes before theirs.
        """
        parts = urlsplit(address)
        if parts.query or parts.fragment or parts.username:
            raise StoreError(f"{address!r} must hold nothing but a bucket or a path.")
        if parts.scheme == "s3" and parts.netloc:
            return cls(_bucket(parts.netloc, parts.path.strip("/"), endpoint), address)
        if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
            folder = Path(unquote(parts.path))
            return cls(_folder(folder), address, folder)
        raise StoreError(f"{address!r} must be s3://bucket/prefix or file:///path.")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes meanwhile, where the store is a folder; a bucket compares instead."""
        with nullcontext() if self._folder is None else _locked(self._folder):
            yield

    def get(self, path: str) -> Kept | None:
        """An object, None where there is none."""
        try:
            found = self._store.get(path)
            version = {"e_tag": found.meta["e_tag"], "version": found.meta["version"]}
            body = bytes(found.bytes())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise self._failure("read", path, error) from None
        return Kept(body, {name: text for name, text in version.items() if text})

    def put(self, path: str, body: bytes, kind: Kind, *, instead_of: Kept | None) -> None:
        """Write an object in place of what was read, None where nothing was there.

        Raises Changed where it is another by now, as far as the store can tell.
        """
        options: dict[str, Any] = {}
        if self._folder is None:
            options["attributes"] = {
                "Content-Type": kind.content_type,
                "Cache-Control": kind.cache_control,
            }
            options["mode"] = "create" if instead_of is None else _update(instead_of)
        try:
            self._put(path, body, options)
        except (AlreadyExistsError, PreconditionError):
            raise Changed from None
        except (BaseError, OSError) as error:
            raise self._failure("written", path, error) from None

    def _put(self, path: str, body: bytes, options: dict[str, Any]) -> None:
        try:
            self._store.put(path, body, **options)
        except NotImplementedError:  # no conditions there: that it was compared must do
            self._store.put(path, body, **{**options, "mode": "overwrite"})

    def _failure(self, done: str, path: str, error: Exception) -> StoreError:
        why = str(error).partition("\n\n")[0]
        return StoreError(f"{self.address.rstrip('/')}/{path} cannot be {done}: {why}")


def _update(kept: Kept) -> UpdateVersion:
    return cast("UpdateVersion", dict(kept.version))


def _bucket(name: str, prefix: str, endpoint: str) -> S3Store:
    _refuse_empty_variables()
    client: ClientConfig = {"timeout": "20s", "connect_timeout": "5s"}
    retries: RetryConfig = {"max_retries": 2}
    options: dict[str, Any] = {"prefix": prefix} if prefix else {}
    if endpoint:
        options["endpoint"] = endpoint
    if (endpoint or _endpoint_of_environment()).startswith("http://"):
        client["allow_http"] = True  # whoever writes the address so means it
    try:
        return S3Store(name, client_options=client, retry_config=retries, **options)
    except BaseError as error:
        raise StoreError(f"The bucket {name} cannot be used: {error}") from None


def _refuse_empty_variables() -> None:
    """The store would take an empty address or region for one."""
    empty = [name for name, value in os.environ.items() if name.startswith("AWS_") and not value]
    if empty:
        raise StoreError(f"{', '.join(sorted(empty))} must hold something, or be left out.")


def _endpoint_of_environment() -> str:
    """The endpoint that the store reads from there by itself, else ""."""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _folder(path: Path) -> LocalStore:
    try:
        path.mkdir(parents=True, exist_ok=True)
        return LocalStore(path)
    except (BaseError, OSError) as error:
        raise StoreError(f"The folder {path} cannot be used: {error}") from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        file = (folder / LOCK_FILE).open("w")
    except OSError as error:
        raise StoreError(f"The folder {folder} cannot be written: {error}") from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def in_memory() -> Objects:
    """Objects that end with the process; they compare as a bucket does."""
    return Objects(MemoryStore(), "memory://")
