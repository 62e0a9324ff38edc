"""The Python side of the program's script thread: its main loop, who is running, where output goes, who is interrupted.

The C++ side (scripting/script_thread.cpp) creates one `Host` and calls `main`, which never returns. Jobs arrive in a queue of
the C++ side, announced on an eventfd; each runs here between two turns of the asyncio loop and not inside it, so that plain code
may call ``asyncio.run``. Whatever a job awaits becomes a task of the loop.

Every piece of foreign code runs in a context in which `_running` says whose it is. Threads inherit it. That is how printed text
finds its origin and how the handler of SIGUSR2 knows whether the code it interrupted is the one to interrupt: outside such a
context it never raises.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import dataclasses
import faulthandler
import functools
import getpass
import inspect
import io
import json
import os
import select
import signal
import sys
import threading
import traceback
import types
from collections.abc import Callable, Coroutine
from typing import Any

__all__ = ["Host"]


@dataclasses.dataclass(eq=False)
class _Running:
    """Whose code this is. `ticket` is the number by which the C++ side knows it; 0 is never stopped."""

    ticket: int
    origin: str
    kind: str  # console, script, or the kind of a plugin
    path: str = ""  # of the plugin
    output_left: int | None = None  # characters; None: no limit; negative: what came since is not shown
    line_begun: bool = False  # it printed something without a line end
    interruptible: bool = True  # by Ctrl-C; one that comes while it is not waits until it is


_getpass_of_terminals = getpass.getpass

_running: contextvars.ContextVar[_Running | None] = contextvars.ContextVar("conclave_running", default=None)


class _Place:
    """Process and working folder as they are now. Relative paths of the case mean this folder, whatever a plugin does."""

    def __init__(self) -> None:
        self._process = os.getpid()
        try:
            self._folder: int | None = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            self._folder = None  # it was removed

    def restore(self, error: BaseException | None = None) -> None:
        """To be called when the plugin's code has ended. In a process that this code forked, ends that process."""
        if os.getpid() != self._process:
            os._exit(error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else int(error is not None))
        if self._folder is not None:
            os.fchdir(self._folder)
            os.close(self._folder)
            self._folder = None


class Host:
    """`native` holds the functions of the C++ side:

    run_next() -> bool: runs the next job, False if there was none;  write(stream, bytes, origin);
    stop_due(ticket) -> bool;  take_interrupt(ticket) -> bool;  note_line(ticket, line);  parked(ticket): it awaits;
    expert_ended(ticket, response or None, cancelled, type, message, traceback);
    console_begins(ticket);  console_ended(ticket, state, exit_code);
    ask_line() -> bool: whether somebody will answer, which `line_descriptor` then announces;  take_line() -> str or None;
    forget_line();  request(what, json) -> bool: what `app` wants of the window, False if there is none.
    """

    def __init__(self, native: types.SimpleNamespace, wake_descriptor: int, line_descriptor: int) -> None:
        self._native = native
        self._wake = wake_descriptor
        self._line = line_descriptor
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._paths: dict[int, str] = {}  # of the plugins whose tasks these are
        self._waiting: list[tuple[int, str]] = []  # console commands behind one that awaits
        self._console: Any = None
        self._nested = False  # the loop runs inside a job; the queue is looked at when that job ends
        self._install_streams()
        _copy_context_to_threads()
        signal.signal(signal.SIGUSR2, self._signal_handler())
        try:
            faulthandler.register(signal.SIGUSR1, file=2, all_threads=True)
        except (OSError, RuntimeError, ValueError):
            pass  # no standard error to print to
        self._loop.add_reader(self._wake, self._on_wake)

    # The loop

    def main(self) -> None:
        while True:
            asyncio.set_event_loop(self._loop)  # asyncio.run in a job has unset it
            if self._native.run_next():
                self._loop.call_soon(self._loop.stop)  # one turn, so that tasks advance between jobs
            try:
                self._loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                pass  # of a task, which keeps it as its result

    def _on_wake(self) -> None:
        os.read(self._wake, 8)
        if not self._nested:
            self._loop.stop()

    def _in_context(self, running: _Running) -> contextvars.Context:
        context = contextvars.copy_context()
        context.run(_running.set, running)
        return context

    def _start_task(
        self, running: _Running, coroutine: Coroutine[Any, Any, Any], done: Callable[[asyncio.Task[Any]], None]
    ) -> None:
        task = self._loop.create_task(coroutine, context=self._in_context(running))
        self._tasks[running.ticket] = task
        self._paths[running.ticket] = running.path

        def ended(task: asyncio.Task[Any]) -> None:
            self._tasks.pop(running.ticket, None)
            self._paths.pop(running.ticket, None)
            done(task)

        task.add_done_callback(ended)
        self._native.parked(running.ticket)

    def cancel(self, ticket: int) -> None:
        if (task := self._tasks.get(ticket)) is not None:
            task.cancel()

    def _signal_handler(self) -> Callable[[int, types.FrameType | None], None]:
        def handler(signum: int, frame: types.FrameType | None) -> None:
            self._on_signal(signum, frame)

        handler.calls_runner = True  # type: ignore[attr-defined] # so that the runner leaves it in place
        return handler

    def _on_signal(self, signum: int, frame: types.FrameType | None) -> None:
        running = _running.get()
        if running is None:
            return
        if running.path and running.ticket:
            inner = frame
            while inner is not None and not inner.f_code.co_filename.startswith(running.path):
                inner = inner.f_back
            if inner is not None:
                self._native.note_line(running.ticket, inner.f_lineno)
        if running.kind == "console":
            if running.interruptible and self._native.take_interrupt(running.ticket):
                if (deadlines := sys.modules.get("conclave._deadlines")) is not None:
                    deadlines.ctrl_c.presses += 1
                raise KeyboardInterrupt
        elif self._native.stop_due(running.ticket):
            from conclave._core import Cancelled

            raise Cancelled
        deadlines = sys.modules.get("conclave._deadlines")
        if deadlines is not None:
            deadlines.on_interrupt_signal(signum, frame)

    # Experts and hooks

    def expert(self, ticket: int, info: dict[str, Any], evidence: Any, job: Any) -> None:
        running = _Running(ticket, f"expert {info['name']}", "expert", info["path"], int(info["output_kb"] * 1024))
        context = self._in_context(running)
        place = _Place()
        try:
            from conclave import _loading, _runner

            function = context.run(_loading.load_expert, info)
            info = {**info, "callable": function}
            if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):
                coroutine = _runner.run_expert_async(info, evidence, job)
                self._start_task(running, coroutine, lambda task: self._expert_task_ended(running, task, place))
                return
            answer = context.run(_runner.run_expert, info, evidence, job)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is this expert's
            place.restore(error)
            self._end_line(running)
            self._expert_failed(ticket, error)
        else:
            place.restore()
            self._end_line(running)
            self._native.expert_ended(ticket, answer, False, "", "", "")

    def _end_line(self, running: _Running) -> None:
        if running.line_begun:
            self._native.write(1, b"\n", running.origin)

    def _expert_task_ended(self, running: _Running, task: asyncio.Task[Any], place: _Place) -> None:
        ticket = running.ticket
        place.restore()
        self._end_line(running)
        if task.cancelled():
            self._native.expert_ended(ticket, None, True, "Cancelled", "the expert was cancelled", "")
        elif (error := task.exception()) is not None:
            self._expert_failed(ticket, error)
        else:
            self._native.expert_ended(ticket, task.result(), False, "", "", "")

    def _expert_failed(self, ticket: int, error: BaseException) -> None:
        from conclave._core import Cancelled

        cancelled = isinstance(error, Cancelled) and self._native.stop_due(ticket)  # else it is the expert's own doing
        self._native.expert_ended(ticket, None, cancelled, type(error).__name__, _text_of(error), _traceback_of(error))

    def _hook(self, ticket: int, info: dict[str, Any], name: str, argument: Any) -> dict[str, Any] | None:
        from conclave import _hooks

        kind = info["kind"]
        context = self._in_context(_Running(ticket, f"{kind} {info['name']}", kind, info["path"], int(info["output_kb"] * 1024)))
        place = _Place()
        try:
            return context.run(_hooks.call, info, name, argument)
        finally:
            place.restore(sys.exc_info()[1])

    def json_hook(self, ticket: int, info: dict[str, Any], name: str, argument: str) -> str | None:
        """JSON in; JSON out, or None if there is no such hook. Raises what the hook, or the rule, raises."""
        answer = self._hook(ticket, info, name, json.loads(argument))
        return None if answer is None else json.dumps(answer["value"])

    def evidence_hook(self, ticket: int, info: dict[str, Any], blob: Any) -> tuple[Any, str] | None:
        """(new blob or None, names of the facts), or None if there is no such hook."""
        import conclave

        answer = self._hook(ticket, info, "on_evidence", conclave.Evidence(blob))
        if answer is None:
            return None
        rows = [(name, json.dumps(value), info["name"]) for name, value in answer["value"]]
        return (blob.with_facts(rows) if rows else None), ", ".join(row[0] for row in rows)

    def load_probe(self, ticket: int, info: dict[str, Any]) -> None:
        """So that a probe whose code cannot be loaded fails before anything is connected. Raises what its code raises."""
        from conclave import _loading

        context = self._in_context(_Running(ticket, f"probe {info['name']}", "probe", info["path"], int(info["output_kb"] * 1024)))
        place = _Place()
        try:
            context.run(_loading.load_function, info, "probe")
        finally:
            place.restore(sys.exc_info()[1])

    def start_probe(
        self, info: dict[str, Any], descriptor: int, service: str, seconds: float, job: Any, done: Callable[[str, str], object]
    ) -> None:
        """As `_probe.start`: this thread has other work."""
        from conclave import _probe

        running = _Running(0, f"probe {info['name']}", "probe", info["path"], int(info["output_kb"] * 1024))
        _probe.start(info, descriptor, service, seconds, job, done, self._in_context(running))

    def startup_hook(self, ticket: int, info: dict[str, Any]) -> bool:
        """Whether there is such a hook. Raises what it raises."""
        return self._hook(ticket, info, "on_startup", self.console.namespace["app"]) is not None

    def listen_for_debugger(self, port: int) -> tuple[bool, str]:
        """(True, "127.0.0.1:5678"), or (False, why not)."""
        from conclave import _debugger

        try:
            return True, _debugger.listen(port)
        except _debugger.Unavailable as error:
            return False, str(error)

    # Console

    @property
    def console(self) -> Any:
        if self._console is None:
            from conclave._app import App
            from conclave._console import Console

            self._console = Console()
            names = self._console.namespace
            names.update(app=App(self._native.request, names), case=None, evidence=None, report=None)
        return self._console

    def execute(self, ticket: int, source: str) -> None:
        if any(running.get_name().startswith("console") for running in self._tasks.values()):
            self._waiting.append((ticket, source))
            return
        running = _Running(ticket, "console", "console")
        self._native.console_begins(ticket)
        try:
            outcome = self._in_context(running).run(self.console.start, source)
        except KeyboardInterrupt as error:  # arrived outside the command's own code
            from conclave._console import outcome_of

            outcome = outcome_of(error)
        if inspect.iscoroutine(outcome):
            self._start_task(running, outcome, lambda task: self._console_task_ended(ticket, task))
            self._tasks[ticket].set_name(f"console {ticket}")
        else:
            self._native.console_ended(ticket, outcome.state, outcome.exit_code)

    def _console_task_ended(self, ticket: int, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._native.console_ended(ticket, "interrupted", 0)
        else:
            outcome = task.result()
            self._native.console_ended(ticket, outcome.state, outcome.exit_code)
        if self._waiting:
            self.execute(*self._waiting.pop(0))

    def complete(self, text: str) -> list[str]:
        names: list[str] = self.console.complete(text)
        return names

    def call_tip(self, text: str) -> str:
        tip: str = self.console.call_tip(text)
        return tip

    def publish(self, case: Any, report: Any, blob: Any) -> None:
        import conclave

        evidence = None if blob is None else conclave.Evidence(blob)
        self.console.namespace.update(case=case, report=report, evidence=evidence)

    def stack_of_task(self, ticket: int) -> list[tuple[str, int, str]]:
        """(file, line, function), innermost last, of what awaits; [] if nothing of this ticket does."""
        task = self._tasks.get(ticket)
        if task is None:
            return []
        # The runner waits for a task of its own, in which the plugin's code is.
        path = self._paths[ticket]
        inner = [_awaited_frames(other) for other in asyncio.all_tasks(self._loop) if other not in self._tasks.values()]
        of_plugin = [frames for frames in inner if path and any(file.startswith(path) for file, _, _ in frames)]
        return max(of_plugin, key=len, default=_awaited_frames(task))

    def terminal_console(self, ticket: int, opened: bytes = b"") -> int:
        from conclave import _terminal

        self._use_terminal()
        running = _Running(ticket, "console", "console", interruptible=False)
        accept_interrupts = functools.partial(setattr, running, "interruptible")
        if opened:
            try:
                self.console.namespace["app"].open(os.fsdecode(opened))
            except Exception as error:  # noqa: BLE001 - wrong in whatever way, it was named on the command line
                print(f"conclave: {_text_of(error)}", file=sys.stderr)
                return 2
        return self._in_context(running).run(
            _terminal.run_console, self.console, self._finish_awaiting, accept_interrupts
        )

    def run_script(self, ticket: int, script: str, arguments: list[str], debug_port: int | None) -> int:
        from conclave import _terminal

        self._use_terminal()
        return self._in_context(_Running(ticket, "script", "console")).run(_terminal.run_script, script, arguments, debug_port)

    def _finish_awaiting(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        asyncio.set_event_loop(self._loop)
        task = self._loop.create_task(coroutine)
        self._nested = True
        try:
            while True:
                try:
                    return self._loop.run_until_complete(task)
                except KeyboardInterrupt:  # met the loop and not the task
                    if task.done():
                        raise
                    task.cancel()
        finally:
            self._nested = False

    # Streams

    def _install_streams(self) -> None:
        sys.stdout = _Output(self._native.write, 1)  # type: ignore[assignment]
        sys.stderr = _Output(self._native.write, 2)  # type: ignore[assignment]
        sys.stdin = _Input(self._read_line)  # type: ignore[assignment]
        getpass.getpass = self._read_password

    def _read_line(self, secret: bool = False) -> str:
        """A line for `input` of a console command, or for `getpass`; "" is the end of input. EOFError for everybody else.

        Waits in a system call, which an interrupt ends."""
        running = _running.get()
        if running is None or running.kind != "console" or threading.current_thread() is not threading.main_thread():
            who = "a thread" if running is None or running.kind == "console" else running.origin
            raise EOFError(f"{who} has nobody to ask; input() and getpass() work in commands of the console")
        if not self._native.ask_line(secret):
            return ""
        try:
            select.select([self._line], [], [])
            os.read(self._line, 8)
            line = self._native.take_line()
        except BaseException:
            self._native.forget_line()
            raise
        return "" if line is None else f"{line}\n"

    def _read_password(self, prompt: str = "Password: ", stream: Any = None) -> str:
        """getpass.getpass() of the console: the window hides what is typed."""
        out = sys.stdout if stream is None else stream
        out.write(prompt)
        out.flush()
        line = self._read_line(secret=True)
        if not line:
            raise EOFError
        return line.removesuffix("\n")

    def _use_terminal(self) -> None:
        """From now on the standard streams are the process's own: `input` reads, and isatty tells the truth."""
        getpass.getpass = _getpass_of_terminals
        if sys.__stdin__ is not None:
            sys.stdin = sys.__stdin__
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, _Output):
                stream.on_terminal = True

    def shut_down(self) -> None:
        """What a finalised interpreter would have done that scripts can notice."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            self._loop.run_until_complete(asyncio.wait(list(self._tasks.values()), timeout=0.5))
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            try:
                if stream is not None:
                    stream.flush()
            except (OSError, ValueError):
                pass


def _awaited_frames(task: asyncio.Task[Any]) -> list[tuple[str, int, str]]:
    frames: list[tuple[str, int, str]] = []
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            frames.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return frames


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a broken __str__ must not cost the response
        return ""


def _traceback_of(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001
        return ""


class _Output(io.TextIOBase):
    """sys.stdout or sys.stderr: hands text to the program, with its origin, at once."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, write: Callable[[int, bytes, str], None], descriptor: int) -> None:
        self._write = write
        self._descriptor = descriptor
        self.on_terminal = False
        self.buffer = io.BufferedWriter(_Bytes(self), buffer_size=1)

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if not text:
            return 0
        length = len(text)
        running = _running.get()
        if running is not None and running.output_left is not None:
            left = running.output_left
            if left < 0:
                return length
            running.output_left = left - length
            if length > left:
                text = text[:left] + "\n[more output of this plugin is not shown]\n"
        if running is not None:
            running.line_begun = not text.endswith("\n")
        self._write(self._descriptor, text.encode("utf-8", "replace"), "" if running is None else running.origin)
        return length

    def fileno(self) -> int:
        if self.on_terminal:
            return self._descriptor
        raise io.UnsupportedOperation("this stream is a part of the window")

    def isatty(self) -> bool:
        return self.on_terminal and os.isatty(self._descriptor)


class _Bytes(io.RawIOBase):
    def __init__(self, text: _Output) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        content = bytes(data)
        self._text.write(content.decode("utf-8", "replace"))
        return len(content)


class _Input(io.TextIOBase):
    """sys.stdin of a program with a window. ``exit()`` of the site module closes it; it stays open."""

    encoding = "utf-8"

    def __init__(self, read_line: Callable[[], str]) -> None:
        self._read_line = read_line

    def readable(self) -> bool:
        return True

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override] # a line is never split
        return self._read_line()

    def read(self, size: int | None = -1, /) -> str:
        return "".join(iter(self.readline, ""))

    def close(self) -> None:
        pass


def _copy_context_to_threads() -> None:
    """Threads print under the origin of the code that started them."""
    start = threading.Thread.start

    @functools.wraps(start)
    def start_in_context(self: threading.Thread) -> None:
        context, run = contextvars.copy_context(), self.run
        setattr(self, "run", functools.partial(context.run, run))
        start(self)

    setattr(threading.Thread, "start", start_in_context)

    run_in_executor = asyncio.BaseEventLoop.run_in_executor

    @functools.wraps(run_in_executor)
    def run_in_context(self: Any, executor: Any, function: Callable[..., Any], *arguments: Any) -> Any:
        if executor is None:  # threads; another executor may be one of processes, which cannot take a context
            function = functools.partial(contextvars.copy_context().run, function)
        return run_in_executor(self, executor, function, *arguments)

    setattr(asyncio.BaseEventLoop, "run_in_executor", run_in_context)
