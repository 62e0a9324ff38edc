"""Awaiting the engine without a parked thread.

An operation runs on threads of the engine. When it ends, or has news, the engine writes to the eventfd of a `_core.Completions`,
one per asyncio loop, which the loop watches like a socket. Cancelling the task that awaits stops the engine's job.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar, Union

from conclave import _core

__all__ = ["Here", "OnLoop", "Way", "iterate", "now", "run"]

T = TypeVar("T")

# Scans wait for the network most of their time; computations in these threads still use one thread per core.
POOL_THREADS = 32

_pools: dict[int, _core.EnginePool] = {}  # by process: threads do not survive a fork


def _pool() -> _core.EnginePool:
    process = os.getpid()
    if process not in _pools:
        _pools[process] = _core.EnginePool(POOL_THREADS)
    return _pools[process]


class _Waiting:
    """Who waits for one operation. `ended` is set when it has ended, `news` whenever there is something to fetch."""

    __slots__ = ("ended", "news")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.ended: asyncio.Future[Any] = loop.create_future()
        self.news = asyncio.Event()


class _Bridge:
    """The operations that one loop waits for. Used on its thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.completions = _core.Completions()
        self._waiting: dict[int, _Waiting] = {}
        loop.add_reader(self.completions.fileno(), self._deliver)

    def start(self, operation: _core.Operation, waiting: _Waiting) -> int:
        ticket = self.completions.start(_pool(), operation)
        self._waiting[ticket] = waiting
        return ticket

    def forget(self, ticket: int) -> None:
        self._waiting.pop(ticket, None)

    def _deliver(self) -> None:
        with_news, ended = self.completions.take()
        for ticket in with_news:
            if ticket in self._waiting:
                self._waiting[ticket].news.set()
        for ticket in ended:
            waiting = self._waiting.pop(ticket, None)
            if waiting is None or waiting.ended.done():
                self.completions.discard(ticket)
            else:
                self._settle(ticket, waiting)

    def _settle(self, ticket: int, waiting: _Waiting) -> None:
        waiting.news.set()
        news = self.completions.news(ticket)
        try:
            waiting.ended.set_result((self.completions.result(ticket), news))
        except Exception as error:
            waiting.ended.set_exception(error)


_bridges: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Bridge] = weakref.WeakKeyDictionary()


def _bridge() -> _Bridge:
    loop = asyncio.get_running_loop()
    if loop not in _bridges:
        _bridges[loop] = _Bridge(loop)
    return _bridges[loop]


async def run(operation: _core.Operation) -> Any:
    """What the operation finds, or its exception. Cancelling the task stops the operation's job."""
    bridge, waiting = _bridge(), _Waiting(asyncio.get_running_loop())
    ticket = bridge.start(operation, waiting)
    try:
        result, _ = await waiting.ended
        return result
    finally:
        bridge.forget(ticket)
        if not waiting.ended.done() or waiting.ended.cancelled():
            operation.job.request_stop()


async def iterate(operation: _core.Operation) -> AsyncIterator[list[Any]]:
    """The operation's news in lists, none of them empty, until it has ended. Leaving the loop early stops its job."""
    bridge, waiting = _bridge(), _Waiting(asyncio.get_running_loop())
    ticket = bridge.start(operation, waiting)
    try:
        while not waiting.ended.done():
            await waiting.news.wait()
            waiting.news.clear()
            news = bridge.completions.news(ticket) if not waiting.ended.done() else waiting.ended.result()[1]
            if news:
                yield news
    finally:
        bridge.forget(ticket)
        operation.job.request_stop()


# One text for those who wait and those who await: it awaits what a Way does, and with Here never suspends.


class Here:
    """Waits on the calling thread, where Ctrl-C reaches it."""

    async def engine(self, name: str, *arguments: Any, **more: Any) -> Any:
        """What the engine's operation of that name finds, or its exception."""
        return getattr(_core, name)(*arguments, **more)

    async def python(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls what may take long and is not the engine's."""
        return function(*arguments)

    async def ended(self, worker: _core.IsolatedRun, output: Callable[[int, str], object], log: Callable[..., object]) -> None:
        """Waits until a worker has answered; hands on what it prints and logs."""
        while not worker.wait(0.1, output, log):
            pass


class OnLoop:
    """As Here, from a running loop: only what `python` calls has a thread."""

    async def engine(self, name: str, *arguments: Any, **more: Any) -> Any:
        return await run(_core._operations[name](*arguments, **more))

    async def python(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.to_thread(function, *arguments)

    async def ended(self, worker: _core.IsolatedRun, output: Callable[[int, str], object], log: Callable[..., object]) -> None:
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        loop.add_reader(worker.fileno(), news.set)
        try:
            while not worker.wait(0, output, log):
                await news.wait()
                news.clear()
        finally:
            loop.remove_reader(worker.fileno())


Way = Union[Here, OnLoop]


def now(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine that waits by Here returns."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        result: T = ended.value
        return result
    finally:
        coroutine.close()
    raise RuntimeError("it awaits something else than Here")
