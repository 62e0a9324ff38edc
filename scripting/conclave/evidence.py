"""Evidence as experts see it: friendly views, made when asked for, over the flat columns of `conclave._core.Evidence`.

Everything is immutable, times are aware datetimes in UTC, line numbers are 1-based. Pickling an Evidence pickles the blob.
"""

from __future__ import annotations

import datetime
import functools
import itertools
import json
import math
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Union

from conclave import _core
from conclave._facts import Http, Service, Tls, http_from, service_from, tls_from

__all__ = [
    "Bucket",
    "CaseEvidence",
    "ConfigEvidence",
    "ConfigValue",
    "Evidence",
    "Gap",
    "LogEvidence",
    "Problem",
    "Sample",
    "ServiceEvidence",
    "ServiceHistory",
    "Template",
]

_Wanted = Union[str, bytes, re.Pattern[Any]]

LEVELS = ("unknown", "trace", "debug", "info", "warning", "error", "fatal")

_NO_TIME = -(2**63)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def _time(us: int) -> datetime.datetime | None:
    """A datetime; None if there is no time, or one that datetime cannot hold."""
    if us == _NO_TIME:
        return None
    try:
        return _EPOCH + datetime.timedelta(microseconds=us)
    except OverflowError:
        return None


# The key in quotes, the number of an item, or a plain key (see engine/config/path.h).
_PATH_STEP = re.compile(r'"((?:[^"\\]|\\.)*)"|\[(\d+)\]|([^.\[\]"]+)', re.DOTALL)


def _parsed(text: str | None) -> datetime.datetime | None:
    return None if text is None else _datetime(text)


def _datetime(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclass(frozen=True, slots=True)
class CaseEvidence:
    """What was asked. `verdicts` are best first if `ordered`."""

    name: str
    question: str
    verdicts: tuple[str, ...]
    ordered: bool
    time_range: tuple[datetime.datetime, datetime.datetime] | None
    change_time: datetime.datetime | None

    def grade(self, badness: float) -> str | None:
        """The verdict for how bad things are, from 0 (the best verdict) to 1 (the worst), in the case's own words; what lies
        between two is the worse one. None, text without a label, if the verdicts have no order. ValueError outside 0 to 1."""
        if not 0 <= badness <= 1:
            raise ValueError(f"badness must be from 0 to 1, not {badness!r}")
        if not self.ordered:
            return None
        return self.verdicts[math.ceil(round(badness * (len(self.verdicts) - 1), 9))]


@dataclass(frozen=True, slots=True, order=True)
class Bucket:
    """Lines of one stretch of time, `LogEvidence.bucket_seconds` wide. `first_error_line` is 0 if there is none."""

    start: datetime.datetime
    lines: int
    error_lines: int
    warning_lines: int
    first_error_line: int


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Two neighbouring stamped lines that are far apart in time."""

    start: datetime.datetime
    end: datetime.datetime
    seconds: float
    line_before: int
    line_after: int


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """One of the first error and fatal lines of a log."""

    line: int
    time: datetime.datetime | None
    level: str
    text: str

    @property
    def fields(self) -> dict[str, Any]:
        """Of JSON, of logfmt and of name=value in the text; see conclave.logs.fields_of."""
        return _core.fields_of(self.text)


@dataclass(frozen=True, slots=True)
class Template:
    """Lines that differ only in their parameters (`<*>`). `count_before` are those before the case's change_time."""

    id: str
    text: str
    count: int
    count_before: int
    first_time: datetime.datetime | None
    last_time: datetime.datetime | None
    first_line: int
    last_line: int
    level: str
    sample_line: int
    source: str


@dataclass(frozen=True, slots=True)
class ServiceHistory:
    """What the scans of one service say together, at most the last 1,000 and the one of the evidence. A service is up when it is
    open; scans that could not find that out count nowhere.

    `scans` counts them, from `first` to `last`. `up` says how the last one found it, `since` from which scan on it was always so;
    `since_known` is False if no scan before found the opposite, so that it is so for longer. `uptime`: the share of the scans, from
    0 to 1, that found it up; `changes`: how often it went up or down. `flap_percent` (of the last 21 scans) and `flapping` as Nagios
    and Naemon reckon them (it begins at 20 % and ends below 5 %). `latencies` counts the scans that found it up and how fast;
    `p50_ms`, `p95_ms` and `p99_ms` are of those, by nearest rank, None without any."""

    scans: int
    first: datetime.datetime
    last: datetime.datetime
    up: bool
    since: datetime.datetime
    since_known: bool
    uptime: float
    changes: int
    flap_percent: float
    flapping: bool
    latencies: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


def _history_from(text: str) -> ServiceHistory | None:
    told: dict[str, Any] | None = json.loads(text) if text else None
    if told is None:
        return None
    latency = told["latency_ms"]
    return ServiceHistory(
        scans=told["scans"],
        first=_datetime(told["first"]),
        last=_datetime(told["last"]),
        up=told["up"],
        since=_datetime(told["since"]),
        since_known=told["since_known"],
        uptime=told["uptime"],
        changes=told["changes"],
        flap_percent=told["flap_percent"],
        flapping=told["flapping"],
        latencies=latency["count"],
        p50_ms=latency["p50"],
        p95_ms=latency["p95"],
        p99_ms=latency["p99"],
    )


@dataclass(frozen=True, slots=True)
class ServiceEvidence:
    """What the scan found. `state` and `expect` are open, closed, rejected, filtered, unreachable, dns_error, local_error or
    cancelled; `latency_ms` is None where nothing answered. `service`, `tls` and `http`: what a probe of the engine learned, as in
    conclave.scan; None without one. `unmet`: what the case expects of it besides (certificate, answer, 95th percentile), and is
    not so, apart by "; "; "" if all is. `history`: what this scan and those before it say together; None for evidence of before."""

    name: str
    host: str
    port: int
    target: str
    expect: str
    state: str
    latency_ms: float | None
    address: str
    detail: str
    service: Service | None = None
    tls: Tls | None = None
    http: Http | None = None
    unmet: str = ""
    history: ServiceHistory | None = None


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """One scalar of a configuration file. `path` names it, also in citations: its keys joined by dots, items of lists as [0], and
    keys that are empty or hold one of . [ ] " in double quotes: services."api.v2".ports[0]."""

    path: str
    value: str
    line: int
    column: int

    @property
    def keys(self) -> tuple[str | int, ...]:
        """The way from the top of `ConfigEvidence.tree`: ("services", "api.v2", "ports", 0)."""
        return tuple(
            int(item) if item else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) if quoted or not plain else plain
            for quoted, item, plain in _PATH_STEP.findall(self.path)
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong. kind: log, service, config or here; severity: note, warning or error. line and column are 0 if unknown."""

    kind: str
    severity: str
    rule: str
    message: str
    fix: str
    file: str
    line: int
    column: int


class _Table:
    """Columns that share a prefix, each as a list; missing ones are empty."""

    __slots__ = ("_core", "_prefix")

    def __init__(self, core: _core.Evidence, prefix: str) -> None:
        self._core = core
        self._prefix = prefix

    def numbers(self, name: str) -> list[Any]:
        column = f"{self._prefix}.{name}"
        return self._core.column(column).tolist() if self._core.rows(column) else []

    def texts(self, name: str) -> list[str]:
        column = f"{self._prefix}.{name}"
        return self._core.texts(column) if self._core.rows(column) else []

    def times(self, name: str) -> list[datetime.datetime | None]:
        return [_time(us) for us in self.numbers(name)]

    def rows_of(self, log: int) -> list[int]:
        """Rows that belong to one log."""
        return [row for row, owner in enumerate(self.numbers("log")) if owner == log]


def _level(number: int) -> str:
    return LEVELS[number] if 0 <= number < len(LEVELS) else "unknown"


class LogEvidence:
    """One log of the case. The numbers are in the evidence; `line`, `view` and `search` read the file again, and raise OSError if
    it is gone."""

    def __init__(self, evidence: Evidence, row: int) -> None:
        self._evidence = evidence
        self._row = row

    def _number(self, name: str) -> int:
        return self._evidence.core.column(f"logs.{name}")[self._row]

    def _text(self, name: str) -> str:
        return self._evidence.core.text(f"logs.{name}", self._row)

    path = property(lambda self: self._text("path"), doc="As the case found it; what citations name.")
    name = property(lambda self: self._text("name"), doc="File name without folder; of what a command printed, that of the command.")
    command = property(lambda self: self._text("command") or None, doc="The line that printed it; None for a file.")
    lines = property(lambda self: self._number("lines"))
    bytes = property(lambda self: self._number("bytes"), doc="After unpacking.")
    error_lines = property(lambda self: self._number("error_lines"), doc="Lines that match (?i)(error|exception|failed).")
    warning_lines = property(lambda self: self._number("warning_lines"), doc="Lines that match (?i)(warn|warning|deprecated).")
    timestamp_lines = property(lambda self: self._number("timestamp_lines"), doc="Lines with an ISO-like time stamp.")
    first_time = property(lambda self: _time(self._number("first_time")))
    last_time = property(lambda self: _time(self._number("last_time")))
    stamp_format = property(lambda self: self._text("stamp_format"), doc='The most frequent; "none" without stamps.')
    out_of_order = property(lambda self: self._number("out_of_order"), doc="Stamped lines earlier than the one before.")
    bucket_seconds = property(lambda self: self._number("bucket_us") / 1e6)
    readable = property(lambda self: not self._number("unreadable"))

    @functools.cached_property
    def levels(self) -> Mapping[str, int]:
        """Lines by declared level."""
        return MappingProxyType({name: self._number(f"level_{index}") for index, name in enumerate(LEVELS)})

    def _rows(self, table: _Table, names: Iterable[str]) -> Iterable[tuple[Any, ...]]:
        columns = [table.numbers(name) for name in names]
        return (tuple(column[row] for column in columns) for row in table.rows_of(self._row))

    @functools.cached_property
    def buckets(self) -> list[Bucket]:
        """Non-empty ones in order of time."""
        names = ("start", "lines", "error_lines", "warning_lines", "first_error_line")
        rows = self._rows(_Table(self._evidence.core, "buckets"), names)
        return [Bucket(_time(start) or _EPOCH, *counts) for start, *counts in rows]

    @functools.cached_property
    def gaps(self) -> list[Gap]:
        """The longest ones in order of time."""
        rows = self._rows(_Table(self._evidence.core, "gaps"), ("from", "to", "line_before", "line_after"))
        return [Gap(_time(a) or _EPOCH, _time(b) or _EPOCH, (b - a) / 1e6, *lines) for a, b, *lines in rows]

    @functools.cached_property
    def samples(self) -> list[Sample]:
        """The first error and fatal lines."""
        table = _Table(self._evidence.core, "samples")
        texts, lines, times, levels = table.texts("text"), table.numbers("line"), table.times("time"), table.numbers("level")
        return [Sample(lines[row], times[row], _level(levels[row]), texts[row]) for row in table.rows_of(self._row)]

    @functools.cached_property
    def templates(self) -> list[Template]:
        """Most frequent first."""
        rows = _Table(self._evidence.core, "templates").rows_of(self._row)
        return [self._evidence.templates[row] for row in rows]

    @functools.cached_property
    def _file(self) -> _core.LogText:
        sys.audit("open", _core.log_file(self.path), "r", os.O_RDONLY)  # in a worker this says which permission is missing
        return _core.open_log(self.path)

    def line(self, number: int) -> str:
        """The text of line `number` (1-based) without its end; IndexError if there is no such line."""
        return self._file.line(number)

    def view(self) -> memoryview:
        """The decoded bytes of the file, read-only, without a copy."""
        return self._file.view()

    def search(self, wanted: _Wanted, limit: int = 100) -> list[tuple[int, str]]:
        """(line number, text) of the first `limit` lines that hold the text, or that the compiled pattern matches. A pattern of
        str is applied to UTF-8 bytes."""
        return self._file.search(wanted, limit) if isinstance(wanted, (str, bytes)) else self._search_pattern(wanted, limit)

    def _search_pattern(self, wanted: re.Pattern[Any], limit: int) -> list[tuple[int, str]]:
        pattern = wanted
        if isinstance(wanted.pattern, str):
            pattern = re.compile(wanted.pattern.encode(), wanted.flags & ~re.UNICODE)
        found: list[tuple[int, str]] = []
        for match in pattern.finditer(self.view()):
            number = self._file.line_at(match.start())
            if not found or found[-1][0] != number:
                if len(found) == limit:
                    break
                found.append((number, self._file.line(number)))
        return found

    def __repr__(self) -> str:
        return f"<LogEvidence {self.path!r} {self.lines} lines, {self.error_lines} with errors>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LogEvidence):
            return NotImplemented
        return self._row == other._row and self._evidence == other._evidence

    def __hash__(self) -> int:
        return hash((self.path, self._row))

    def __reduce__(self) -> tuple[Any, ...]:
        return LogEvidence, (self._evidence, self._row)


class ConfigEvidence:
    """One configuration file."""

    def __init__(self, evidence: Evidence, row: int) -> None:
        self._evidence = evidence
        self._row = row

    @property
    def file(self) -> str:
        """As the case names it; what citations name."""
        return self._evidence.core.text("config.file", self._row)

    @functools.cached_property
    def tree(self) -> dict[str, Any]:
        """The whole file as JSON values."""
        tree: dict[str, Any] = json.loads(self._evidence.core.text("config.json", self._row))
        return tree

    @functools.cached_property
    def model(self) -> dict[str, Any]:
        """`{"services": [...], "global_settings": {...}}`, as a hook may have changed it."""
        model: dict[str, Any] = json.loads(self._evidence.core.text("config.model", self._row))
        return model

    @property
    def services(self) -> list[dict[str, Any]]:
        """name, replicas, cpu_millicores, memory_mb, ports, environment, image, health_check, depends_on and more, as in
        ConfigFile.model; 0 or empty for what the file does not say."""
        services: list[dict[str, Any]] = self.model["services"]
        return services

    @functools.cached_property
    def values(self) -> list[ConfigValue]:
        """Every scalar in order of place."""
        table = _Table(self._evidence.core, "values")
        rows = zip(table.texts("file"), table.texts("path"), table.texts("value"), table.numbers("line"), table.numbers("column"))
        return [ConfigValue(*row) for file, *row in rows if file == self.file]

    @property
    def problems(self) -> list[Problem]:
        return [problem for problem in self._evidence.problems if problem.kind == "config" and problem.file == self.file]

    def __repr__(self) -> str:
        return f"<ConfigEvidence {self.file!r} {len(self.values)} values>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfigEvidence):
            return NotImplemented
        return self._row == other._row and self._evidence == other._evidence

    def __hash__(self) -> int:
        return hash((self.file, self._row))

    def __reduce__(self) -> tuple[Any, ...]:
        return ConfigEvidence, (self._evidence, self._row)


def _target(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Evidence:
    """What the engine found, for one case. `core` holds the columns."""

    def __init__(self, core: _core.Evidence) -> None:
        if not isinstance(core, _core.Evidence):
            raise TypeError(f"expected conclave._core.Evidence, not {type(core).__name__}")
        self._core = core

    @classmethod
    def from_bytes(cls, blob: bytes | bytearray | memoryview) -> Evidence:
        """From `bytes(evidence)`; SerializationError if it is damaged."""
        return cls(_core.Evidence.from_bytes(blob))

    @property
    def core(self) -> _core.Evidence:
        return self._core

    @functools.cached_property
    def case(self) -> CaseEvidence:
        raw = json.loads(self._core.text("case.json", 0)) if self._core.rows("case.json") else {}
        span = raw.get("time_range")
        return CaseEvidence(
            name=raw.get("name") or "",
            question=raw.get("question") or "",
            verdicts=tuple(raw.get("verdicts") or ("healthy", "degraded", "failing")),
            ordered=raw.get("ordered", True),
            time_range=(_datetime(span[0]), _datetime(span[1])) if span else None,
            change_time=_parsed(raw.get("change_time")),
        )

    @functools.cached_property
    def logs(self) -> tuple[LogEvidence, ...]:
        return tuple(LogEvidence(self, row) for row in range(self._core.rows("logs.path")))

    @functools.cached_property
    def templates(self) -> list[Template]:
        """Of all logs, each log's most frequent first."""
        table = _Table(self._core, "templates")
        paths = _Table(self._core, "logs").texts("path")
        return [
            Template(*(*row[:8], _level(row[8]), row[9], paths[row[10]]))
            for row in zip(
                table.texts("id"),
                table.texts("text"),
                table.numbers("count"),
                table.numbers("count_before"),
                table.times("first_time"),
                table.times("last_time"),
                table.numbers("first_line"),
                table.numbers("last_line"),
                table.numbers("level"),
                table.numbers("sample_line"),
                table.numbers("log"),
            )
        ]

    @functools.cached_property
    def services(self) -> tuple[ServiceEvidence, ...]:
        table = _Table(self._core, "services")
        rows = zip(*(table.texts(name) for name in ("name", "host", "expect", "state", "address", "detail")))
        said = itertools.zip_longest(table.texts("facts"), table.texts("unmet"), table.texts("history"), fillvalue="")
        found = []
        for (name, host, expect, state, address, detail), port, latency in zip(
            rows, table.numbers("port"), table.numbers("latency_ms")
        ):
            facts, unmet, history = next(said, ("", "", ""))  # evidence of before has none
            latency_ms = None if math.isnan(latency) else latency
            told = (json.loads(facts) if facts else None) or {}
            learned = (service_from(told.get("service")), tls_from(told.get("tls")), http_from(told.get("http")))
            found.append(
                ServiceEvidence(
                    name, host, port, _target(host, port), expect, state, latency_ms, address, detail, *learned, unmet, _history_from(history)
                )
            )
        return tuple(found)

    @functools.cached_property
    def configs(self) -> tuple[ConfigEvidence, ...]:
        return tuple(ConfigEvidence(self, row) for row in range(self._core.rows("config.file")))

    @property
    def config(self) -> ConfigEvidence | None:
        """The configuration of the case, or None if it names none."""
        return self.configs[0] if self.configs else None

    @functools.cached_property
    def problems(self) -> list[Problem]:
        """What could not be read or is wrong, in the order found."""
        table = _Table(self._core, "problems")
        texts = (table.texts(name) for name in ("kind", "severity", "rule", "message", "fix", "file"))
        return [Problem(*row) for row in zip(*texts, table.numbers("line"), table.numbers("column"))]

    @functools.cached_property
    def facts(self) -> Mapping[str, Any]:
        """What on_evidence hooks added, by name."""
        table = _Table(self._core, "facts")
        return MappingProxyType({name: json.loads(text) for name, text in zip(table.texts("name"), table.texts("json"))})

    @functools.cached_property
    def previous(self) -> dict[str, Any] | None:
        """The last report on the same case, as JSON values (see Report.to_dict), or None."""
        return json.loads(self._core.text("previous.json", 0)) if self._core.rows("previous.json") else None

    def __bytes__(self) -> bytes:
        return bytes(self._core.blob())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Evidence):
            return NotImplemented
        return self._core == other._core

    def __hash__(self) -> int:
        return hash(self._core)

    def __reduce__(self) -> tuple[Any, ...]:
        return Evidence, (self._core,)

    def __repr__(self) -> str:
        return f"<Evidence {len(self.logs)} logs, {len(self.services)} services, {len(self.problems)} problems>"
