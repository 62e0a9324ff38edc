"""Finds kinds of messages (templates) that are new since the change, and names the most likely cause first.

"New" needs care: a rare message that simply had not come up yet is new as well. If a message came at a steady rate, each of its n
occurrences would fall after the change with probability q, the share of the log that lies there; so all of them do by chance with
probability q^n. Only what is less likely than the setting `surprise` (divided by the number of error templates looked at, after
Bonferroni) counts. Without a change time, the moment of a template's own first appearance takes its place.

Causes come before their effects, so the earliest new error leads. Within a few seconds order says little (some logs have no
fractions of a second), so there a message that names something used up goes before one that only reports waiting for another.
"""

import math
import re
from collections import Counter

import conclave

CAUSE = re.compile(
    r"exhaust|out of memory|oom|no space|disk full|too many|quota|limit|deadlock|corrupt|denied|expired|certificate"
    r"|refused|no such|not found|invalid|mismatch|panic|segfault",
    re.IGNORECASE,
)
EFFECT = re.compile(r"upstream|time[d]?[ -]?out|retry|gave up|unavailable|\b50[234]\b|failed$", re.IGNORECASE)
ERROR_WORDS = re.compile(r"error|exception|failed|fatal|panic", re.IGNORECASE)


def grade(case, badness):
    """0 good, 1 in between, 2 bad, in the case's own words; no label if its verdicts have no order."""
    return case.verdicts[math.ceil(badness / 2 * (len(case.verdicts) - 1))] if case.ordered else None


def is_error(template):
    return template.level in ("error", "fatal") or (
        template.level == "unknown" and ERROR_WORDS.search(template.text) is not None
    )


def new_errors(log, change_time, surprise):
    """Error templates of a log that were not there before, and that chance does not explain."""
    errors = [template for template in log.templates if is_error(template) and template.first_time]
    span = (log.last_time - log.first_time).total_seconds()
    since_change = sum(bucket.lines for bucket in log.buckets if change_time and bucket.start >= change_time) / max(
        log.lines, 1
    )
    found = []
    for template in errors:
        if change_time:
            if template.count_before or template.first_time < change_time:
                continue
            after = since_change
        else:
            after = (log.last_time - template.first_time).total_seconds() / span
        if after < 0.98 and template.count * math.log(max(after, 1e-9)) < math.log(surprise / len(errors)):
            found.append(template)
    return found


def by_likely_cause(templates, together_s):
    """Earliest first; those within together_s of the earliest by how much they sound like a cause."""
    first = min(template.first_time for template in templates)

    def rank(template):
        late = (template.first_time - first).total_seconds() > together_s
        sounds = bool(EFFECT.search(template.text)) - 2 * bool(CAUSE.search(template.text))
        return (late, template.first_time if late else first, sounds, template.first_time, -template.count)

    return sorted(templates, key=rank)


def words(template):
    return set(re.findall(r"[a-z]{3,}", template.text.lower()))


def announced(log, cause, change_time):
    """The new harmless line between change and cause that shares the rarest words with it, such as a changed setting."""
    templates = log.templates
    frequency = Counter(word for template in templates for word in words(template))

    def shared(template):
        return sum(math.log(len(templates) / frequency[word]) for word in words(template) & words(cause))

    between = [
        template
        for template in templates
        if not is_error(template)
        and template.first_time
        and not template.count_before
        and change_time <= template.first_time <= cause.first_time
    ]
    best = max(between, key=shared, default=None)
    return best if best and shared(best) > 1 else None


@conclave.expert(scope="logs.templates")
def assess(evidence, job):
    change_time = evidence.case.change_time
    logs = {
        log.path: log
        for log in evidence.logs
        if log.readable and log.templates and log.first_time and log.last_time > log.first_time
    }
    if change_time:
        logs = {path: log for path, log in logs.items() if log.first_time < change_time < log.last_time}
    if not logs:
        return conclave.Abstain(
            "no log with time stamps before and after the change" if change_time else "no log with time stamps"
        )
    new = [template for log in logs.values() for template in new_errors(log, change_time, job.settings["surprise"])]
    since = f"the change at {change_time:%H:%M}" if change_time else "the beginning"
    if not new:
        return conclave.ExpertResponse(
            verdict=grade(evidence.case, 0),
            confidence=0.75,
            content=f"No kind of error appeared since {since} that chance would not explain.",
        )
    new = by_likely_cause(new, job.settings["together_s"])
    claims = []
    for place, template in enumerate(new[:5]):
        log = logs[template.source]
        text = (
            f"{'Most likely cause' if place == 0 else 'New since then'}, in {log.name}: \"{template.text[:200]}\" first at "
            f"{template.first_time:%Y-%m-%d %H:%M:%S} in line {template.first_line:,}, {template.count:,} times, never before {since}"
        )
        claims.append(
            conclave.Claim(
                text,
                severity=0.9 if place == 0 else 0.6,
                evidence=[
                    conclave.Citation.log(log.path, template.first_line),
                    conclave.Citation.template(log.path, template.id),
                ],
            )
        )
    cause, log = new[0], logs[new[0].source]
    hint = announced(log, cause, change_time) if change_time else None
    if hint:
        claims.insert(
            1,
            conclave.Claim(
                f"Announced after {since}, in {log.name}: {log.line(hint.first_line).strip()[:200]}",
                severity=0.7,
                evidence=[conclave.Citation.log(log.path, hint.first_line)],
            ),
        )
    # Bad if it keeps happening until the end, or is fatal; something that came and went leaves the case in between.
    lasted = (log.last_time - cause.first_time).total_seconds()
    goes_on = cause.count >= 20 and (log.last_time - cause.last_time).total_seconds() <= 0.1 * lasted
    declared = any(template.level in ("error", "fatal") for template in new)
    return conclave.ExpertResponse(
        verdict=grade(evidence.case, 2 if goes_on and declared and change_time else 1),
        confidence=0.9 if change_time else 0.65,
        claims=claims,
        content=f"{claims[0].text}." + (f" {claims[1].text}." if hint else ""),
    )
