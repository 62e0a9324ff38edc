"""Runs a probe on the connection it was given, and makes of what it returns the fields of a service that change.

The same code runs in a worker process, on a thread of the program and on a thread of a plain Python: a probe that hangs holds up
nobody else, because none of them shares a thread or an event loop with another."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import os
import socket
import threading
import time
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conclave import _async, _catalog, _core, _deadlines

__all__ = ["Connection", "MOST_BYTES", "ProbeSocket", "probed", "start"]

MOST_BYTES = 1 << 20  # that a probe may read
_FIELDS = ("state", "detail", "latency_ms")
_BUFFER = 64 << 10  # bytes: the longest line


def _too_much() -> ConnectionAbortedError:
    return ConnectionAbortedError(f"the server sent more than {MOST_BYTES} bytes, and a probe may read no more")


class Connection:
    """What an async probe talks on: the two streams of asyncio, and their methods. The probe's end closes it."""

    __slots__ = ("reader", "writer")

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self, n: int = -1) -> bytes:
        """At most n bytes as soon as there are some; -1: all until the server closes. b"" at the end."""
        return await self.reader.read(n)

    async def readline(self) -> bytes:
        """A line with its end; less at the end. ValueError for one of more than 64 KiB."""
        return await self.reader.readline()

    async def readexactly(self, n: int) -> bytes:
        """asyncio.IncompleteReadError if the server closes before."""
        return await self.reader.readexactly(n)

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """asyncio.IncompleteReadError if the server closes before."""
        return await self.reader.readuntil(separator)

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    def writelines(self, data: Iterable[bytes]) -> None:
        self.writer.writelines(data)

    async def drain(self) -> None:
        """Waits until what was written has mostly been sent."""
        await self.writer.drain()

    def write_eof(self) -> None:
        """Nothing more will be written."""
        self.writer.write_eof()

    def close(self) -> None:
        self.writer.close()

    def __repr__(self) -> str:
        return f"<Connection to {self.writer.get_extra_info('peername')}>"


class ProbeSocket(socket.socket):
    """What a plain probe talks on, and what is under the streams of an async one: a connected socket with the probe's time as its
    time-out. ConnectionAbortedError after MOST_BYTES that were read. What a stream has received and nobody read counts as well, but it
    receives no more than twice _BUFFER ahead."""

    _left = MOST_BYTES

    def _counted(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _too_much()

    def recv(self, *arguments: Any) -> bytes:
        data = super().recv(*arguments)
        self._counted(len(data))
        return data

    def recvfrom(self, *arguments: Any) -> tuple[bytes, Any]:
        data, address = super().recvfrom(*arguments)
        self._counted(len(data))
        return data, address

    def recv_into(self, *arguments: Any, **more: Any) -> int:
        size = super().recv_into(*arguments, **more)
        self._counted(size)
        return size

    def recvfrom_into(self, *arguments: Any, **more: Any) -> tuple[int, Any]:
        size, address = super().recvfrom_into(*arguments, **more)
        self._counted(size)
        return size, address

    def recvmsg(self, *arguments: Any) -> Any:
        message = super().recvmsg(*arguments)
        self._counted(len(message[0]))
        return message


async def _awaited(
    function: Callable[..., Any], connected: socket.socket, service: Mapping[str, Any], seconds: float
) -> Any:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(_BUFFER, loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    connected.setblocking(False)
    transport, _ = await loop.create_connection(lambda: protocol, sock=connected)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    task = _deadlines.begun(function(Connection(reader, writer), service))
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            raise TimeoutError(f"no answer within {seconds:g} s")
        return task.result()
    finally:
        transport.abort()
        await _deadlines.ended(task)


def _said(returned: Any) -> dict[str, Any] | None:
    if returned is None:
        return None
    if isinstance(returned, str):
        return {"detail": returned}
    if not isinstance(returned, Mapping):
        raise TypeError(f"a probe returns None, a text or a mapping of {', '.join(_FIELDS)}, not {type(returned).__name__}")
    for field in returned:
        if field not in _FIELDS:
            raise ValueError(f"a probe says {', '.join(_FIELDS)}, not {field!r}")
    said: dict[str, Any] = json.loads(json.dumps(dict(returned), allow_nan=False))
    return said


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))


def probed(function: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any] | None:
    """`given`: socket (a descriptor, taken out of it and owned from here), service, seconds. Whatever the probe raises passes through; TypeError or
    ValueError for nonsense."""
    service = types.MappingProxyType(dict(given["service"]))
    with ProbeSocket(fileno=given.pop("socket")) as connected:
        if _is_async(function):
            return _said(asyncio.run(_awaited(function, connected, service, given["seconds"])))
        connected.settimeout(given["seconds"])
        began = time.monotonic()
        try:
            return _said(function(connected, service))
        except TimeoutError:
            if time.monotonic() - began < given["seconds"]:
                raise  # by a time-out of its own
            raise TimeoutError(f"no answer within {given['seconds']:g} s") from None


def start(
    info: Mapping[str, Any],
    descriptor: int,
    service: str,
    seconds: float,
    job: _core.Job,
    done: Callable[[str, str], object],
    context: contextvars.Context | None = None,
) -> None:
    """Runs the probe on a thread of its own, which owns the descriptor, and returns. `done` is called there with what changes as
    JSON and "", or with "" and why there is nothing."""
    thread = threading.Thread(
        target=(context or contextvars.copy_context()).run,
        args=(_run, dict(info), descriptor, service, seconds, job, done),
        name=f"probe {info['name']}",
        daemon=True,
    )
    thread.start()


def _run(
    info: dict[str, Any], descriptor: int, service: str, seconds: float, job: _core.Job, done: Callable[[str, str], object]
) -> None:
    from conclave import _hooks, _runner

    info["timeout_s"] = seconds
    given = {"socket": descriptor, "service": json.loads(service), "seconds": seconds}
    returned, why = "null", ""
    try:
        answer, failure = _runner.run_hook(info, lambda: _hooks.call(info, "probe", given), job)
        if failure is not None and failure.error is not None:
            why = f"{failure.error.type}: {failure.error.message}"
            why += f"\n\n{failure.error.traceback}" if failure.error.traceback else ""
        elif answer is not None:
            returned = json.dumps(answer["value"])
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is this probe's
        why = f"{type(error).__name__}: {error}"
    if "socket" in given:  # its code could not be loaded
        os.close(descriptor)
    done(returned, why)


async def _loaded(info: dict[str, Any], job: _core.Job, way: _async.Way) -> dict[str, Any]:
    """One that runs in this process, with its code loaded here, where an interrupt reaches it, or with why it cannot be."""
    from conclave import _loading, _runner

    if info.get("isolated"):
        return info
    _, failure = await way.python(_runner.run_hook, info, lambda: _loading.load_function(info, "probe"), job)
    if failure is None or failure.error is None:
        return info
    return {**info, "unloadable": f"{failure.error.type}: {failure.error.message}"}


def _print(printed: Iterable[tuple[int, str]]) -> None:
    from conclave import _runner

    for descriptor, text in printed:
        _runner.worker_printed(descriptor, text)


async def of_case(
    case: _core.Case, gathered: _core.Gathered, probes: Iterable[dict[str, Any]], job: _core.Job, way: _async.Way
) -> tuple[_core.Evidence, list[tuple[str, str, str, float]]]:
    """What the probes that services of the case name say; one that fails is a problem of what was gathered."""
    loaded = [await _loaded(info, job, way) for info in probes]
    evidence, problems, receipts, printed = await way.engine("probe_services", case, gathered.evidence, loaded, job)
    _print(printed)
    _core.add_problems(gathered, problems)
    return evidence, receipts


def find(probe: str | Callable[..., Any]) -> dict[str, Any]:
    """A function, or the shipped or installed plugin of that name. CircleError if there is none that may run."""
    if callable(probe):
        return {"name": getattr(probe, "__name__", type(probe).__name__), "kind": "probe", "callable": probe}
    from conclave.case import shipped_plugins

    return _catalog.find(probe, "probe", _core.read_catalog(shipped_plugins(), [])[0])


async def of_results(
    rows: Iterable[tuple[Any, ...]], info: dict[str, Any], timeout_ms: int, job: _core.Job | None, way: _async.Way
) -> list[dict[str, Any] | None]:
    """For each result of a scan what the probe changes of it."""
    own = job if job is not None else _core.Job(f"probe {info['name']}")
    changes: list[dict[str, Any] | None]
    changes, printed = await way.engine("probe_results", rows, await _loaded(info, own, way), timeout_ms, own)
    _print(printed)
    return changes
