"""For tests of plugins: asks an expert again what `conclave consult --save-failures` saved."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

from conclave import _core, _runner
from conclave._core import ExpertResponse
from conclave.evidence import Evidence

__all__ = ["replay", "saved_evidence"]

_LARGEST_DESCRIPTION = 64 << 20


def _description(folder: str | os.PathLike[str]) -> dict[str, Any]:
    file = os.path.join(folder, "failure.json")
    with open(file, encoding="utf-8") as stream:
        text = stream.read(_LARGEST_DESCRIPTION)
    try:
        said = json.loads(text)
    except ValueError as error:
        raise _core.SerializationError(f"{file}: {error}") from None
    if not isinstance(said, dict) or said.get("failure") != 1:
        raise _core.SerializationError(f"{file}: not a saved failure of this version")
    return said


def _path(text: str) -> str:
    return os.fsdecode(text.encode("latin-1"))


def saved_evidence(folder: str | os.PathLike[str]) -> Evidence:
    """The evidence that the expert saw. Its lines are read from the logs where they were. OSError if it cannot be read,
    SerializationError if it is damaged."""
    with open(os.path.join(folder, "evidence.bin"), "rb") as stream:
        return Evidence(_core.Evidence.from_bytes(stream.read()))


def replay(folder: str | os.PathLike[str], *, trust: bool = False) -> ExpertResponse:
    """What the expert of a saved failure says now: its code as it is now, the evidence and settings of then.

    It runs as it did: in a worker process unless it was shipped or trusted. trust: in this process, with all rights, so that
    print() shows and breakpoint() works. What an expert does wrong is in the response (`status`, `error`). OSError or
    SerializationError if the failure cannot be read, OSError or CircleError if the plugin is gone or broken. Warns of logs that
    are not as they were."""
    said = _description(folder)
    evidence = saved_evidence(folder)
    for log in said["inputs"]:
        _warn_if_changed(_path(log["path"]), log["bytes"])
    how = "trusted" if trust and said["trust"] == "named" else said["trust"]
    info = _core.read_plugin(_path(said["path"]), how)
    if info["sha256"] == said["sha256"]:
        print(f"{info['name']} {info['version']} is as it was when it failed")
    return _runner.run_expert({**info, "settings": said["settings"]}, evidence)


def _warn_if_changed(path: str, size: int) -> None:
    try:
        now: int | None = os.stat(path).st_size
    except OSError:
        now = None
    if now is None or now < size:
        warnings.warn(f"{path} is not what the expert read: " + ("it is gone" if now is None else "it is shorter"), stacklevel=3)
