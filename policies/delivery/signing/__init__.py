"""The console's Ed25519 keys: where the private halves are, signing, and what is published.

Signatures are detached JWS (RFC 7515, appendix F): compact form with an empty payload. The payload
of a release is the exact body, before any content coding.
"""

from .chain import published_keys, sign
from .jws import verify
from .signers import Signer, SigningUnavailable

__all__ = ["Signer", "SigningUnavailable", "published_keys", "sign", "verify"]
