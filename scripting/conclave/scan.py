"""Is a service there? Non-blocking connects by a few loops of the engine; never a thread per target."""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Union

from conclave import _async, _core, _facts, _probe
from conclave._facts import Certificate, Http, Service, Tls

__all__ = [
    "AddressResult",
    "Certificate",
    "Difference",
    "Http",
    "ScanResult",
    "Service",
    "ServiceScanner",
    "Target",
    "Tls",
    "differences",
    "listening_sockets",
    "parse_targets",
    "scan",
    "scan_async",
    "scan_iter",
]


@dataclass(frozen=True, slots=True)
class Target:
    """What to connect to. expect: the state it should be in; None means open."""

    name: str
    host: str
    port: int
    expect: str | None = None


@dataclass(frozen=True, slots=True)
class AddressResult:
    """What one of several addresses of a name has to say; fields as in ScanResult."""

    address: str
    state: str
    latency_ms: float | None
    detail: str


@dataclass(frozen=True, slots=True)
class ScanResult:
    """state: open, closed, rejected, filtered, unreachable, dns_error, local_error or cancelled, with its cause in `detail`.
    latency_ms: until connected or refused, or None. address: the numeric address tried. time: when it was decided.
    addresses: all addresses of the name in the resolver's order, if there are several. The other fields are those of the most telling
    one: open before closed before rejected, filtered, unreachable and local_error; of equal ones the first.
    service, tls, http: what a probe of the engine learned; None without one. A service that is silent has a `service` without a name.
    """

    target: Target
    state: str
    latency_ms: float | None
    address: str
    detail: str
    time: datetime.datetime | None
    addresses: tuple[AddressResult, ...] = ()
    service: Service | None = None
    tls: Tls | None = None
    http: Http | None = None

    @property
    def open(self) -> bool:
        return self.state == "open"


@dataclass(frozen=True, slots=True)
class Difference:
    """A service whose state changed between two scans. before: None if only the later scan looked at it; after: the reverse.
    detail: of the later result."""

    target: Target
    before: str | None
    after: str | None
    detail: str


TargetLike = Union[Target, str, tuple[str, int]]
ProbeLike = Union[str, Callable[..., Any]]


def parse_targets(text: str, *, ports: str = "") -> list[Target]:
    """Targets of a text such as "host:22,80,8000-8100", "[::1]:443", "host:https" or "10.0.0.0/24:22", each once, or of a file of
    such lines, "@hosts.txt". ports: of hosts that name none, such as "22,80". ValueError lists every problem; OSError: the file
    cannot be read."""
    return [Target(*row) for row in _core.parse_targets(text, ports)]


def differences(before: Iterable[ScanResult], after: Iterable[ScanResult]) -> list[Difference]:
    """Services whose state changed, by host and port: in the order of `after`, then those that only `before` has. What a scan could
    not find out (cancelled, local_error) is no difference."""
    rows = _core.differences(_states(before), _states(after))
    return [Difference(Target(*target), old, new, detail) for target, old, new, detail in rows]


def listening_sockets() -> list[Target]:
    """The listening TCP sockets of this machine."""
    return [Target(*row) for row in _core.listening_sockets()]


def _targets(items: TargetLike | Iterable[TargetLike]) -> list[Target]:
    several: Iterable[TargetLike] = [items] if isinstance(items, (str, Target)) else items  # type: ignore[assignment]
    targets: list[Target] = []
    for item in several:
        if isinstance(item, Target):
            targets.append(item)
        elif isinstance(item, str):
            targets += parse_targets(item)
        else:
            host, port = item
            targets.append(Target(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", host, port))
    return targets


def _result(row: Any) -> ScanResult:
    target, state, latency_ms, address, detail, decided, addresses, service, tls, http = row
    several = tuple(AddressResult(*each) for each in addresses)
    facts = (_facts.service_from(service), _facts.tls_from(tls), _facts.http_from(http))
    return ScanResult(Target(*target), state, latency_ms, address, detail, decided, several, *facts)


def _results(rows: Iterable[Any]) -> list[ScanResult]:
    return [_result(row) for row in rows]


def _row(target: Target) -> tuple[str, str, int, str | None]:
    return (target.name, target.host, target.port, target.expect)


def _states(results: Iterable[ScanResult]) -> list[tuple[tuple[str, str, int, str | None], str, str]]:
    return [(_row(each.target), each.state, each.detail) for each in results]


def _rows(targets: TargetLike | Iterable[TargetLike]) -> list[tuple[str, str, int, str | None]]:
    return [_row(target) for target in _targets(targets)]


def _to_do(
    targets: TargetLike | Iterable[TargetLike], earlier: Iterable[ScanResult]
) -> tuple[list[Target], list[ScanResult | None]]:
    """What is left to scan, and what is known for each target."""
    known = {(each.target.host, each.target.port): each for each in earlier if each.state != "cancelled"}
    wanted = _targets(targets)
    found = [known.get((target.host, target.port)) for target in wanted]
    return [target for target, result in zip(wanted, found) if result is None], found


def _complete(found: list[ScanResult | None], fresh: list[ScanResult]) -> list[ScanResult]:
    rest = iter(fresh)
    return [next(rest) if result is None else result for result in found]


async def _probed(
    results: list[ScanResult], info: dict[str, Any] | None, timeout_ms: int, job: _core.Job | None, way: _async.Way
) -> list[ScanResult]:
    if info is None or (job is not None and job.stopped):
        return results
    rows = [
        (each.target.name, each.target.host, each.target.port, each.target.expect)
        + (each.state, each.latency_ms, each.address, each.detail)
        for each in results
    ]
    changes = await _probe.of_results(rows, info, timeout_ms, job, way)
    return [dataclasses.replace(each, **change) if change else each for each, change in zip(results, changes)]


def _probes(probe: ProbeLike | None) -> tuple[str, dict[str, Any] | None]:
    """The name of a probe of the engine, or what a plugin is called with."""
    if probe is None or (isinstance(probe, str) and probe in _core.probe_names()):
        return probe or "", None
    return "", _probe.find(probe)


def _bound(value: Any, name: str) -> Any:
    """0 for none, as the engine says it."""
    if value is not None and not value > 0:
        raise ValueError(f"{name} must be above 0")
    return value or 0


def _prepare(
    targets: TargetLike | Iterable[TargetLike],
    *,
    timeout_ms: int = 1000,
    max_in_flight: int | None = None,
    news: bool = False,
    job: _core.Job | None = None,
    per_second: float | None = None,
    seed: int | None = None,
    suspects: bool = False,
    probe: str = "",
) -> _core.Operation:
    bounds = (_bound(max_in_flight, "max_in_flight"), news, job, _bound(per_second, "per_second"), _bound(seed, "seed"))
    return _core._operations["scan"](_rows(targets), timeout_ms, *bounds, suspects, probe)


def scan(
    targets: TargetLike | Iterable[TargetLike],
    *,
    timeout_ms: int = 1000,
    max_in_flight: int | None = None,
    on_result: Callable[[ScanResult], object] | None = None,
    job: _core.Job | None = None,
    probe: ProbeLike | None = None,
    per_second: float | None = None,
    seed: int | None = None,
    suspects: bool = False,
    earlier: Iterable[ScanResult] = (),
) -> list[ScanResult]:
    """One result per target, in their order.

    targets: Target, text as for parse_targets, or (host, port), one or several. timeout_ms: what is silent for so long is filtered;
    when an answer is late by what its host showed so far, another connection tries beside the first. max_in_flight: addresses tried
    at once, or None for as many as descriptors and memory allow. per_second: connections started, or None for no bound. seed: above
    0, repeats the order in which hosts are tried. suspects: on_result gets those whose answer is late as `suspect`, once, before
    their result. earlier: results of a scan that was interrupted; only what they do not know is scanned. on_result: called on this
    thread with each result as it is decided; what it raises stops the scan and is raised. job: once stopped, what is not known yet is
    `cancelled`.
    probe: what talks with each service that is open, once the scan is over. "auto" says what speaks there, on any port; "banner",
    "dns", "grpc", "http", "postgresql", "redis", "smtp", "tls" and others (`conclave scan --help` lists them) ask by one protocol only.
    These fill service, tls and http of the results, but not of those on_result gets; silence for timeout_ms, or three times that in
    all, ends each. Or a function as @conclave.probe describes it, which runs in this process, or the name of a shipped or installed
    plugin (CircleError for another); one that fails leaves the service open, and its `detail` says so.
    """
    named, info = _probes(probe)
    callback = None if on_result is None else lambda row: on_result(_result(row))
    left, found = _to_do(targets, earlier)
    most, rate, order = _bound(max_in_flight, "max_in_flight"), _bound(per_second, "per_second"), _bound(seed, "seed")
    fresh = _results(_core.scan(_rows(left), timeout_ms, most, callback, job, rate, order, suspects, named))
    results = _complete(found, fresh)
    return _async.now(_probed(results, info, timeout_ms, job, _async.Here()))


async def scan_async(
    targets: TargetLike | Iterable[TargetLike],
    *,
    timeout_ms: int = 1000,
    max_in_flight: int | None = None,
    job: _core.Job | None = None,
    probe: ProbeLike | None = None,
    per_second: float | None = None,
    seed: int | None = None,
    earlier: Iterable[ScanResult] = (),
) -> list[ScanResult]:
    """As `scan`. Cancelling the task stops the scan."""
    named, info = _probes(probe)
    left, found = _to_do(targets, earlier)
    operation = _prepare(
        left, timeout_ms=timeout_ms, max_in_flight=max_in_flight, job=job, per_second=per_second, seed=seed, probe=named
    )
    results = _complete(found, _results(await _async.run(operation)))
    return await _probed(results, info, timeout_ms, job, _async.OnLoop())


async def scan_iter(
    targets: TargetLike | Iterable[TargetLike],
    *,
    timeout_ms: int = 1000,
    max_in_flight: int | None = None,
    job: _core.Job | None = None,
    per_second: float | None = None,
    seed: int | None = None,
    suspects: bool = False,
) -> AsyncIterator[list[ScanResult]]:
    """Results in batches as they are decided, in that order. Leaving the loop early, or cancelling the task, stops the scan."""
    operation = _prepare(
        targets,
        timeout_ms=timeout_ms,
        max_in_flight=max_in_flight,
        news=True,
        job=job,
        per_second=per_second,
        seed=seed,
        suspects=suspects,
    )
    async for batch in _async.iterate(operation):
        yield _results(batch)


class ServiceScanner:
    """Scans (host, port) pairs. Results are kept for `cache_s` seconds, so that several callers do not connect twice.

    timeout_ms: per connection. max_threads: how many connections are in flight at most (the name is that of the module this one
    replaces); None for as many as this machine has room for.
    """

    __slots__ = ("_cache", "_cache_s", "_max_in_flight", "_timeout_ms")

    def __init__(self, timeout_ms: int = 1000, max_threads: int | None = None, *, cache_s: float = 1.0) -> None:
        if timeout_ms < 1 or (max_threads is not None and max_threads < 1) or cache_s < 0:
            raise ValueError("timeout_ms and max_threads must be above 0, cache_s not negative")
        self._timeout_ms = timeout_ms
        self._max_in_flight = max_threads
        self._cache_s = cache_s
        self._cache: dict[tuple[str, int], tuple[float, ScanResult]] = {}

    def scan(self, targets: TargetLike | Iterable[TargetLike]) -> list[ScanResult]:
        """One ScanResult per target, in their order."""
        wanted = _targets(targets)
        missing = self._missing(wanted)
        if missing:
            self._keep(scan(missing, timeout_ms=self._timeout_ms, max_in_flight=self._max_in_flight))
        return self._answers(wanted)

    async def scan_async(self, targets: TargetLike | Iterable[TargetLike]) -> list[ScanResult]:
        """As `scan`. Cancelling the task stops the scan."""
        wanted = _targets(targets)
        missing = self._missing(wanted)
        if missing:
            self._keep(await scan_async(missing, timeout_ms=self._timeout_ms, max_in_flight=self._max_in_flight))
        return self._answers(wanted)

    async def scan_iter(self, targets: TargetLike | Iterable[TargetLike]) -> AsyncIterator[list[ScanResult]]:
        """Results in batches as they are decided, those that are known first. Leaving the loop early stops the scan."""
        wanted = _targets(targets)
        missing = self._missing(wanted)
        to_do = {(target.host, target.port) for target in missing}
        known = [target for target in wanted if (target.host, target.port) not in to_do]
        if known:
            yield self._answers(known)
        if missing:
            async for batch in scan_iter(missing, timeout_ms=self._timeout_ms, max_in_flight=self._max_in_flight):
                self._keep(batch)
                yield batch

    def _missing(self, wanted: list[Target]) -> list[Target]:
        """Those whose result is not known or too old. What is too old is forgotten."""
        now = time.monotonic()
        self._cache = {key: entry for key, entry in self._cache.items() if now - entry[0] < self._cache_s}
        return [target for target in wanted if (target.host, target.port) not in self._cache]

    def _keep(self, results: list[ScanResult]) -> None:
        now = time.monotonic()
        for result in results:
            self._cache[result.target.host, result.target.port] = (now, result)

    def _answers(self, wanted: list[Target]) -> list[ScanResult]:
        found = (self._cache[target.host, target.port][1] for target in wanted)
        return [dataclasses.replace(result, target=target) for target, result in zip(wanted, found)]

    def scan_services(self, services: Iterable[tuple[str, int]]) -> list[bool]:
        """Whether each (host, port) is open."""
        return [result.open for result in self.scan(list(services))]

    def clear_cache(self) -> None:
        """Forgets results, so that the next scan connects again."""
        self._cache = {}

    def __repr__(self) -> str:
        return f"ServiceScanner(timeout_ms={self._timeout_ms})"
