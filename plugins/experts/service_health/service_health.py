"""Says which services are not as the case expects them, which are slow, which flap, and whose certificate ends soon.

What happened on the way is kept apart from what the service did: `local_error` and `cancelled` tell of this machine or of
the user, so such a probe is no evidence. A latency is judged against an absolute limit and against the case's other services.
That a service flaps is known from the scans before; its certificate only where a probe looked at it.
"""

import math
from collections.abc import Iterable, Iterator
from statistics import median

import conclave
from conclave.evidence import ServiceEvidence

SAYS_NOTHING = {"local_error", "cancelled", "suspect"}
MEANING = {
    "closed": "nobody listens there",
    "rejected": "a firewall refuses it",
    "filtered": "no answer within the time-out",
    "unreachable": "there is no route to it",
    "dns_error": "its name has no address",
    "open": "somebody listens there",
}


def wrong_state(service: ServiceEvidence) -> tuple[float, conclave.Claim] | None:
    """A claim about a service that is not as expected, with how bad that is, or None."""
    expected = service.expect or "open"
    if service.state == expected or (
        expected == "closed" and service.state in ("rejected", "filtered", "unreachable", "dns_error")
    ):
        return None
    down = expected == "open"
    since = service.history.since if service.history and service.history.since_known and not service.history.up else None
    text = (
        f"{service.name} ({service.target}) should be {expected} and is {service.state}: "
        f"{MEANING.get(service.state, service.state)}"
        f"{f' ({service.detail})' if service.detail else ''}"
        f"{f', since {since:%Y-%m-%d %H:%M:%S} UTC' if down and since else ''}"
    )
    return 1 if down else 0.5, conclave.Claim(
        text, severity=0.95 if down else 0.6, evidence=[conclave.Citation.service(service.name)]
    )


def unmet(service: ServiceEvidence) -> tuple[float, conclave.Claim] | None:
    """A claim about a service that is open and does not say what the case expects of it, or None."""
    if not service.unmet:
        return None
    text = f"{service.name} ({service.target}) is open, but not as it should be: {service.unmet}"
    return 1, conclave.Claim(text, severity=0.9, evidence=[conclave.Citation.service(service.name)])


def slow_ones(services: Iterable[ServiceEvidence], slow_ms: float, outlier: float) -> Iterator[conclave.Claim]:
    timed = [
        (service, service.latency_ms)
        for service in services
        if service.state == "open" and service.latency_ms is not None and not math.isnan(service.latency_ms)
    ]
    for service, latency in timed:
        others = [ms for other, ms in timed if other is not service]
        far_out = len(others) >= 2 and latency > 50 and latency > outlier * median(others)
        if latency > slow_ms or far_out:
            beside = f"; the others take {median(others):.1f} ms (median)" if others else ""
            yield conclave.Claim(
                f"{service.name} ({service.target}) is slow: connecting took {latency:.0f} ms{beside}",
                severity=0.5,
                evidence=[conclave.Citation.service(service.name)],
            )


def unsteady_ones(services: Iterable[ServiceEvidence]) -> Iterator[conclave.Claim]:
    """What is up now and may be down the next time."""
    for service in services:
        known = service.history
        if service.state == "open" and (service.expect or "open") == "open" and known and known.flapping:
            yield conclave.Claim(
                f"{service.name} ({service.target}) is up and flaps: it went up or down {known.changes} times in "
                f"{known.scans} scans, and {known.uptime:.1%} of them found it up",
                severity=0.6,
                evidence=[conclave.Citation.service(service.name)],
            )


def ending_certificates(services: Iterable[ServiceEvidence], expiry_days: int) -> Iterator[conclave.Claim]:
    for service in services:
        days = service.tls.days_left if service.tls else None
        if service.state != "open" or days is None or days > expiry_days:
            continue
        when = f"ended {-days} days ago" if days < 0 else "ends today" if days == 0 else f"ends in {days} days"
        yield conclave.Claim(
            f"the certificate of {service.name} ({service.target}) {when}",
            severity=0.8 if days < 0 else 0.6,
            evidence=[conclave.Citation.service(service.name)],
        )


@conclave.expert(scope="services")
def assess(evidence: conclave.Evidence, job: conclave.ExpertJob) -> conclave.ExpertResponse | conclave.Abstain:
    if not evidence.services:
        return conclave.Abstain("no services named")
    known = [service for service in evidence.services if service.state not in SAYS_NOTHING]
    unknown = len(evidence.services) - len(known)
    if not known:
        return conclave.Abstain(
            f"none of {unknown} services could be probed from here: {evidence.services[0].detail or evidence.services[0].state}"
        )
    wrong = [(service, found) for service in known if (found := wrong_state(service) or unmet(service))]
    claims = [claim for _, (_, claim) in sorted(wrong, key=lambda each: -each[1][0])]
    judged = {id(service) for service, _ in wrong}
    right = [service for service in known if id(service) not in judged]
    claims += ending_certificates(right, job.settings["expiry_days"])
    claims += unsteady_ones(right)
    claims += slow_ones(known, job.settings["slow_ms"], job.settings["outlier"])
    badness = max([bad for _, (bad, _) in wrong] + [0.5 if claims else 0])
    left_out = f" {unknown} could not be probed from here and say nothing." if unknown else ""
    if not claims:
        who = "The service is as it" if len(known) == 1 else f"All {len(known)} services are as they"
        content = f"{who} should be.{left_out}"
    else:
        cited = len({claim.evidence[0].source for claim in claims})
        content = f"{cited} of {len(known)} services are not as they should be. {claims[0].text}.{left_out}"
    # An unprobed service may be the broken one, so it costs confidence only when the answer is a good one.
    confidence = 0.95 if claims else 0.95 * len(known) / len(evidence.services)
    return conclave.ExpertResponse(verdict=evidence.case.grade(badness), confidence=confidence, content=content, claims=claims)
