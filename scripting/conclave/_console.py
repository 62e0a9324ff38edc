"""The console: what happens to a line that was typed, without any window or terminal.

The same object serves the dock of the window, ``conclave console`` in a terminal, and tests. It never finds out where its output
goes: it prints. Runs on one thread; `start` runs plain code at once and hands code with a top-level ``await`` back as a coroutine.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import codeop
import dataclasses
import inspect
import keyword
import linecache
import re
import sys
import traceback
import types
from collections.abc import Coroutine
from typing import Any

from conclave._looking import NOTHING, call_tip, static_names, static_value

__all__ = ["Console", "Outcome"]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a command ended: complete, incomplete, failed, interrupted or exit_requested (then with `exit_code`)."""

    state: str
    exit_code: int = 0


class Console:
    """One namespace and what is typed into it.

    `namespace` is a dict, by default that of ``__main__``, so that pickling and dataclasses find what was defined here.
    """

    def __init__(self, namespace: dict[str, Any] | None = None) -> None:
        self.namespace = sys.modules["__main__"].__dict__ if namespace is None else namespace
        self.namespace.setdefault("__builtins__", builtins)
        self._compiler = codeop.CommandCompiler()
        self._compiler.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._count = 0

    def start(self, source: str) -> Outcome | Coroutine[Any, Any, Outcome]:
        """Runs `source` (all lines typed so far). An Outcome, or, if it awaits, a coroutine that ends in one."""
        file = f"<console {self._count + 1}>"
        try:
            codes = self._compile(source, file)
        except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError) as error:
            sys.stderr.write("".join(traceback.format_exception_only(type(error), error)))
            return Outcome("failed")
        if codes is None:
            return Outcome("incomplete")
        self._count += 1
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        if sys.displayhook is sys.__displayhook__ or isinstance(getattr(sys.displayhook, "__self__", None), Console):
            sys.displayhook = self._display
        if any(code.co_flags & inspect.CO_COROUTINE for code in codes):
            return self._run_awaiting(codes)
        try:
            for code in codes:
                exec(code, self.namespace)  # noqa: S102 - a console runs what is typed
        except BaseException as error:  # noqa: BLE001 - everything a command raises ends here
            return outcome_of(error)
        return Outcome("complete")

    async def _run_awaiting(self, codes: list[types.CodeType]) -> Outcome:
        try:
            for code in codes:
                awaited = eval(code, self.namespace)  # noqa: S307
                if code.co_flags & inspect.CO_COROUTINE:
                    await awaited
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or not task.cancelling():
                return outcome_of(error)  # the command's own doing
            return outcome_of(KeyboardInterrupt().with_traceback(error.__traceback__))
        except BaseException as error:  # noqa: BLE001
            return outcome_of(error)
        return Outcome("complete")

    def _compile(self, source: str, file: str) -> list[types.CodeType] | None:
        """Code objects to run one after the other, or None if more lines are needed."""
        if self._compiler(source, file, "exec") is None:
            return None
        flags = self._compiler.compiler.flags
        tree = compile(source, file, "exec", flags | ast.PyCF_ONLY_AST, True)
        if not tree.body:
            return []
        last = tree.body[-1]
        # As in every Python console, a block is ended by an empty line.
        if (hasattr(last, "body") or hasattr(last, "cases")) and not source.endswith("\n"):
            return None
        parts: list[ast.Module | ast.Interactive] = []
        if isinstance(last, ast.Expr):
            if tree.body[:-1]:
                parts.append(ast.Module(tree.body[:-1], type_ignores=[]))
            parts.append(ast.Interactive([last]))
        else:
            parts.append(tree)
        return [
            compile(part, file, "single" if isinstance(part, ast.Interactive) else "exec", flags, True) for part in parts
        ]

    def _display(self, value: object) -> None:
        if value is not None:
            print(repr(value))
            self.namespace["_"] = value

    def complete(self, text: str) -> list[str]:
        """Names that could stand where the dotted name at the end of `text` stands, sorted, each in full ("report.verdict").

        Has no side effects: nothing is called, no property and no ``__getattr__`` or ``__dir__`` is evaluated. After a call or an
        index there are therefore no proposals.
        """
        match = re.search(r"(?<![\w.)\]}\"'])[^\W\d]\w*(?:\.[^\W\d]\w*)*\.?$", text)
        if match is None:
            return []
        *parents, wanted = match.group().split(".")
        if not parents:
            names = {*self.namespace, *builtins.__dict__, *keyword.kwlist}
            return sorted(name for name in names if name.startswith(wanted) and _is_proposed(name, wanted))
        value: Any = None
        for index, name in enumerate(parents):
            if index == 0:
                value = self.namespace.get(name, builtins.__dict__.get(name, NOTHING))
            else:
                value = static_value(value, name)
            if value is NOTHING:
                return []
        prefix = ".".join(parents) + "."
        return sorted(
            prefix + name for name in static_names(value) if name.startswith(wanted) and _is_proposed(name, wanted)
        )

    def call_tip(self, text: str) -> str:
        """How the function is called between whose parentheses `text` ends: its signature and the first line of its docstring. ""
        if there is none. As without side effects as `complete`."""
        return call_tip({**builtins.__dict__, **self.namespace}, text)


def outcome_of(error: BaseException) -> Outcome:
    """Reports what ended a command on standard error, without our own frames, and says how it ended."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return Outcome("exit_requested", error.code or 0)
        print(error.code, file=sys.stderr)
        return Outcome("exit_requested", 1)
    print_trimmed(error)
    return Outcome("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")


def print_trimmed(error: BaseException) -> None:
    """Prints the traceback without the frames of the host, which tell a user nothing."""
    try:
        report = traceback.TracebackException.from_exception(error)
        _trim(report)
        sys.stderr.write("".join(report.format()))
    except Exception:  # noqa: BLE001 - an exception whose __str__ raises, or a stack too deep to print
        print(f"{type(error).__name__} (its text cannot be printed)", file=sys.stderr)


_OWN_FILES = {__file__.removesuffix("_console.py") + name for name in ("_console.py", "_host.py", "_terminal.py")}


def _trim(report: traceback.TracebackException | None) -> None:
    while report is not None:
        report.stack[:] = [frame for frame in report.stack if frame.filename not in _OWN_FILES]
        _trim(report.__cause__)
        report = report.__context__


def _is_proposed(name: str, wanted: str) -> bool:
    return not name.startswith("_") or wanted.startswith("_")
