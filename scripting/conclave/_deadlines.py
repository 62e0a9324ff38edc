"""Runs code of others under a deadline: asks it to stop, interrupts it when it does not, and lets only the user's Ctrl-C out.

On Python's main thread code is interrupted by SIGUSR2, elsewhere by an asynchronous exception (see `_core.Deadline`).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from conclave import _core

# How long a coroutine that was cancelled may take to clean up.
CLEANUP_S = 2.0


def on_interrupt_signal(signum: int, frame: Any) -> None:
    """Handler of SIGUSR2: ends the expert that is running in the main thread, if its time is up or it was stopped. A signal
    that arrives late does nothing."""
    if _core.interrupt_pending():
        raise _core.Cancelled("the expert was interrupted")


def _in_host() -> bool:
    """Signals are those of a host, whose handler of SIGUSR2 says so by an attribute and calls ours."""
    return getattr(signal.getsignal(signal.SIGUSR2), "calls_runner", False)


class _CtrlC:
    """Counts how often the user pressed Ctrl-C while experts ran on the main thread, since a KeyboardInterrupt may as well be
    the expert's own. Entered by each of them; wraps the handler of SIGINT meanwhile. A host counts by itself."""

    def __init__(self) -> None:
        self.presses = 0
        self._inside = 0
        self._before: Callable[[int, Any], Any] | None = None

    def _on_signal(self, signum: int, frame: Any) -> None:
        self.presses += 1
        if self._before is not None:
            self._before(signum, frame)

    def __enter__(self) -> _CtrlC:
        if _on_main_thread():
            self._inside += 1
            before = signal.getsignal(signal.SIGINT)
            if self._inside == 1 and callable(before) and not _in_host():
                self._before = before
                signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *exception: object) -> None:
        if _on_main_thread():
            self._inside -= 1
            if self._inside == 0 and self._before is not None:
                before, self._before = self._before, None
                if signal.getsignal(signal.SIGINT) == self._on_signal:
                    signal.signal(signal.SIGINT, before)

    def pressed_since(self, presses: int) -> bool:
        return self.presses != presses and _on_main_thread()


ctrl_c = _CtrlC()


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def handling_interrupts(deadline: _core.Deadline) -> Iterator[None]:
    """The SIGUSR2 handler while the deadline needs it. Once a deadline fired the handler stays: a signal may still be under way, and
    would end the process."""
    if not _on_main_thread() or _in_host() or signal.getsignal(signal.SIGUSR2) is on_interrupt_signal:
        yield
        return
    before = signal.signal(signal.SIGUSR2, on_interrupt_signal)
    try:
        yield
    finally:
        if not deadline.fired:
            signal.signal(signal.SIGUSR2, before if before is not None else signal.SIG_DFL)


class Outcome(NamedTuple):
    state: str  # answered, failed, timed_out or cancelled
    value: Any  # the answer, or the exception (None if there is none)


def guarded(body: Callable[[], Any], own: _core.Job, seconds: float, grace: float) -> Outcome:
    """Runs `body` on this thread under a deadline. Only the KeyboardInterrupt of the user gets out."""
    deadline = _core.Deadline(seconds, own, grace)
    value = error = None
    presses = ctrl_c.presses
    try:
        # The deadline last: an interrupt that comes as `body` ends must not come between it and leaving the deadline, which is one call
        # of C as long as nothing written in Python is left before.
        with ctrl_c, handling_interrupts(deadline), deadline:
            value = body()
    except BaseException as raised:
        if isinstance(raised, KeyboardInterrupt) and ctrl_c.pressed_since(presses):
            raise
        error = raised
    if deadline.fired:  # also when the expert swallowed the interrupt and answered after all
        return Outcome("timed_out" if deadline.timed_out else "cancelled", error)
    if isinstance(error, (_core.Cancelled, _core.CancelledError)) and own.stopped:
        return Outcome("cancelled", error)
    return Outcome("answered", value) if error is None else Outcome("failed", error)


async def _awaited(awaitable: Any) -> Outcome:
    """Only the KeyboardInterrupt of the user gets out: anything else would end the loop, or look like a cancelled task."""
    presses = ctrl_c.presses
    try:
        return Outcome("answered", await awaitable)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and ctrl_c.pressed_since(presses):
            raise
        return Outcome("failed", error)


def begun(awaitable: Any) -> asyncio.Future[Any]:
    """A task that is not destroyed before it has ended. A coroutine that swallows every exception in a loop would do so in its
    destructor, too, for ever, on whichever thread the garbage collector runs."""
    task: asyncio.Future[Any] = asyncio.ensure_future(awaitable)
    _core.keep_alive(task)
    task.add_done_callback(_core.let_go)
    return task


async def ended(task: asyncio.Future[Any]) -> None:
    """Cancels it and waits a little."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CLEANUP_S)


async def bounded(awaitable: Any, own: _core.Job, seconds: float, grace: float) -> Outcome:
    """Awaits under a deadline. A coroutine that will not be cancelled is left behind after CLEANUP_S."""
    task = begun(_awaited(awaitable))
    due = time.monotonic() + seconds
    state = "timed_out"
    try:
        with ctrl_c:
            while not task.done() and time.monotonic() < due:
                await asyncio.wait({task}, timeout=min(0.05, max(0.0, due - time.monotonic())))
                if own.stopped and state != "cancelled":
                    state, due = "cancelled", min(due, time.monotonic() + grace)
    finally:
        late = not task.done()
        if late:
            own.request_stop()
            await ended(task)
    if late:
        return Outcome(state, None)
    if task.cancelled():  # before it began
        return Outcome("failed", asyncio.CancelledError("the expert cancelled itself"))
    outcome: Outcome = task.result()
    if outcome.state == "failed" and isinstance(outcome.value, (_core.Cancelled, _core.CancelledError)) and own.stopped:  # while it blocked the loop
        return Outcome("timed_out" if time.monotonic() >= due else "cancelled", outcome.value)
    return outcome


def run_loop(coroutine: Any) -> Any:
    """On a loop of its own, on this thread; beside a running loop (a notebook) on a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with concurrent.futures.ThreadPoolExecutor(1, "conclave expert") as pool:
        return pool.submit(asyncio.run, coroutine).result()
