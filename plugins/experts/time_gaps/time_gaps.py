"""Finds gaps, and logs that fell silent, against each log's own rhythm.

A minute without a line is an outage for a busy server and nothing for a mail daemon. So a gap is a stall only if (1) the log
would have written in at least MISSED of the buckets that lie in it, at the share of buckets in which it otherwise does; (2) it is
`factor` times as long as the median of the log's other long gaps; and (3) it is not a quiet hour: no other gap of about
its length exists, and none starts at the same time of another day.
A log that ends long before the others that ran beside it, by the same measure, fell silent.
"""

import math
from statistics import median

import conclave

MISSED = 10  # buckets
DAY = 86400.0


def grade(case, badness):
    """0 good, 1 in between, 2 bad, in the case's own words; no label if its verdicts have no order."""
    return case.verdicts[math.ceil(badness / 2 * (len(case.verdicts) - 1))] if case.ordered else None


def activity(log):
    """Share of the buckets between first and last line in which the log wrote, gaps out of rhythm included."""
    span = (log.last_time - log.first_time).total_seconds()
    return min(1.0, len(log.buckets) / max(span / log.bucket_seconds, 1.0))


def is_quiet_hour(gap, gaps):
    def same_hour(other):
        days = abs((other.start - gap.start).total_seconds()) / DAY
        return days > 0.5 and abs(days - round(days)) * DAY < 3600 and other.seconds > 0.3 * gap.seconds

    return any(other is not gap and (0.5 < other.seconds / gap.seconds < 2.0 or same_hour(other)) for other in gaps)


def stalls_of(log, min_gap_s, factor):
    """Gaps of one log that its rhythm does not explain, longest first."""
    share, gaps = activity(log), log.gaps
    found = []
    for gap in gaps:
        others = [other.seconds for other in gaps if other is not gap]
        usual = median(others) if others else log.bucket_seconds
        if (
            gap.seconds >= max(min_gap_s, factor * usual)
            and gap.seconds / log.bucket_seconds * share >= MISSED
            and not is_quiet_hour(gap, gaps)
        ):
            found.append((gap, usual))
    return sorted(found, key=lambda pair: -pair[0].seconds)


def silent_since(log, logs, min_gap_s):
    """For how many seconds a log has been silent while others that ran beside it went on; 0 if it has not."""
    beside = [
        other
        for other in logs
        if other is not log
        and other.first_time <= log.last_time
        and other.last_time > log.last_time
        and other.first_time - log.first_time < log.last_time - log.first_time
    ]
    if not beside:
        return 0.0
    silence = (max(other.last_time for other in beside) - log.last_time).total_seconds()
    longest = max((gap.seconds for gap in log.gaps), default=log.bucket_seconds)
    expected = silence / log.bucket_seconds * activity(log)
    return silence if silence > max(min_gap_s, 2 * longest) and expected >= MISSED else 0.0


def span(seconds):
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@conclave.expert(scope="logs.time")
def assess(evidence, job):
    logs = [log for log in evidence.logs if log.readable and len(log.buckets) >= 2 and log.last_time > log.first_time]
    if not logs:
        return conclave.Abstain("no log with time stamps")
    claims, worst = [], 0
    for log in logs:
        if job.cancelled():
            break
        for gap, usual in stalls_of(log, job.settings["min_gap_s"], job.settings["factor"])[:3]:
            worst = max(worst, 1)
            claims.append(
                conclave.Claim(
                    f"{log.name} wrote nothing for {span(gap.seconds)} from {gap.start:%Y-%m-%d %H:%M:%S}; "
                    f"its other long gaps last {span(usual)}",
                    severity=0.6,
                    evidence=[
                        conclave.Citation.log(log.path, gap.line_before),
                        conclave.Citation.log(log.path, gap.line_after),
                    ],
                )
            )
        silence = silent_since(log, logs, job.settings["min_gap_s"])
        if silence:
            worst = max(worst, 2 if silence >= 15 * log.bucket_seconds else 1)
            claims.append(
                conclave.Claim(
                    f"{log.name} fell silent at {log.last_time:%Y-%m-%d %H:%M:%S}, {span(silence)} before the others end",
                    severity=0.8,
                    evidence=[conclave.Citation.log(log.path, log.lines)],
                )
            )
    if not claims:
        return conclave.ExpertResponse(
            verdict=grade(evidence.case, 0),
            confidence=0.75,
            content=f"No gap or silence out of rhythm in {len(logs)} log{'s' * (len(logs) > 1)}.",
        )
    claims.sort(key=lambda claim: -claim.severity)
    return conclave.ExpertResponse(
        verdict=grade(evidence.case, worst), confidence=0.7, content=f"{claims[0].text}.", claims=claims
    )
