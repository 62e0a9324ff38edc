"""Many things at once: Python callables on threads of their own, engine operations on the engine's threads without the GIL.

An engine operation is named by a str and takes the arguments of the function of that name: see OPERATIONS.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import difflib
import functools
import heapq
import inspect
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Union

from conclave import _async, _core, logs, scan

__all__ = ["OPERATIONS", "AsyncProcessor", "TaskExecutor", "TaskResult"]

Operation = Union[str, Callable[..., Any]]


@dataclass(frozen=True)
class _Named:
    """prepare: makes the operation of the engine from the arguments; convert: makes what the function of that name returns."""

    prepare: Callable[..., _core.Operation]
    convert: Callable[[Any], Any]


def _plain(name: str) -> _Named:
    return _Named(_core._operations[name], lambda result: result)


_NAMED = {
    "conclude": _plain("conclude"),
    "cosine_matrix": _plain("cosine_matrix"),
    "cosine_similarities": _plain("cosine_similarities"),
    "cosine_similarity": _plain("cosine_similarity"),
    "describe": _plain("describe"),
    "gather": _plain("gather"),
    "mine_templates": _Named(logs._prepare_templates, logs._templates),
    "open_log": _plain("open_log"),
    "scan": _Named(scan._prepare, scan._results),
    "similarity_matrix": _plain("similarity_matrix"),
    "summarize": _Named(logs._prepare_summary, logs._summary),
    "text_similarity": _plain("text_similarity"),
}

#: Names of the engine's operations: functions of conclave.consensus, .vectors, .case, .logs and .scan.
OPERATIONS: tuple[str, ...] = tuple(_NAMED)


def _named(name: str) -> _Named:
    if name in _NAMED:
        return _NAMED[name]
    near = difflib.get_close_matches(name, OPERATIONS, 1)
    raise ValueError(f"the engine has no operation '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))


def _check(operation: Operation) -> None:
    if not isinstance(operation, str) and not callable(operation):
        raise TypeError(f"an operation is a callable or the name of one of the engine's, not {type(operation).__name__}")


@dataclass(frozen=True, slots=True)
class TaskResult:
    """How one task of a batch ended. Unpacks as (name, seconds); `seconds` is how long it ran, without the time it waited; `error`
    is the exception, or None if it succeeded."""

    name: str
    seconds: float
    value: Any
    error: BaseException | None

    def __iter__(self) -> Iterator[Any]:
        return iter((self.name, self.seconds))


@dataclass(order=True)
class _Task:
    """One callable that waits for a thread; the most urgent one is the least."""

    order: tuple[int, int]
    future: concurrent.futures.Future[Any] = field(compare=False)
    call: Callable[[], Any] = field(compare=False)
    seconds: float = field(default=0.0, compare=False)


class TaskExecutor:
    """Runs tasks by priority. Python callables run on `thread_pool_size` threads of Python (by default four more than there are
    cores), engine operations on `async_pool_size` threads of the engine (by default one per core).

    A context manager, also with `async with`: leaving it waits for all tasks. Any thread.
    """

    __slots__ = (
        "_collector", "_completions", "_engine", "_futures", "_lock", "_queue", "_sequence", "_stats", "_threads", "_tickets",
        "thread_pool_size", "__weakref__",
    )  # fmt: skip

    def __init__(self, thread_pool_size: int | None = None, async_pool_size: int | None = None) -> None:
        for name, size in (("thread_pool_size", thread_pool_size), ("async_pool_size", async_pool_size)):
            if size is not None and size < 1:
                raise ValueError(f"{name} must be above 0")
        self.thread_pool_size: int = thread_pool_size or min(32, (os.cpu_count() or 1) + 4)
        # Each thread pool is given one token per task that says "run whatever is most urgent now".
        self._threads = concurrent.futures.ThreadPoolExecutor(self.thread_pool_size, "conclave-task")
        self._collector = concurrent.futures.ThreadPoolExecutor(1, "conclave-engine")
        self._engine = _core.EnginePool(async_pool_size or 0)
        self._completions = _core.Completions()
        self._tickets: dict[int, tuple[concurrent.futures.Future[Any], Callable[[Any], Any]]] = {}
        self._lock = threading.Lock()
        self._queue: list[_Task] = []
        self._sequence = itertools.count()
        self._futures: set[concurrent.futures.Future[Any]] = set()
        self._stats = {"submitted": 0, "completed": 0, "failed": 0, "cancelled": 0, "running": 0, "busy_seconds": 0.0}

    def submit(
        self, operation: Operation, /, *args: Any, priority: int = 0, **kwargs: Any
    ) -> concurrent.futures.Future[Any]:
        """Runs a callable with these arguments, or an engine operation by its name; the highest priority starts first.

        The future's cancel() takes back what has not begun; an engine operation it also stops while it runs. TypeError or
        ValueError at once for wrong arguments of an engine operation; RuntimeError after shutdown().
        """
        return self._start(operation, args, kwargs, priority)[0]

    def _start(
        self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], priority: int
    ) -> tuple[concurrent.futures.Future[Any], _Task | _core.Operation]:
        """The future, and what knows in the end how many `seconds` it took."""
        _check(operation)
        if isinstance(operation, str):
            return self._start_engine(_named(operation), args, kwargs, priority)
        context = contextvars.copy_context()
        call = functools.partial(context.run, operation, *args, **kwargs)
        task = _Task((-priority, next(self._sequence)), concurrent.futures.Future(), call)
        with self._lock:
            self._threads.submit(self._run_next)  # RuntimeError after shutdown
            heapq.heappush(self._queue, task)
            self._begin(task.future)
        return task.future, task

    def _start_engine(
        self, named: _Named, args: tuple[Any, ...], kwargs: dict[str, Any], priority: int
    ) -> tuple[concurrent.futures.Future[Any], _core.Operation]:
        operation = named.prepare(*args, **kwargs)
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        with self._lock:
            self._collector.submit(self._collect)
            ticket = self._completions.start(self._engine, operation, priority)
            self._tickets[ticket] = (future, named.convert)
            self._begin(future)
        # The future stays pending while the engine works, so that it can be cancelled all the time.
        future.add_done_callback(lambda ended: operation.job.request_stop() if ended.cancelled() else None)
        return future, operation

    def _begin(self, future: concurrent.futures.Future[Any]) -> None:
        self._stats["submitted"] += 1
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)

    def _run_next(self) -> None:
        with self._lock:
            task = heapq.heappop(self._queue)
            if not task.future.set_running_or_notify_cancel():
                self._count("cancelled")
                return
            self._stats["running"] += 1
        began = time.perf_counter()
        value: Any = None
        error: BaseException | None = None
        try:
            value = task.call()
        except BaseException as raised:  # the thread must survive also SystemExit and the interruption of an expert
            error = raised
        task.seconds = time.perf_counter() - began
        with self._lock:
            self._stats["running"] -= 1
            self._stats["busy_seconds"] += task.seconds
            self._count("failed" if error is not None else None)
        if error is not None:
            task.future.set_exception(error)
        else:
            task.future.set_result(value)

    def _count(self, how: str | None) -> None:
        self._stats["completed"] += 1
        if how is not None:
            self._stats[how] += 1

    def _collect(self) -> None:
        """Waits, without the GIL, until at least one engine operation has ended, and delivers those that have. It is called as often
        as there are operations, and returns at once where another call has delivered them."""
        delivered: list[tuple[int, concurrent.futures.Future[Any], Callable[[Any], Any]]] = []
        while not delivered:
            with self._lock:  # whoever submits holds it until the ticket is known
                if not self._tickets:
                    return
            self._completions.wait()
            with self._lock:
                _, ended = self._completions.take()
                delivered = [(ticket, *self._tickets.pop(ticket)) for ticket in ended]
        for ticket, future, convert in delivered:
            self._deliver(ticket, future, convert)

    def _deliver(self, ticket: int, future: concurrent.futures.Future[Any], convert: Callable[[Any], Any]) -> None:
        if not future.set_running_or_notify_cancel():
            self._completions.discard(ticket)
            return
        try:
            future.set_result(convert(self._completions.result(ticket)))
        except BaseException as error:
            future.set_exception(error)

    def map(self, operation: Operation, *iterables: Iterable[Any], priority: int = 0, timeout: float | None = None) -> Iterator[Any]:
        """Results of the operation for the arguments of all iterables together, in their order, as they are asked for; the first
        exception is raised in its place. All start at once; leaving the iteration cancels what is left. timeout: seconds from
        this call; then TimeoutError."""
        end = None if timeout is None else time.monotonic() + timeout
        futures = [self.submit(operation, *args, priority=priority) for args in zip(*iterables)]
        return _results_in_order(futures, end)

    def execute_batch(self, tasks: Iterable[tuple[Any, ...]]) -> list[TaskResult]:
        """Runs all (name, operation, *args) and waits for them; one TaskResult each, in their order. A task that fails is a result
        with its error."""
        started = []
        for name, operation, *args in tasks:
            if not isinstance(name, str):
                raise TypeError(f"a task is (name, operation, *arguments) and its name a str, not {type(name).__name__}")
            started.append((name, *self._start(operation, tuple(args), {}, 0)))
        return [_result_of(*one) for one in started]

    def get_stats(self) -> dict[str, Any]:
        """submitted, completed (with failed and cancelled), failed, cancelled, queued, running, busy_seconds (in tasks, summed),
        thread_pool_size and async_pool_size."""
        engine = self._engine.stats()
        with self._lock:
            stats: dict[str, Any] = dict(self._stats)
        stats["submitted"] -= engine["submitted"]
        for name, value in engine.items():
            stats[name] += value
        stats["queued"] = stats["submitted"] - stats["completed"] - stats["running"]
        return {**stats, "thread_pool_size": self.thread_pool_size, "async_pool_size": self._engine.threads}

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more tasks; waits for those it has, or cancels them first."""
        if cancel_futures:
            for future in list(self._futures):
                future.cancel()
        self._threads.shutdown(wait)
        self._collector.shutdown(wait)

    def __enter__(self) -> TaskExecutor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()

    async def __aenter__(self) -> TaskExecutor:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown(wait=False)
        if waiting := [asyncio.wrap_future(future) for future in list(self._futures)]:
            await asyncio.wait(waiting)
            for future in waiting:
                future.cancelled() or future.exception()  # seen, so that asyncio does not complain of it
        self.shutdown()

    def __repr__(self) -> str:
        return f"TaskExecutor(thread_pool_size={self.thread_pool_size}, async_pool_size={self._engine.threads})"


def _results_in_order(futures: list[concurrent.futures.Future[Any]], end: float | None) -> Iterator[Any]:
    futures.reverse()
    try:
        while futures:
            yield futures[-1].result(None if end is None else max(0.0, end - time.monotonic()))
            futures.pop()
    finally:
        for future in futures:
            future.cancel()


def _result_of(name: str, future: concurrent.futures.Future[Any], clock: _Task | _core.Operation) -> TaskResult:
    concurrent.futures.wait([future])
    error = concurrent.futures.CancelledError() if future.cancelled() else future.exception()
    return TaskResult(name, clock.seconds, future.result() if error is None else None, error)


class AsyncProcessor:
    """Awaits one operation at a time; nothing has to be closed."""

    __slots__ = ()

    async def process_async(self, operation: Operation, *args: Any, **kwargs: Any) -> Any:
        """The result of an engine operation by its name, of a coroutine function, or of a callable, which runs on a thread of
        Python. Cancelling the task stops an engine operation and a coroutine; a callable that has begun runs to its end."""
        _check(operation)
        if isinstance(operation, str):
            named = _named(operation)
            return named.convert(await _async.run(named.prepare(*args, **kwargs)))
        if inspect.iscoroutinefunction(operation):
            return await operation(*args, **kwargs)
        return await asyncio.to_thread(operation, *args, **kwargs)

    async def __aenter__(self) -> AsyncProcessor:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def __repr__(self) -> str:
        return "AsyncProcessor()"
