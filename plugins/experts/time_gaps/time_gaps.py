"""Finds gaps, slumps, and logs that fell silent, against each log's own rhythm.

A minute without a line is an outage for a busy server and nothing for a mail daemon. So a gap is a stall only if (1) the log
would have written in at least MISSED of the buckets that lie in it, at the share of buckets in which it otherwise does; (2) it
is `factor` times as long as the median of the log's other long gaps; and (3) it is not a quiet hour: no two other gaps of about
its length exist, and none starts at the same time of another day.
A slump is the same for a steady log that goes on with a trickle (health checks, say): at least SLUMP buckets in a row under a
tenth of the median, begun abruptly, since traffic that ebbs in the evening does so slowly.
A log that ends long before the others that ran beside it, by the same measures, fell silent.
"""

from collections.abc import Iterator
from statistics import median

import conclave
from conclave.evidence import Bucket, Gap, LogEvidence

Finding = tuple[float, float, str, tuple[int, ...]]  # badness, severity, text, cited lines

MISSED = 10  # buckets
SLUMP = 5  # buckets
DAY = 86400.0


def activity(log: LogEvidence) -> float:
    """Share of the buckets between first and last line in which the log wrote, gaps out of rhythm included."""
    length: float = (log.last_time - log.first_time).total_seconds() / log.bucket_seconds
    return min(1.0, len(log.buckets) / max(length, 1.0))


def is_quiet_hour(gap: Gap, gaps: list[Gap]) -> bool:
    def same_hour(other: Gap) -> bool:
        days = abs((other.start - gap.start).total_seconds()) / DAY
        return days > 0.5 and abs(days - round(days)) * DAY < 3600 and other.seconds > 0.3 * gap.seconds

    others = [other for other in gaps if other is not gap]
    return sum(0.5 < other.seconds / gap.seconds < 2.0 for other in others) >= 2 or any(map(same_hour, others))


def stalls_of(log: LogEvidence, min_gap_s: float, factor: float) -> Iterator[Finding]:
    """Gaps that the log's rhythm does not explain."""
    share, gaps = activity(log), log.gaps
    for gap in gaps:
        others = [other.seconds for other in gaps if other is not gap]
        usual = median(others) if others else log.bucket_seconds
        missed = gap.seconds / log.bucket_seconds * share
        if gap.seconds >= max(min_gap_s, factor * usual) and missed >= MISSED and not is_quiet_hour(gap, gaps):
            text = f"wrote nothing for {span(gap.seconds)} from {gap.start:%Y-%m-%d %H:%M:%S}; its other long gaps last {span(usual)}"
            yield 0.5, 0.6, text, (gap.line_before, gap.line_after)


def slumps_of(log: LogEvidence) -> Iterator[Finding]:
    """Stretches in which a steady log brings only a trickle."""
    counts = sorted(bucket.lines for bucket in log.buckets)
    usual = counts[len(counts) // 2]
    # Buckets have no line numbers; in a log in order they follow from the counts.
    if log.out_of_order or sum(counts) != log.lines or usual < 20 or counts[len(counts) // 4] < 0.4 * usual:
        return
    slumps: list[list[tuple[Bucket, int]]] = []
    slump: list[tuple[Bucket, int]] | None = None
    before, line = 0, 1
    for bucket in log.buckets:
        if bucket.lines >= 0.1 * usual:
            slump = None
        elif slump:
            slump.append((bucket, line))
        elif before >= 0.5 * usual:
            slump = [(bucket, line)]
            slumps.append(slump)
        before, line = bucket.lines, line + bucket.lines
    for one in slumps:
        if len(one) >= SLUMP:
            (start, first), (end, last) = one[0], one[-1]
            text = f"brought a trickle from {start.start:%Y-%m-%d %H:%M} to {end.start:%H:%M}, usually {usual} lines per bucket"
            yield 0.5, 0.6, text, (first, last)


def silence_of(log: LogEvidence, logs: list[LogEvidence], min_gap_s: float) -> Iterator[Finding]:
    """The end of a log, if others that ran beside it went on for long."""

    def beside(other: LogEvidence) -> bool:
        begun = other.first_time <= log.last_time and other.first_time - log.first_time < log.last_time - log.first_time
        return other is not log and begun and other.last_time > log.last_time

    last = max((other.last_time for other in logs if beside(other)), default=log.last_time)
    silence = (last - log.last_time).total_seconds()
    longest = max((gap.seconds for gap in log.gaps), default=log.bucket_seconds)
    missed = silence / log.bucket_seconds * activity(log)
    if silence > max(min_gap_s, 2 * longest) and missed >= MISSED:
        text = f"fell silent at {log.last_time:%Y-%m-%d %H:%M:%S}, {span(silence)} before the others end"
        yield (1 if missed >= 1.5 * MISSED else 0.5), 0.8, text, (log.lines,)


def span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@conclave.expert(scope="logs.time")
def assess(evidence: conclave.Evidence, job: conclave.ExpertJob) -> conclave.ExpertResponse | conclave.Abstain:
    logs = [log for log in evidence.logs if log.readable and len(log.buckets) >= 2 and log.last_time > log.first_time]
    if not logs:
        return conclave.Abstain("no log whose time stamps span two intervals, so there is no rhythm to break")
    shortest = job.settings["min_gap_s"]
    found: list[tuple[LogEvidence, float, float, str, tuple[int, ...]]] = []
    for log in logs:
        if job.cancelled():
            break
        of_log = [*stalls_of(log, shortest, job.settings["factor"]), *slumps_of(log), *silence_of(log, logs, shortest)]
        found += [(log, *finding) for finding in of_log]
    found.sort(key=lambda finding: -finding[2])
    claims = [
        conclave.Claim(f"{log.name} {text}", severity=severity, evidence=[conclave.Citation.log(log.path, n) for n in lines])
        for log, _, severity, text, lines in found[:10]
    ]
    nothing = f"No gap, slump or silence out of rhythm in {len(logs)} log{'s' * (len(logs) > 1)}."
    return conclave.ExpertResponse(
        verdict=evidence.case.grade(max((badness for _, badness, *_ in found), default=0)),
        confidence=0.7 if claims else 0.75,
        content=f"{claims[0].text}." if claims else nothing,
        claims=claims,
    )
