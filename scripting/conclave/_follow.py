"""Logs as they grow."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Union

from conclave import _core

_PATIENCE_S = 0.05  # an interrupt is seen this soon
_INTERVAL_S = 0.1

Paths = Union[str, os.PathLike[Any], Iterable[Union[str, os.PathLike[Any]]]]


@dataclass(frozen=True, slots=True)
class Followed:
    """News of a followed log.

    event: "text" (`lines` are new, without their ends; bytes that are no UTF-8 are replaced), "appeared", "vanished", "replaced"
    (rotated), "truncated", or "unreadable" (`lines` says why).
    """

    path: str
    event: str
    lines: tuple[str, ...] = ()


def _names(paths: Paths) -> list[str]:
    several = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    return [os.fsdecode(path) for path in several]


def _news(names: list[str], raw: list[tuple[int, str, bytes]]) -> Iterator[Followed]:
    for index, event, text in raw:
        lines = text.removesuffix(b"\n").split(b"\n") if text else []
        decoded = tuple(line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines)
        yield Followed(names[index], event, decoded)


def follow(paths: Paths, *, last_lines: int = 10, job: _core.Job | None = None) -> Iterator[Followed]:
    """New lines of files as they are written, and what becomes of the files, across rotation and truncation, as `tail -F` does.

    paths: one file or several; one that is not there yet is waited for. "journal:unit=nginx" and the like give entries of the systemd
    journal, each as a line of JSON. last_lines: of each file, to begin with. Ends when `job` is stopped. OSError if a file or the
    journal cannot be read; ConclaveError for one that is compressed or UTF-16.
    """
    names = _names(paths)
    return _followed(_core.Follower(names, last_lines), names, job)


def _followed(follower: _core.Follower, names: list[str], job: _core.Job | None) -> Iterator[Followed]:
    while job is None or not job.stopped:
        yield from _news(names, follower.take(_PATIENCE_S, job))
    yield from _news(names, follower.rest())


def follow_async(paths: Paths, *, last_lines: int = 10, job: _core.Job | None = None) -> AsyncIterator[Followed]:
    """As `follow`, for `async for`; no thread waits meanwhile."""
    names = _names(paths)
    return _followed_async(_core.Follower(names, last_lines), names, job)


async def _followed_async(follower: _core.Follower, names: list[str], job: _core.Job | None) -> AsyncIterator[Followed]:
    while job is None or not job.stopped:
        raw = follower.take(0)
        for news in _news(names, raw):
            yield news
        await asyncio.sleep(0 if raw else _INTERVAL_S)
    for news in _news(names, follower.rest()):
        yield news
