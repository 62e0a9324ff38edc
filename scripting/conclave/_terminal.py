"""``conclave console`` and ``conclave run``: Python in the terminal the program was started from. Runs on the script thread."""

from __future__ import annotations

import os
import pathlib
import sys
import threading
import types
from collections.abc import Callable, Coroutine
from typing import Any

from conclave._console import Console, Outcome, outcome_of, print_trimmed

__all__ = ["run_console", "run_script", "wait_for_debugger"]

_HISTORY_LINES = 10_000


def run_console(
    console: Console,
    finish: Callable[[Coroutine[Any, Any, Outcome]], Outcome],
    accept_interrupts: Callable[[bool], object] = bool,
) -> int:
    """Reads and runs lines until end of input or ``exit()``; the exit code. `finish` drives what awaits to its end.

    `accept_interrupts` says when Ctrl-C may be raised; what comes while it may not waits. It is native code, so that no interrupt
    finds a place between the call and its effect."""
    interactive = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    if interactive:
        save_history = _set_up_readline(console)
        print(f"Conclave, Python {sys.version.split()[0]}. Names: case, evidence, report, app. Ctrl-R searches, Ctrl-D leaves.")
    else:
        def save_history() -> None: ...
    try:
        return _read_and_run(console, finish, accept_interrupts, interactive)
    finally:
        accept_interrupts(False)
        save_history()


def _read_and_run(
    console: Console,
    finish: Callable[[Coroutine[Any, Any, Outcome]], Outcome],
    accept_interrupts: Callable[[bool], object],
    interactive: bool,
) -> int:
    typed = ""
    while True:
        try:
            accept_interrupts(True)
            line = _read_line(("... " if typed else ">>> ") if interactive else "")
            at_end = line is None
            if at_end and not typed:
                accept_interrupts(False)
                if interactive:
                    print()
                return 0
            # The end of input ends a block as an empty line would.
            outcome = console.start(typed + (line if line is not None else "\n"))
            if not isinstance(outcome, Outcome):
                outcome = finish(outcome)
            accept_interrupts(False)
        except KeyboardInterrupt:
            accept_interrupts(False)
            print("\nKeyboardInterrupt", file=sys.stderr)
            typed = ""
            continue
        if outcome.state == "exit_requested":
            return outcome.exit_code
        if outcome.state == "incomplete":
            if at_end:
                print("the input ends in the middle of a statement", file=sys.stderr)
                return 1
            typed += f"{line}\n"
        else:
            typed = ""


def _read_line(prompt: str) -> str | None:
    if prompt:
        try:
            return input(prompt)
        except EOFError:
            return None
        except SystemError as error:
            # After a KeyboardInterrupt in the line editor input() looks for signals once more, and what comes just then runs its
            # handler on top of the first exception, which CPython takes for a fault of the handler.
            cause: BaseException | None = error
            while isinstance(cause, SystemError):
                cause = cause.__cause__
            if isinstance(cause, KeyboardInterrupt):
                raise KeyboardInterrupt from None
            raise
    if sys.stdin is None:
        return None
    line = sys.stdin.readline()
    return line.removesuffix("\n") if line else None


def _set_up_readline(console: Console) -> Callable[[], None]:
    try:
        import readline
    except ImportError:
        return lambda: None
    state = pathlib.Path(os.environ.get("XDG_STATE_HOME") or pathlib.Path.home() / ".local/state")
    file = state / "conclave" / "console_history"
    try:
        readline.read_history_file(file)
    except OSError:
        pass  # the first time, or not ours to read
    readline.set_history_length(_HISTORY_LINES)
    readline.set_completer_delims(" \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?")
    proposals: list[str] = []

    def completer(text: str, state: int) -> str | None:
        if state == 0:
            before = readline.get_line_buffer()[: readline.get_endidx()]
            proposals[:] = console.complete(before) if before.strip() else [f"{text}    "]
        return proposals[state] if state < len(proposals) else None

    readline.set_completer(completer)
    readline.parse_and_bind("tab: complete")

    def save() -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)  # what was typed may hold secrets
            os.close(descriptor)
            readline.write_history_file(file)
        except OSError as error:
            print(f"the history was not saved: {error}", file=sys.stderr)

    return save


def run_script(script: str, arguments: list[str], debug_port: int | None = None) -> int:
    """Runs a file as ``python script arguments...`` would; the exit code. 2 if it cannot be read, 130 after Ctrl-C.

    debug_port: where the script waits for a debugger, 0 for any free port; 2 if that cannot be."""
    try:
        source = pathlib.Path(script).read_bytes()
    except OSError as error:
        print(f"{script}: cannot read: {error.strerror}", file=sys.stderr)
        return 2
    try:
        if debug_port is not None and not wait_for_debugger(debug_port):
            return 2
    except KeyboardInterrupt:
        return 130
    main = types.ModuleType("__main__")
    main.__file__ = script
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(pathlib.Path(script).resolve().parent))
    try:
        exec(compile(source, script, "exec", dont_inherit=True), main.__dict__)  # noqa: S102 - this is what was asked for
        _join_threads()
    except SystemExit as error:
        return outcome_of(error).exit_code & 0xFF
    except KeyboardInterrupt as error:
        print_trimmed(error)
        return 130
    except BaseException as error:  # noqa: BLE001 - whatever a script raises ends here
        print_trimmed(error)
        return 1
    return 0


def wait_for_debugger(port: int) -> bool:
    """Listens on loopback until a debugger has attached. False if there is no debugpy or no such port to be had; it is said why."""
    from conclave import _debugger

    try:
        address = _debugger.listen(port)
    except _debugger.Unavailable as error:
        print(f"conclave: {error}", file=sys.stderr)
        return False
    import debugpy  # type: ignore[import]

    print(f"conclave: waiting for a debugger at {address}", file=sys.stderr)
    debugpy.wait_for_client()
    return True


def _join_threads() -> None:
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and thread is not threading.current_thread() and not thread.daemon:
            thread.join()
