"""The name `app` of the console: what a script may ask of the program it runs in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from conclave._core import Case, ConclaveError, Report, __version__
from conclave.evidence import Evidence

__all__ = ["App"]


class App:
    """The program. In the window its functions ask the window and return at once; in a terminal `open` and `consult` do the work
    themselves, and what needs a window raises ConclaveError.

    app.case, app.evidence, app.report   what is open now, None if there is none
    app.open(path)                       opens a case file, a finished report, or evidence
    app.consult()                        gathers evidence and asks the experts
    app.show("logs")                     brings a page to the front
    app.go_to("payments.log", 120)       shows a line of a log or of the configuration
    app.message("text")                  a line among the messages of the window
    """

    def __init__(self, request: Callable[[str, str], bool], names: dict[str, Any]) -> None:
        self._request = request
        self._names = names

    @property
    def version(self) -> str:
        return __version__

    @property
    def case(self) -> Case | None:
        return self._names.get("case")

    @property
    def evidence(self) -> Evidence | None:
        return self._names.get("evidence")

    @property
    def report(self) -> Report | None:
        return self._names.get("report")

    def open(self, path: str | os.PathLike[str]) -> None:
        """A case file, a report as JSON, or in the window anything else of which a case can be drafted. Relative paths start at
        the working folder."""
        text = os.path.abspath(os.fspath(path))
        if self._wants("open", text):
            return
        if text.endswith(".json"):
            with open(text, "rb") as file:
                self._names.update(case=None, evidence=None, report=Report.from_json(file.read()))
        else:
            self._names.update(case=Case.load(text), evidence=None, report=None)

    def consult(self) -> None:
        """Consults on the case that is open. ConclaveError if there is none."""
        if self._wants("consult", None):
            return
        if self.case is None:
            raise ConclaveError("no case is open: app.open(path)")
        from conclave.case import consult

        self._names.update(report=consult(self.case))

    def show(self, page: str) -> None:
        """welcome, report, logs, services, config or experts."""
        self._needs_window("show", str(page))

    def go_to(self, source: str | os.PathLike[str], line: int = 0) -> None:
        """`source` as the evidence names it; lines are 1-based."""
        if line < 0:
            raise ValueError("lines are 1-based")
        self._needs_window("go_to", [os.fspath(source), line])

    def message(self, text: object) -> None:
        self._needs_window("message", str(text))

    def __repr__(self) -> str:
        return f"<Conclave {__version__}: app.open(path), app.consult(), app.show(page), app.go_to(source, line), app.message(text)>"

    def _wants(self, what: str, argument: Any) -> bool:
        return self._request(what, json.dumps(argument))

    def _needs_window(self, what: str, argument: Any) -> None:
        if not self._wants(what, argument):
            raise ConclaveError(f"app.{what} needs the window; there is none")
