"""Vectors of texts: from a function, or from a plugin of kind "embedding"."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from conclave import _async, _catalog, _core, _hooks


async def of_plugin(info: dict[str, Any], texts: list[str], job: _core.Job, way: _async.Way) -> list[list[float]]:
    """One vector for each text, all of one dimension. CircleError that names the plugin, whatever it does wrong."""
    made = await vectors_or_why(info, texts, job, way)
    if isinstance(made, str):
        raise _core.CircleError(f"embedding '{info['name']}' failed: {made}")
    return made


async def vectors_or_why(info: dict[str, Any], texts: list[str], job: _core.Job, way: _async.Way) -> list[list[float]] | str:
    """As `of_plugin`, for a consultation, which goes on: why there are no vectors is a text. CancelledError once it is stopped."""
    if not texts:
        return []
    try:
        answer = await _hooks.ask(info, "embedding", texts, job, way)
    except _core.CancelledError:
        raise
    except Exception as error:
        if job.stopped:
            raise _core.CancelledError("the consultation was stopped") from error
        return str(error) or type(error).__name__
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

    info = _catalog.find(embedding, "embedding", _core.read_catalog(shipped_plugins(), [])[0])
    return _async.now(of_plugin(info, list(texts), _core.Job(f"embedding {embedding}"), _async.Here()))
