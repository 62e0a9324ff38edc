"""Vectors of texts: from a function, or from a plugin of kind "embedding"."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from conclave import _async, _core, _hooks

Found = tuple[list[dict[str, Any]], list[tuple[Any, str]]]  # as _core.read_catalog returns it


def find(name: str, found: Found) -> dict[str, Any]:
    """The plugin of that name. CircleError if there is none, or if it may not run."""
    infos, problems = found
    info = next((info for info in infos if info["name"] == name), None)
    if info is None:
        near = difflib.get_close_matches(name, [info["name"] for info in infos if info["kind"] == "embedding"], 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise _core.CircleError(f"there is no embedding '{name}'{hint}")
    if info["kind"] != "embedding":
        raise _core.CircleError(f"plugin '{name}' is no embedding but of kind {info['kind']}")
    if not info["enabled"]:
        raise _core.CircleError(f"embedding '{name}' did not run: you disabled it; `conclave plugins enable {name}` allows it again")
    if info["forbidden"]:
        raise _core.CircleError(f"embedding '{name}' did not run: {info['forbidden']}")
    return info


async def of_plugin(info: dict[str, Any], texts: list[str], job: _core.Job, way: _async.Way) -> list[list[float]]:
    """One vector for each text, all of one dimension. CircleError that names the plugin, whatever it does wrong."""
    if not texts:
        return []
    try:
        answer = await _hooks.ask(info, "embedding", texts, job, way)
    except _core.CancelledError:
        raise
    except Exception as error:
        if job.stopped:
            raise _core.CancelledError("the consultation was stopped") from error
        raise _core.CircleError(f"embedding '{info['name']}' failed: {error}") from error
    made: list[list[float]] = [] if answer is None else answer["value"]
    return made


def of_function(function: Callable[[list[str]], Any], texts: list[str]) -> list[list[float]]:
    """As `of_plugin`, for a function of the caller's; what it raises is the cause of the CircleError."""
    if not texts:
        return []
    try:
        return _hooks.vectors(function, texts)
    except Exception as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise _core.CircleError(f"embedding '{name}' failed: {type(error).__name__}: {error}") from error


def embed(embedding: str | Callable[[list[str]], Any] | None, texts: Iterable[str]) -> list[list[float]]:
    """By a function, or by the shipped or installed plugin of that name. CircleError if there is neither."""
    if embedding is None:
        raise _core.CircleError("semantic similarity needs an embedding: the name of a plugin, or a function of texts")
    if not isinstance(embedding, str):
        return of_function(embedding, list(texts))
    from conclave.case import shipped_plugins

    info = find(embedding, _core.read_catalog(shipped_plugins(), []))
    return _async.now(of_plugin(info, list(texts), _core.Job(f"embedding {embedding}"), _async.Here()))
