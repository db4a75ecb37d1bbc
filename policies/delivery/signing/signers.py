"""Who holds the private half: a file, an environment variable, or a service of one's own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

ALGORITHM = "EdDSA"
KEY_FILE_NAME = "signing-key.pem"
STANDBY_FILE_NAME = "standby-key.pem"


class SigningUnavailable(ImproperlyConfigured):
    """Nothing can be signed now: why, and what would help."""

    def __init__(self, sentence: str, resolve: str) -> None:
        super().__init__(f"{sentence} {resolve}")
        self.sentence = sentence
        self.resolve = resolve


class Signer(Protocol):
    """An Ed25519 key that can be used, wherever it is.

    `ROUTING_CONSOLE_SIGNER` names a function without arguments that gives one by its dotted path.
    It is asked once a process. `sign` may raise SigningUnavailable.
    """

    @property
    def kid(self) -> str:
        """The key's RFC 7638 thumbprint."""

    @property
    def public_jwk(self) -> Mapping[str, str]:
        """The public half: at least `kty` (OKP), `crv` (Ed25519) and `x`."""

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature (RFC 8032, not of a hash) of any number of bytes."""


class PemSigner:
    """A private key in this process."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key
        self.kid = key.thumbprint()
        self.public_jwk = published_form(dict(key.as_dict(private=False)))

    def sign(self, message: bytes) -> bytes:
        private: Any = self._key.get_op_key("sign")
        signature: bytes = private.sign(message)
        return signature


def published_form(jwk: Mapping[str, Any]) -> dict[str, str]:
    """The public half of an Ed25519 JWK, with the members that a JWK Set gives it."""
    try:
        key = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x")})
    except (JoseError, ValueError, KeyError, TypeError):
        key = None
    if key is None or key.curve_name != "Ed25519":
        sentence = "This is not the public half of an Ed25519 key."
        raise SigningUnavailable(sentence, "Give it as a JWK.")
    members = {name: str(value) for name, value in key.as_dict(private=False).items()}
    return members | {"kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}


def configured_signer() -> Signer | None:
    """The signer that the settings name; None where that is a file which is not there."""
    if settings.SIGNER:
        return _custom_signer(settings.SIGNER)
    if settings.SIGNING_KEY_PEM:
        return pem_signer(settings.SIGNING_KEY_PEM, "ROUTING_CONSOLE_SIGNING_KEY")
    file = key_file()
    return signer_of(file) if file.exists() else None


def is_kept_in_a_file() -> bool:
    """Whether the signing key is a file that the console may write itself."""
    return not (settings.SIGNER or settings.SIGNING_KEY_PEM)


def key_file() -> Path:
    return Path(settings.DATA_DIR) / KEY_FILE_NAME


def standby_file() -> Path:
    return Path(settings.DATA_DIR) / STANDBY_FILE_NAME


def signer_of(file: Path) -> PemSigner:
    """The signer of a PEM file. Raises SigningUnavailable."""
    try:
        text = file.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise SigningUnavailable(f"{file} cannot be read: {error}.", "Name another.") from None
    return pem_signer(text, str(file))


@lru_cache(maxsize=8)
def pem_signer(pem: str, source: str) -> PemSigner:
    """The signer of a private key in PEM; `source` says where it stood."""
    try:
        key = OKPKey.import_key(pem)
        is_right = key.is_private and key.curve_name == "Ed25519"
    except (JoseError, ValueError, TypeError):
        is_right = False
    if not is_right:
        raise SigningUnavailable(
            f"{source} must hold an Ed25519 private key in PEM,",
            "as `openssl genpkey -algorithm ed25519` prints it.",
        )
    return PemSigner(key)


@lru_cache(maxsize=2)
def _custom_signer(path: str) -> Signer:
    try:
        made: Signer = import_string(path)()
    except ImportError as error:
        raise SigningUnavailable(
            f"ROUTING_CONSOLE_SIGNER names {path}, which cannot be imported: {error}.",
            "Give the dotted path of a function that returns a signer.",
        ) from None
    return made


def new_key_file(file: Path) -> PemSigner:
    """Make a key, whole or not at all and for its owner alone; what is there already stays, also
    when two processes make one at once.
    """
    pem = OKPKey.generate_key("Ed25519").as_pem(private=True)
    name = _written_beside(file, pem)
    try:
        os.link(name, file)  # unlike rename, fails when the file is there already
    except FileExistsError:
        pass
    finally:
        name.unlink(missing_ok=True)
    return signer_of(file)


def install(file: Path) -> None:
    """Put a private key in the place of the one that signs, which is gone then."""
    signer_of(file)
    _written_beside(key_file(), file.read_bytes()).replace(key_file())


def _written_beside(file: Path, content: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".signing-key-")  # mode 0600
    with os.fdopen(descriptor, "wb") as temporary:
        temporary.write(content)
        temporary.flush()
        os.fsync(temporary.fileno())
    return Path(name)
