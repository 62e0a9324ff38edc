"""Reading, searching and summing up logs.

A `source` is text (str, bytes, or any other buffer such as mmap or memoryview, which is not copied), a file (os.PathLike), or a
LogText that is already open. Compressed files are unpacked; "bundle.tar.gz!/var/log/app.log" is a log in an archive. find_files()
gives the files of rotated sets oldest first, and the logs in archives.
Every function raises OSError if a file cannot be read and CancelledError if its job is stopped.
"""

from __future__ import annotations

import datetime
import mmap
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Union

from conclave import _async, _core
from conclave._core import InfrastructureError, LogText, fields_of, find_files, level_of, open_log
from conclave._log_search import Expression, Match, Matches
from conclave._log_search import expression as _expression
from conclave._log_search import pattern as _pattern
from conclave._follow import Followed, follow, follow_async
from conclave._regular import for_engine
from conclave.evidence import Bucket, Gap, Sample, Template

__all__ = [
    "Bucket",
    "Comparison",
    "Followed",
    "Gap",
    "LevelBucket",
    "LogAnalyzer",
    "LogSummary",
    "LogText",
    "Match",
    "Matches",
    "Sample",
    "Template",
    "TemplateBurst",
    "TemplateChange",
    "TemplateParameter",
    "TemplateSilence",
    "TemplateTable",
    "compare",
    "compare_async",
    "count",
    "count_async",
    "fields_of",
    "find_files",
    "follow",
    "follow_async",
    "level_of",
    "mine_templates",
    "mine_templates_async",
    "open_log",
    "search",
    "search_async",
    "summarize",
    "summary_async",
    "template_table",
    "template_table_async",
]

Source = Union[str, bytes, bytearray, memoryview, mmap.mmap, os.PathLike, LogText]
_BUFFERS = (bytes, bytearray, memoryview, mmap.mmap)
Time = Union[datetime.datetime, float, str]


@dataclass(frozen=True, slots=True, order=True)
class LevelBucket:
    """Lines of one stretch of time, in all and by level."""

    start: datetime.datetime
    lines: int
    levels: Mapping[str, int] = field(compare=False)


@dataclass(frozen=True, slots=True)
class LogSummary:
    """One pass over a log. Times are aware datetimes; `patterns` are the user's (name -> lines); `samples` the first error and fatal
    lines, `level_samples` the first lines of each level; `hourly` is (start of hour, lines) for hours that have lines.

    A value: it can be pickled, so that other processes and machines can make the parts that `merge` puts together."""

    lines: int
    bytes: int
    error_lines: int
    warning_lines: int
    timestamp_lines: int
    patterns: Mapping[str, int]
    levels: Mapping[str, int]
    first_time: datetime.datetime | None
    last_time: datetime.datetime | None
    stamp_format: str
    bucket_seconds: float
    out_of_order: int
    buckets: Sequence[Bucket]
    gaps: Sequence[Gap]
    samples: Sequence[Sample]
    level_samples: Mapping[str, Sequence[Sample]]
    hourly: Sequence[tuple[datetime.datetime, int]]
    _state: _core.SummaryState = field(repr=False, compare=False)

    def merge(self, next: LogSummary) -> LogSummary:
        """The summary of these lines and of those that follow in the same log, made with the same options (else ValueError).
        Associative: wherever a log is cut between lines, merging the parts in order gives what one pass gives."""
        return _summary(self._state.merged_with(next._state))

    def join(self, other: LogSummary) -> LogSummary:
        """The summary of this log and another one, made with the same options (else ValueError); no gap lies between the two."""
        return _summary(self._state.joined_with(other._state))

    def histogram(self, seconds: float | None = None) -> list[LevelBucket]:
        """Lines by level in buckets that begin at multiples of their width since the epoch. seconds: a multiple of
        `bucket_seconds` (else ValueError), which is the default."""
        rows = self._state.histogram(self.bucket_seconds if seconds is None else seconds)
        return [LevelBucket(*row) for row in rows]


def _opened(source: Source, job: _core.Job | None = None) -> LogText:
    if isinstance(source, LogText):
        return source
    if isinstance(source, (str, *_BUFFERS)):
        return _core.log_text(source)
    if isinstance(source, os.PathLike):
        return open_log(source, job)
    raise TypeError(f"a log is text (str, bytes or another buffer), an os.PathLike or a LogText, not {type(source).__name__}")


def _summary(raw: dict[str, Any]) -> LogSummary:
    raw["buckets"] = [Bucket(*row) for row in raw["buckets"]]
    raw["gaps"] = [Gap(*row) for row in raw["gaps"]]
    raw["samples"] = [Sample(*row) for row in raw["samples"]]
    raw["level_samples"] = {level: [Sample(*row) for row in rows] for level, rows in raw["level_samples"].items()}
    return LogSummary(**{"_state": raw.pop("state")}, **raw)


def _prepare_summary(
    source: Source,
    *,
    reference: Time | None = None,
    time_range: tuple[Time, Time] | None = None,
    max_gaps: int = 64,
    max_samples: int = 256,
    max_level_samples: int = 3,
    patterns: Mapping[str, str | bytes] | None = None,
    tz: str | None = None,
    threads: int = 0,
    job: _core.Job | None = None,
) -> _core.Operation:
    own = None if patterns is None else dict(patterns)
    return _core._operations["summarize"](
        source, reference, time_range, max_gaps, max_samples, max_level_samples, own, tz, threads, job
    )


def summarize(
    source: Source,
    *,
    reference: Time | None = None,
    time_range: tuple[Time, Time] | None = None,
    max_gaps: int = 64,
    max_samples: int = 256,
    max_level_samples: int = 3,
    patterns: Mapping[str, str | bytes] | None = None,
    tz: str | None = None,
    threads: int = 0,
    job: _core.Job | None = None,
) -> LogSummary:
    """Counts, levels, times, gaps and the first grave lines. reference: for stamps without a year, by default the time at which the
    file was last written, or now; time_range: only lines in [start, end); patterns: name -> regular expression whose lines are
    counted too, as Python's re on bytes would (ValueError if one cannot be compiled); tz: the time zone of stamps without an
    offset, a name or "+01:00", by default UTC; threads: 0 for one per core. The GIL is released."""
    own = None if patterns is None else dict(patterns)
    return _summary(
        _core.summarize(source, reference, time_range, max_gaps, max_samples, max_level_samples, own, tz, threads, job)
    )


async def summary_async(
    source: Source,
    *,
    reference: Time | None = None,
    time_range: tuple[Time, Time] | None = None,
    max_gaps: int = 64,
    max_samples: int = 256,
    max_level_samples: int = 3,
    patterns: Mapping[str, str | bytes] | None = None,
    tz: str | None = None,
    threads: int = 0,
    job: _core.Job | None = None,
) -> LogSummary:
    """As `summarize`; a file is also opened without blocking the loop. Cancelling the task stops the work."""
    operation = _prepare_summary(
        source,
        reference=reference,
        time_range=time_range,
        max_gaps=max_gaps,
        max_samples=max_samples,
        max_level_samples=max_level_samples,
        patterns=patterns,
        tz=tz,
        threads=threads,
        job=job,
    )
    return _summary(await _async.run(operation))


def _templates(raw: tuple[list[tuple[Any, ...]], memoryview | None]) -> list[Template]:
    return [Template(*row) for row in raw[0]]


def _prepare_templates(
    source: Source,
    *,
    reference: Time | None = None,
    change_time: Time | None = None,
    time_range: tuple[Time, Time] | None = None,
    max_templates: int = 10_000,
    job: _core.Job | None = None,
) -> _core.Operation:
    return _core._operations["mine_templates"](source, reference, change_time, time_range, False, max_templates, job)


def mine_templates(
    source: Source,
    *,
    reference: Time | None = None,
    change_time: Time | None = None,
    time_range: tuple[Time, Time] | None = None,
    max_templates: int = 10_000,
    job: _core.Job | None = None,
) -> list[Template]:
    """Lines that differ only in their parameters, grouped, most frequent first."""
    return _templates(_core.mine_templates(source, reference, change_time, time_range, False, max_templates, job))


async def mine_templates_async(
    source: Source,
    *,
    reference: Time | None = None,
    change_time: Time | None = None,
    time_range: tuple[Time, Time] | None = None,
    max_templates: int = 10_000,
    job: _core.Job | None = None,
) -> list[Template]:
    """As `mine_templates`. Cancelling the task stops the work."""
    operation = _prepare_templates(
        source, reference=reference, change_time=change_time, time_range=time_range, max_templates=max_templates, job=job
    )
    return _templates(await _async.run(operation))


@dataclass(frozen=True, slots=True)
class TemplateParameter:
    """What stood at one <*> of a template. kind: num, hex, id, ip, host, path, url, uuid, time, str, word or *; distinct: how many
    different values, exact up to 32, else within about 3 %; top: up to 10 (value, count), most frequent first, counted if `exact`
    holds, else estimated from 256 lines."""

    kind: str
    distinct: int
    exact: bool
    top: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class TemplateTable:
    """Templates as columns, most frequent first. Those of numbers are read-only memoryviews that numpy.asarray() and pandas take
    without a copy: uint64 but for int64 times in microseconds since 1970 (0 without stamps) and uint32 assignments. levels has a
    row for each template and a column for each of LEVELS; assignments has for each line the row of its template, 4294967295
    outside of the time range. text has <*> for parameters, typed_text <num>, <ip> and so on."""

    LEVELS: ClassVar[tuple[str, ...]] = ("unknown", "trace", "debug", "info", "warning", "error", "fatal")

    id: memoryview
    text: Sequence[str]
    typed_text: Sequence[str]
    count: memoryview
    count_before: memoryview
    first_time_us: memoryview
    last_time_us: memoryview
    first_line: memoryview
    last_line: memoryview
    levels: memoryview
    samples: Sequence[Sequence[int]]
    parameters: Sequence[Sequence[TemplateParameter]]
    assignments: memoryview

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """A template whose rate changed. kind: new, vanished, more or fewer; ratio: of rates, after to before; statistic: G, Dunning's
    log-likelihood ratio; q_value: p_value corrected for all templates (Benjamini and Hochberg)."""

    id: str
    text: str
    level: str
    kind: str
    before: int
    after: int
    ratio: float
    statistic: float
    p_value: float
    q_value: float


@dataclass(frozen=True, slots=True)
class TemplateBurst:
    """Far more lines of a template than usual in [start, end) (Kleinberg's automaton of two states); weight: the logarithm of how
    much likelier the burst makes the counts."""

    id: str
    text: str
    level: str
    start: datetime.datetime
    end: datetime.datetime
    count: int
    expected: float
    weight: float


@dataclass(frozen=True, slots=True)
class TemplateSilence:
    """No line of a template in [start, end), where `expected` would be usual."""

    id: str
    text: str
    level: str
    start: datetime.datetime
    end: datetime.datetime
    expected: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed. scale: how many records after are as usual for one before; dispersion: how much more templates vary than
    chance makes them; changes: all that is new or vanished and what is significantly more or fewer, greatest statistic first;
    bursts and silences: over all logs, in buckets of bucket_seconds."""

    records_before: int
    records_after: int
    scale: float
    dispersion: float
    bucket_seconds: float
    changes: Sequence[TemplateChange]
    bursts: Sequence[TemplateBurst]
    silences: Sequence[TemplateSilence]


def _table(raw: dict[str, Any]) -> TemplateTable:
    raw["parameters"] = [
        [TemplateParameter(kind, distinct, exact, tuple(top)) for kind, distinct, exact, top in row] for row in raw["parameters"]
    ]
    return TemplateTable(**raw)


def template_table(
    source: Source,
    *,
    reference: Time | None = None,
    change_time: Time | None = None,
    time_range: tuple[Time, Time] | None = None,
    content: bool = False,
    max_templates: int = 10_000,
    job: _core.Job | None = None,
) -> TemplateTable:
    """As `mine_templates`, as columns, with the values of parameters and the template of each line. content: lines are messages
    without a header, each a record of its own."""
    return _table(_core.template_table(source, reference, change_time, time_range, content, max_templates, job))


async def template_table_async(
    source: Source,
    *,
    reference: Time | None = None,
    change_time: Time | None = None,
    time_range: tuple[Time, Time] | None = None,
    content: bool = False,
    max_templates: int = 10_000,
    job: _core.Job | None = None,
) -> TemplateTable:
    """As `template_table`. Cancelling the task stops the work."""
    operation = _core._operations["template_table"](
        source, reference, change_time, time_range, content, max_templates, job
    )
    return _table(await _async.run(operation))


def _comparison(raw: dict[str, Any]) -> Comparison:
    raw["changes"] = tuple(TemplateChange(*row) for row in raw["changes"])
    raw["bursts"] = tuple(TemplateBurst(*row) for row in raw["bursts"])
    raw["silences"] = tuple(TemplateSilence(*row) for row in raw["silences"])
    return Comparison(**raw)


def compare(
    before: Source,
    after: Source | None = None,
    *,
    split: Time | None = None,
    reference: Time | None = None,
    by: str = "typical",
    significance: float = 0.05,
    content: bool = False,
    job: _core.Job | None = None,
) -> Comparison:
    """What is new, gone, more or less frequent in `after`; or in one log from the time `split` on. by: what rates are compared by,
    "typical" (the middle of all ratios is no change), "records" (shares of all) or "time". ValueError if no record is on one side
    of `split`, or if rates in time are asked for without stamps."""
    return _comparison(_core.compare_logs(before, after, split, reference, by, significance, content, job))


async def compare_async(
    before: Source,
    after: Source | None = None,
    *,
    split: Time | None = None,
    reference: Time | None = None,
    by: str = "typical",
    significance: float = 0.05,
    content: bool = False,
    job: _core.Job | None = None,
) -> Comparison:
    """As `compare`. Cancelling the task stops the work."""
    operation = _core._operations["compare_logs"](before, after, split, reference, by, significance, content, job)
    return _comparison(await _async.run(operation))


def search(
    source: Source,
    expr: Expression,
    *,
    exclude: Expression | None = None,
    level: str | None = None,
    since: Time | None = None,
    until: Time | None = None,
    reference: Time | None = None,
    records: bool = False,
    job: _core.Job | None = None,
) -> Matches:
    """The lines that an expression holds for, as a lazy sequence of Match with slices.

    expr: a str in the language of `conclave logs search` (words, "texts", /regular expressions/, level:>=warning, since:, until:,
    field:status>=500, template:, AND, OR, NOT and parentheses); bytes are a text as it is, a compiled pattern is a regular
    expression on the line's bytes. exclude: not lines that this holds for. level: lines of this level and graver ones ("none":
    without one). since, until: [since, until), where a line without a stamp has the time of the one before it. records: the
    records that the lines found belong to, stack traces included, instead of the lines. ValueError, with the column, if expr
    cannot be understood; InfrastructureError if a regular expression is too hard for a line.
    """
    return Matches(_core.search_log(source, *_search_arguments(expr, exclude, level, since, until, reference, records, job)))


async def search_async(
    source: Source,
    expr: Expression,
    *,
    exclude: Expression | None = None,
    level: str | None = None,
    since: Time | None = None,
    until: Time | None = None,
    reference: Time | None = None,
    records: bool = False,
    job: _core.Job | None = None,
) -> Matches:
    """As `search`. Cancelling the task stops the work."""
    arguments = _search_arguments(expr, exclude, level, since, until, reference, records, job)
    return Matches(await _async.run(_core._operations["search_log"](source, *arguments)))


def _search_arguments(expr: Any, exclude: Any, *rest: Any) -> tuple[Any, ...]:
    return (_expression(expr), None if exclude is None else _expression(exclude), *rest)


def count(source: Source, patterns: Mapping[str, Any], *, job: _core.Job | None = None) -> dict[str, int]:
    """How many lines match each regular expression (name -> str, bytes or compiled), all in one pass."""
    return dict(zip(patterns, _core.count_lines(source, [_pattern(each) for each in patterns.values()], job)))


async def count_async(source: Source, patterns: Mapping[str, Any], *, job: _core.Job | None = None) -> dict[str, int]:
    """As `count`. Cancelling the task stops the work."""
    operation = _core._operations["count_lines"](source, [_pattern(each) for each in patterns.values()], job)
    return dict(zip(patterns, await _async.run(operation)))


class LogAnalyzer:
    """Counts of lines by pattern.

    patterns: name -> regular expression (str, bytes or compiled) for counts of one's own; "error", "warning" and "timestamp" are
    there by default. The read-only attributes total_lines, error_count and warning_count are those of the last analysis.

    One's own patterns mean what Python's re means, on the bytes of each line by itself. The engine counts those that surely mean the
    same to it, on all cores and without the GIL: sequences, alternatives, repetitions, classes, "^", "$" and "\\b". Others (groups
    that are referred to, look-around, flags for a part, possessive repetitions, "\\B"), patterns that are too hard for the engine, and
    logs where a CR by itself ends a line are left to re, which takes some ten times as long.
    """

    __slots__ = ("_counts", "_patterns", "_regular")

    def __init__(self, patterns: Mapping[str, Any] | None = None) -> None:
        self._patterns = {name: _bytes_pattern(pattern) for name, pattern in (patterns or {}).items()}
        self._regular = {name: same for name, each in self._patterns.items() if (same := for_engine(each)) is not None}
        self._counts: dict[str, int] = {}

    total_lines = property(lambda self: self._counts.get("total_lines", 0))
    error_count = property(lambda self: self._counts.get("errors", 0))
    warning_count = property(lambda self: self._counts.get("warnings", 0))

    def analyze_logs(self, source: Source | Iterable[Source]) -> dict[str, int]:
        """Lines in all, and lines that match each pattern: total_lines, errors, warnings, error, warning, timestamp (errors and
        error are the same number) and those of one's own. source may be an iterable of several."""
        counts = dict.fromkeys(("total_lines", "errors", "warnings", "error", "warning", "timestamp", *self._patterns), 0)
        for one in _several(source):
            text = _opened(one) if self._patterns else None
            lines, errors, warnings, stamps = _core.count_patterns(one if text is None else text)
            counts["total_lines"] += lines
            counts["errors"] += errors
            counts["warnings"] += warnings
            counts["timestamp"] += stamps if "timestamp" not in self._patterns else 0
            if text is not None:
                for name, matching in self._matching(text).items():
                    counts[name] += matching
        counts["error"] = counts["error"] if "error" in self._patterns else counts["errors"]
        counts["warning"] = counts["warning"] if "warning" in self._patterns else counts["warnings"]
        self._counts = counts
        return dict(counts)

    def _matching(self, text: LogText) -> dict[str, int]:
        counts: dict[str, int] = {}
        if self._regular and _LONE_CR.search(text.view()) is None:
            try:
                counts = dict(zip(self._regular, _core.count_lines(text, list(self._regular.values()))))
            except (ValueError, InfrastructureError):  # too large or too hard
                pass
        return counts | {name: _matching_lines(text, each) for name, each in self._patterns.items() if name not in counts}

    def analyze_temporal_patterns(self, source: Source | Iterable[Source]) -> list[tuple[str, int]]:
        """(start of the hour in UTC, such as "2026-03-01T12:00:00Z", lines) for hours that have lines, in order of time."""
        hours: dict[datetime.datetime, int] = {}
        for one in _several(source):
            for start, lines in summarize(one, max_gaps=0, max_samples=0, max_level_samples=0).hourly:
                hours[start] = hours.get(start, 0) + lines
        return [(start.strftime("%Y-%m-%dT%H:%M:%SZ"), lines) for start, lines in sorted(hours.items())]

    async def summary_async(self, source: Source) -> LogSummary:
        """What is in a log beyond the counts, without blocking the loop; see conclave.logs.summary_async."""
        return await summary_async(source)

    def __repr__(self) -> str:
        return f"LogAnalyzer({', '.join(self._patterns)})"


_LONE_CR = re.compile(rb"\r(?!\n)")  # which ends a line to splitlines(), not to the engine


def _several(source: Source | Iterable[Source]) -> Iterable[Source]:
    return (source,) if isinstance(source, (str, *_BUFFERS, os.PathLike, LogText)) else source


def _bytes_pattern(pattern: Any) -> re.Pattern[bytes]:
    if isinstance(pattern, re.Pattern):
        if isinstance(pattern.pattern, bytes):
            return pattern
        return re.compile(pattern.pattern.encode(), pattern.flags & ~re.UNICODE)
    return re.compile(pattern.encode() if isinstance(pattern, str) else pattern)


def _matching_lines(text: LogText, pattern: re.Pattern[bytes]) -> int:
    """As if each line were searched by itself: `^`, `$` and `\\s` do not look beyond it."""
    view = text.view()
    count = 0
    for start in range(0, len(view), 1 << 20):
        begin = _line_start(view, start)
        end = _line_start(view, min(len(view), start + (1 << 20)))
        count += sum(1 for line in bytes(view[begin:end]).splitlines() if pattern.search(line))
    return count


def _line_start(view: memoryview, at: int) -> int:
    """The first position from `at` on where a line starts."""
    while 0 < at < len(view):
        piece = bytes(view[at - 1 : at + 4096])
        found = piece.find(b"\n")
        if found >= 0:
            return at + found
        at += 4096
    return min(at, len(view))
