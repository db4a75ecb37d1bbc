"""Streams that fall back until their first chunk has come, and are reported when they end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import Any

from ...engine import NextAttempt
from .answers import is_estimate, usage_of
from .chain import Chain

Price = Callable[[str, Any], float | None]


class _Reading:
    """What both kinds of stream keep: the chain, and what the chunks said of tokens."""

    def __init__(self, chain: Chain, price: Price, *, asks_usage: bool) -> None:
        self.chain = chain
        self.model: str | None = None
        self._price = price
        self._asks_usage = asks_usage
        self._started = False
        self._usage: Any = None

    def begin(self, step: NextAttempt) -> None:
        self.model, self._started, self._usage = step.model, False, None

    def shows(self, chunk: Any) -> bool:
        """Whether a chunk is for the caller: a bare token count is only if it was asked for."""
        if getattr(chunk, "usage", None) is not None:
            self._usage = chunk
            if not self._asks_usage and not _has_content(chunk):
                return False
        self._started = True
        return True

    def failed(self, error: Exception) -> None:
        self.chain.must_fail(self.model or "", error, bytes_sent=self._started)

    def ended(self, opened: Any) -> None:
        model, usage = self.model or "", None if is_estimate(opened) else self._usage
        cost = None if usage is None else self._price(model, usage)
        self.chain.answered(model, usage, cost)
        self.chain.finished()


class _OfChain:
    """What is known of a stream while it is read. Nothing that reads it refers back to it, so a
    stream that is dropped is closed at once, not when Python next looks for cycles.
    """

    def __init__(self, reading: _Reading) -> None:
        self._reading = reading

    @property
    def model(self) -> str | None:
        """The one that is answering; None before the first call."""
        return self._reading.model

    @property
    def request_id(self) -> str:
        """By which feedback can be given later."""
        return self._reading.chain.request_id

    @property
    def attempts(self) -> tuple[Any, ...]:
        """Those made so far; the one that answers is there when the stream has ended."""
        return tuple(self._reading.chain.attempts)


class Stream(_OfChain):
    """An iterator of LiteLLM's chunks."""

    def __init__(
        self,
        chain: Chain,
        open_call: Callable[[NextAttempt], Any],
        price: Price,
        *,
        asks_usage: bool,
    ) -> None:
        super().__init__(_Reading(chain, price, asks_usage=asks_usage))
        self._chunks = _read(self._reading, open_call)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._chunks)

    def close(self) -> None:
        """Read no further, and hang up on the provider; an answer that was not read to its end is
        not reported.
        """
        self._chunks.close()


def _read(reading: _Reading, open_call: Callable[[NextAttempt], Any]) -> Generator[Any, None, None]:
    while isinstance(step := reading.chain.next(), NextAttempt):
        reading.begin(step)
        opened: Any = None
        try:
            opened = open_call(step)
            for chunk in opened:
                if reading.shows(chunk):
                    yield chunk
        except Exception as error:
            reading.failed(error)
        else:
            reading.ended(opened)
            return
        finally:
            if hasattr(opened, "close"):
                opened.close()
    raise reading.chain.stopped(step)


class AsyncStream(_OfChain):
    """The same for `async for`."""

    def __init__(
        self,
        chain: Chain,
        open_call: Callable[[NextAttempt], Awaitable[Any]],
        price: Price,
        *,
        asks_usage: bool,
    ) -> None:
        super().__init__(_Reading(chain, price, asks_usage=asks_usage))
        self._chunks = _aread(self._reading, open_call)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return await self._chunks.__anext__()

    async def aclose(self) -> None:
        """Read no further, and hang up on the provider; an answer that was not read to its end is
        not reported.
        """
        await self._chunks.aclose()


async def _aread(
    reading: _Reading, open_call: Callable[[NextAttempt], Awaitable[Any]]
) -> AsyncGenerator[Any, None]:
    while isinstance(step := reading.chain.next(), NextAttempt):
        reading.begin(step)
        opened: Any = None
        try:
            opened = await open_call(step)
            async for chunk in opened:
                if reading.shows(chunk):
                    yield chunk
        except Exception as error:
            reading.failed(error)
        else:
            reading.ended(opened)
            return
        finally:
            if hasattr(opened, "aclose"):
                await opened.aclose()
    raise reading.chain.stopped(step)


def price_of_stream(litellm: Any, deployment: dict[str, Any], chunk: Any) -> float | None:
    """What LiteLLM's price map says that a streamed answer costs, in USD; None where it has no
    price, for which it says 0, too.
    """
    usage = usage_of(chunk)
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    own = {
        name: deployment[name]
        for name in ("input_cost_per_token", "output_cost_per_token")
        if deployment.get(name) is not None
    }
    try:
        sent, written = litellm.cost_per_token(
            model=deployment["model"],
            prompt_tokens=usage.input_tokens,
            completion_tokens=usage.output_tokens,
            custom_cost_per_token=own if len(own) == 2 else None,
        )
    except Exception:  # LiteLLM raises one of its many for a model without a price
        return None
    return float(sent + written) or None


def _has_content(chunk: Any) -> bool:
    """Whether it carries more than token counts: text, a tool call or why it ended."""
    for choice in getattr(chunk, "choices", None) or ():
        delta = getattr(choice, "delta", None)
        said = (getattr(delta, name, None) for name in ("content", "tool_calls", "function_call"))
        if getattr(choice, "finish_reason", None) or any(said):
            return True
    return False
