"""Finds bursts of errors: stretches of a log with far more error lines than the same log usually has.

Every log is its own yardstick. The usual number of errors per bucket (a minute, an hour in long logs) is the median over
the buckets before the change; without a change time it is the lower quartile over all, since a fault may fill half of a
log. Its spread is the larger of Poisson noise and the median absolute deviation of the calmer half, because real errors
come in clumps. A bucket is a burst if it lies 6 spreads above *and* the share of errors among its lines rose as well: more
traffic brings more errors and is no fault. A single odd bucket degrades nothing; a burst has to last or be heavy.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from statistics import median
from typing import Any

import conclave
from conclave.evidence import Bucket, LogEvidence, Template

SPREADS = 6
ERROR_WORDS = re.compile(r"error|exception|failed|fatal|panic", re.IGNORECASE)


def bursts_of(
    log: LogEvidence, change_time: datetime | None, settings: Mapping[str, Any]
) -> tuple[list[list[Bucket]], int, float]:
    """Runs of neighbouring burst buckets, the usual number of errors per bucket, and from how many on it is a burst."""
    buckets = log.buckets
    before = [
        bucket for bucket in buckets if change_time and bucket.start.timestamp() + log.bucket_seconds <= change_time.timestamp()
    ]
    base, middle = (before, 2) if len(before) >= 10 else (buckets, 4)
    errors = sorted(bucket.error_lines for bucket in base)
    usual = errors[len(errors) // middle]
    spread = max(math.sqrt(max(usual, 1)), 1.4826 * median(abs(count - usual) for count in errors[: len(errors) // 2 + 1]))
    share = sorted(bucket.error_lines / max(bucket.lines, 1) for bucket in base)[len(base) // middle]
    limit = max(settings["min_errors"], usual * settings["factor"], usual + SPREADS * spread)
    share_limit = share * settings["factor"] if share < 0.25 else share  # a log of little else than errors has no room to rise
    runs: list[list[Bucket]] = []
    for bucket in buckets:
        if bucket.error_lines >= limit and bucket.error_lines / bucket.lines >= share_limit:
            near = bool(runs) and (bucket.start - runs[-1][-1].start).total_seconds() <= 2.5 * log.bucket_seconds
            if near:
                runs[-1].append(bucket)
            else:
                runs.append([bucket])
    return runs, usual, limit


def culprits(log: LogEvidence, run: list[Bucket]) -> list[tuple[Template, float]]:
    """(template, lines) of the error-like templates that can have made the burst, the likeliest first. How many lines of a
    template lie in the burst is estimated as if it came evenly between its first and its last line."""
    start, end = run[0].start.timestamp(), run[-1].start.timestamp() + log.bucket_seconds
    found: list[tuple[bool, float, int, Template]] = []
    for template in log.templates:
        declared = template.level in ("error", "fatal")
        if template.first_time and template.last_time and (declared or (template.level == "unknown" and ERROR_WORDS.search(template.text))):
            first, last = template.first_time.timestamp(), template.last_time.timestamp()
            inside = (min(last, end) - max(first, start) + 1) / (last - first + 1)
            if inside > 0:
                found.append((not declared, -template.count * inside, template.first_line, template))
    return [(template, -lines) for _, lines, _, template in sorted(found, key=lambda one: one[:3]) if lines <= -1]


def weigh(
    log: LogEvidence, run: list[Bucket], usual: int, limit: float, suspects: list[tuple[Template, float]]
) -> tuple[float, conclave.Claim | None]:
    """(badness, claim) of one burst; badness 0 if it is too short and too light to tell anything."""
    errors, lines = sum(bucket.error_lines for bucket in run), sum(bucket.lines for bucket in run)
    if len(run) < 2 and run[0].error_lines < 3 * limit:
        return 0, None
    lasts = len(run) >= 3 and run[-1].start >= log.buckets[-3].start
    declared = log.levels.get("error", 0) + log.levels.get("fatal", 0)  # the rest only mention errors, as stack traces do
    serious = declared >= 0.2 * sum(bucket.error_lines for bucket in log.buckets) and errors >= 0.05 * lines
    text = (
        f"{log.name}: {errors:,} error lines in {lines:,} from {run[0].start:%Y-%m-%d %H:%M} to {run[-1].start:%H:%M}"
        f"{' and still going on' if lasts else ''}, usually {usual:g} per {'minute' if log.bucket_seconds < 3600 else 'hour'}"
    )
    cited = [conclave.Citation.log(log.path, run[0].first_error_line)]
    for template, _ in suspects[:1]:
        text += f", mostly: {template.text[:160]}"
        cited.append(conclave.Citation.template(template.source, template.id))
    return (
        (1, conclave.Claim(text, severity=0.9, evidence=cited))
        if lasts and serious
        else (0.5, conclave.Claim(text, severity=0.6, evidence=cited))
    )


@conclave.expert(scope="logs.errors")
def assess(evidence: conclave.Evidence, job: conclave.ExpertJob) -> conclave.ExpertResponse | conclave.Abstain:
    logs = [log for log in evidence.logs if log.readable and len(log.buckets) >= 5]
    if not logs:
        return conclave.Abstain("no log with at least five minutes of time stamps, so there is nothing to compare errors with")
    ignore = re.compile(job.settings["ignore"], re.IGNORECASE) if job.settings["ignore"] else None
    found: list[tuple[float, datetime, int, int, conclave.Claim]] = []
    excused: set[str] = set()
    for done, log in enumerate(logs):
        job.progress(done, len(logs))
        if job.cancelled():
            break
        runs, usual, limit = bursts_of(log, evidence.case.change_time, job.settings)
        for run in sorted(runs, key=lambda run: -sum(bucket.error_lines for bucket in run))[:3]:
            suspects = culprits(log, run)
            seen = sum(count for _, count in suspects)
            if ignore and seen and sum(count for one, count in suspects if ignore.search(one.text)) >= 0.8 * seen:
                excused.add(log.name)
                continue
            badness, claim = weigh(log, run, usual, limit, suspects)
            if claim:
                found.append((-badness, run[0].start, -sum(bucket.error_lines for bucket in run), len(found), claim))
    job.progress(len(logs), len(logs))
    if found:
        found.sort()  # worst first, then earliest, then most errors
        claims, worst = [claim for *_, claim in found], -found[0][0]
        content = f"Errors came in bursts. {claims[0].text}."
        confidence = 0.9 if worst == 1 else 0.75
        return conclave.ExpertResponse(
            verdict=evidence.case.grade(worst), confidence=confidence, content=content, claims=claims
        )
    note = f" Refused logins in {', '.join(sorted(excused))} are not held against the service." if excused else ""
    content = f"No burst of errors in {len(logs)} log{'s' * (len(logs) > 1)}: they come at their usual rate.{note}"
    return conclave.ExpertResponse(verdict=evidence.case.grade(0), confidence=0.8, content=content)
