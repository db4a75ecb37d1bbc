"""What can go wrong at a router. None of it ends the last good release."""

from __future__ import annotations


class ClientError(Exception):
    """Something that the client goes on from; its text is a sentence for people."""


class FetchFailed(ClientError):
    """The console could not be reached or did not answer as hoped.

    `status` is the HTTP status, 0 when there was none; `retry_after_s` is the server's wish;
    `is_problem` tells that the answer is a problem document (RFC 9457), as are the console's.
    """

    def __init__(
        self,
        sentence: str,
        *,
        status: int = 0,
        retry_after_s: float = 0,
        is_problem: bool = False,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after_s = retry_after_s
        self.is_problem = is_problem


class AnswerTooLarge(FetchFailed):
    """A good answer is larger than its kind may be."""


class Interrupted(FetchFailed):
    """An exchange was ended from our side, because the client closes."""


class ReleaseRefused(ClientError):
    """A release was received or found on disk, and must not be used."""


class BadSignature(ReleaseRefused):
    """The signature is not that of the body."""


class StateUnusable(ClientError):
    """The state folder cannot be read or written."""


class OutcomeRefused(ClientError):
    """An outcome cannot be sent to the console; the text says why, as the end of a sentence."""


class NoUsableRelease(ClientError):
    """There is no release to decide with: none yet, or the only one may not be used any more."""
