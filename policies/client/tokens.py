"""The router's token: given once, or asked for before each request, so that it can be renewed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .errors import ClientError, FetchFailed
from .exchange import is_one_word

# A token, or what gives the one that holds now.
TokenSource = str | Callable[[], str]


def token_of(given: TokenSource | None, file: str | Path | None) -> Callable[[], str]:
    """What gives the token that holds now. A file is read anew each time: whoever renews it has
    nothing to restart. Raises ClientError for one that cannot be a token.
    """
    if (given is None) == (file is None):
        raise ClientError("Give either a token or the file that holds it.")
    if file is not None:
        source = _TokenFile(Path(file))
        source()
        return source
    if callable(given):
        return _Checked(given)
    token = _checked(given or "")
    return lambda: token


def misplaced(answer: object, needed: str) -> str:
    """Why the token of a status report is the wrong one, by the console's answer; "" where it is
    that of `needed` ("workflow/environment", "" where that is not known yet), or where a console of
    before does not say."""
    told = answer if isinstance(answer, dict) else {}
    workflow, environment = told.get("workflow"), told.get("environment")
    if not needed or not isinstance(workflow, str) or not isinstance(environment, str):
        return ""
    if f"{workflow}/{environment}" == needed:
        return ""
    return (
        f"The token belongs to {workflow}/{environment}, the releases are of {needed}: status and "
        f"outcomes go to the wrong place. Use a token of {needed}."
    )


class _TokenFile:
    """The file's token. While the file is away or half written, the one before goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last = ""

    def __call__(self) -> str:
        try:
            self._last = _checked(self._path.read_text("ascii", "replace").strip())
        except OSError as error:
            if not self._last:
                raise ClientError(f"The token file cannot be read: {error}") from None
        except ClientError:
            if not self._last:
                raise
        return self._last


class _Checked:
    """A caller's function, whose faults are failures to fetch and nothing worse."""

    def __init__(self, source: Callable[[], str]) -> None:
        self._source = source

    def __call__(self) -> str:
        try:
            return _checked(self._source())
        except ClientError:
            raise
        except Exception as error:
            raise FetchFailed(f"The token could not be had: {error!r}") from None


def _checked(token: str) -> str:
    if not isinstance(token, str) or not is_one_word(token):
        raise ClientError("The token must be given as it was shown: one word, no blanks.")
    return token
