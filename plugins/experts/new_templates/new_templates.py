"""Finds kinds of messages (templates) that are new since the change, and names the most likely cause first.

"New" needs care: a rare message that simply had not come up yet is new as well. If a message came at a steady rate, each of
its n lines would fall after the change with probability q, the share of the log that lies there; so all of them do by chance
with probability q^n. Only what is less likely than the setting `surprise` (divided by the number of error templates looked at,
after Bonferroni) counts. Without a change time, the moment of a template's own first line takes its place.

Causes come before their effects, so the earliest new error leads. Within a few seconds order says little (some logs have no
fractions of a second), so there a message that names something used up goes before one that only reports waiting for another.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import conclave
from conclave.evidence import LogEvidence, Template

FEWEST = 3  # what came only once or twice proves nothing
CAUSE = re.compile(
    r"exhaust|out of memory|\boom\b|no space|disk full|too many|quota|limit|deadlock|corrupt|denied|expired|certificate"
    r"|refused|no such|not found|invalid|mismatch|panic|segfault",
    re.IGNORECASE,
)
EFFECT = re.compile(r"upstream|timed?[ -]?out|retry|gave up|unavailable|\b50[234]\b|failed$", re.IGNORECASE)
ERROR_WORDS = re.compile(r"error|exception|failed|fatal|panic", re.IGNORECASE)


def is_error(template: Template) -> bool:
    declared = template.level in ("error", "fatal")
    return declared or (template.level == "unknown" and ERROR_WORDS.search(template.text) is not None)


def new_errors(
    log: LogEvidence, change_time: datetime | None, surprise: float, ignore: re.Pattern[str] | None
) -> Iterator[Template]:
    """Error templates of a log that were not there before, and that chance does not explain."""
    errors = [one for one in log.templates if is_error(one) and one.first_time and one.count >= FEWEST]
    after_change = sum(bucket.lines for bucket in log.buckets if change_time and bucket.start >= change_time)
    span = (log.last_time - log.first_time).total_seconds()
    for template in errors:
        first_time = template.first_time or log.first_time
        if change_time:
            is_new = template.count_before == 0 and first_time >= change_time
            after = after_change / max(log.lines, 1)
        else:
            is_new = template.level != "unknown"  # words alone are too weak where nothing says when to look
            after = (log.last_time - first_time).total_seconds() / span
        if is_new and not (ignore and ignore.search(template.text)):
            if template.count * math.log(max(after, 1e-9)) < math.log(surprise / len(errors)):
                yield template


def by_likely_cause(templates: list[Template], together_s: float) -> list[Template]:
    """Earliest first; those within together_s of the earliest by how much they sound like a cause."""
    first = min(template.first_time for template in templates if template.first_time)

    def rank(template: Template) -> tuple[Any, ...]:
        came = template.first_time or first
        late = (came - first).total_seconds() > together_s
        sounds = bool(EFFECT.search(template.text)) - 2 * bool(CAUSE.search(template.text))
        return (late, came if late else first, sounds, came, template.first_line)

    return sorted(templates, key=rank)


def announced(log: LogEvidence, cause: Template, change_time: datetime) -> Template | None:
    """The new harmless message between change and cause that shares the rarest words with it, and best of all a setting."""

    def words(template: Template) -> set[str]:
        return set(re.findall(r"[a-z]{3,}", template.text.lower()))

    def settings(template: Template) -> set[str]:
        return set(re.findall(r"([a-z_.]+)=<\*>", template.text.lower()))

    templates = log.templates
    frequency = Counter(word for template in templates for word in words(template))

    def shared(template: Template) -> float:
        both = sum(math.log(len(templates) / frequency[word]) for word in words(template) & words(cause))
        return both + 3 * len(settings(template) & settings(cause))

    between = [
        template
        for template in templates
        if template.first_time and cause.first_time and change_time <= template.first_time <= cause.first_time
        if not is_error(template) and template.count_before == 0
    ]
    best = max(between, key=shared, default=None)
    return best if best and shared(best) > 2 else None


@conclave.expert(scope="logs.templates")
def assess(evidence: conclave.Evidence, job: conclave.ExpertJob) -> conclave.ExpertResponse | conclave.Abstain:
    change_time = evidence.case.change_time
    logs = {log.path: log for log in evidence.logs if log.readable and log.first_time and log.last_time > log.first_time}
    if change_time:
        logs = {path: log for path, log in logs.items() if log.first_time < change_time < log.last_time}
    if not logs:
        return conclave.Abstain(f"no log with time stamps{' before and after the change' if change_time else ''}")
    ignore = re.compile(job.settings["ignore"], re.IGNORECASE) if job.settings["ignore"] else None
    new = [one for log in logs.values() for one in new_errors(log, change_time, job.settings["surprise"], ignore)]
    since = f"the change at {change_time:%H:%M}" if change_time else "the log began"
    if not new:
        content = f"No kind of error appeared after {since} that chance would not explain."
        return conclave.ExpertResponse(verdict=evidence.case.grade(0), confidence=0.75, content=content)
    new = by_likely_cause(new, job.settings["together_s"])
    claims: list[conclave.Claim] = []
    for template in new[:5]:
        log = logs[template.source]
        text = (
            f"{'New as well' if claims else 'Most likely cause'}, in {log.name}: \"{template.text[:200]}\" first at "
            f"{template.first_time:%Y-%m-%d %H:%M:%S} in line {template.first_line:,}, {template.count:,} lines, none before"
        )
        cited = [conclave.Citation.log(log.path, template.first_line), conclave.Citation.template(log.path, template.id)]
        claims.append(conclave.Claim(text, severity=0.6 if claims else 0.9, evidence=cited))
    cause, log = new[0], logs[new[0].source]
    content = f"Since {since} there are new errors. {claims[0].text}."
    if hint := announced(log, cause, change_time) if change_time else None:
        text = f"Announced after {since}, in {log.name}: {log.line(hint.first_line).strip()[:200]}"
        cited = [conclave.Citation.log(log.path, hint.first_line)]
        claims.insert(1, conclave.Claim(text, severity=0.7, evidence=cited))
        content += f" {text}."
    # Bad if it keeps happening until the end; something that came and went leaves the case in between.
    quiet_at_the_end = (log.last_time - cause.last_time) / max(log.last_time - cause.first_time, log.last_time.resolution)
    goes_on = cause.count >= 20 and quiet_at_the_end <= 0.1 and any(one.level != "unknown" for one in new)
    return conclave.ExpertResponse(
        verdict=evidence.case.grade(1 if change_time and goes_on else 0.5),
        confidence=0.9 if change_time else 0.65,
        content=content,
        claims=claims,
    )
