"""The history of reports, what people said of them, and what that taught; and of scans.

    history = conclave.history.Store()
    history.judge(report.id, "wrong", note="the disk was full, nobody looked there")
    for record in history.track_records():
        print(record["expert"], record["mean"], record["judged"])

    before = history.last_scan("db:5432 web:80,443")
    results = conclave.scan.scan("db:5432 web:80,443")
    history.add_scan(results)
    if before is not None:
        print(conclave.scan.differences(history.scan(before), results))
    for known in history.services("db:5432"):
        print(known["since"], known["uptime"], known["flapping"], known["latency_ms"]["p95"])

Judgements are kept per report and scope and outlive a purge of reports (their notes do not). What is learned is of one list of
verdicts and never used for another. `conclave.consult(..., history=True)` uses it.

At most 10,000 scans and 1,000,000 results of them are kept; when another one would not fit, the oldest go until a tenth is free. Of a
scan that found more than 1,000 services in a state other than open, those are kept as one state for all of them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from conclave import _core
from conclave import scan as _scan
from conclave._core import default_store_path

__all__ = ["Scan", "Store", "default_store_path"]


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan in the history. id: larger for each that is added. seconds: how long it took; 0 if nobody said. occasion: what it was
    made for. targets: the first 200 characters of all of them, of which there are `count`. open: how many of them were."""

    id: int
    started: datetime.datetime
    seconds: float
    occasion: str
    targets: str
    count: int
    open: int


class Store(_core.Store):
    """The history in SQLite. path: None for the user's own. Several processes may share one file."""

    def add_scan(self, results: Iterable[_scan.ScanResult], *, occasion: str = "script", seconds: float = 0.0) -> int | None:
        """Its number; None for a scan that was stopped or is empty, which is not kept. Its time is that of its first result."""
        rows = [(_scan._row(each.target), each.state, each.latency_ms, each.detail, each.time) for each in results]
        return self.add_scan_rows(rows, occasion, seconds)

    def scans(self, limit: int = 100) -> list[Scan]:
        """The last added first."""
        return [Scan(*row) for row in self.list_scan_rows(limit)]

    def scan(self, id: int) -> list[_scan.ScanResult]:
        """What a scan found, by host and port; KeyError if it is not in the history. Addresses, names and expectations are not
        kept; `time` is that of the whole scan."""
        return _scan._results(self.scan_rows(id))

    def last_scan(self, targets: _scan.TargetLike | Iterable[_scan.TargetLike]) -> int | None:
        """The number of the newest scan of the same targets, in whatever order."""
        return self.last_scan_of(_scan._rows(targets))

    def services(self, targets: _scan.TargetLike | Iterable[_scan.TargetLike]) -> list[dict[str, Any] | None]:
        """For each target what its last 1,000 scans say, or None for one that was never scanned.

        scans; first and last (ISO 8601); up: is it open, at the last scan; since: the first scan since which it was always so, and
        since_known: False if it is so for longer than is known; uptime: the share of scans that found it open; changes: between up
        and down; flap_percent and flapping: how much it changed in the last 21 scans, as Nagios and Naemon reckon it (above 20, until
        below 5); latency_ms: count, p50, p95, p99 of scans that found it open, by nearest rank, None without any.
        """
        return self.service_histories(_scan._rows(targets))
