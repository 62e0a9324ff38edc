"""Audits the configuration: the engine's own findings, plain-text secrets, insecure addresses, single replicas.

A secret is looked for by the name of its key, and, as names are not always honest, by Shannon entropy (C. Shannon, 1948: bits
per character of the value's own letters; English words have about 3, random base64 over 4.5). References such as ${NAME} or
/run/secrets/x are how it should be done. Claims name the key and the line, never the value.
"""

import ipaddress
import math
import re
from collections import Counter
from urllib.parse import urlsplit

import conclave
from conclave.evidence import ConfigValue, Problem

SECRET_KEY = re.compile(r"(passw(or)?d|(?<!existing)secret|token|api[_-]?key|private[_-]?key|credential)s?$", re.IGNORECASE)
REFERENCE = re.compile(
    r"^\$|^\{\{|^<.*>$|^/|^(file|vault|ssm|secret(s|smanager)?|env|arn):|^(true|false|null|~|\*+)?$",
    re.IGNORECASE,
)
RANDOM = re.compile(r"^[A-Za-z0-9+/_=-]{24,}$")
FOUND_BY_THE_ENGINE = ("plain-text-secret", "secret-in-url", "insecure-url")
PLAIN = {
    "http": "without encryption",
    "ftp": "without encryption",
    "redis": "without TLS",
    "amqp": "without TLS",
    "ldap": "without TLS",
}


def badness_of(problem: Problem) -> float:
    """Two services on one port break each other only where they share a host, so that alone is not the worst."""
    return 0 if problem.severity == "note" else 1 if problem.severity == "error" and problem.rule != "duplicate-port" else 0.5


def entropy(text: str) -> float:
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


def stays_inside(host: str) -> bool:
    """This machine, a private address, or a bare name as cluster-internal services have."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost", ".svc", ".test", ".example"))
    return address.is_private or address.is_loopback


def look_at(value: ConfigValue) -> tuple[str, str] | None:
    """(severity, text) of what is wrong with one value of the file, or None."""
    key, text = str(value.keys[-1]) if value.keys else "", str(value.value).strip()
    named = key.isdigit() and re.match(r"\w+=", text)  # an environment written as a list of NAME=value
    if named:
        key, text = text.split("=", 1)
    place = f"{value.path} ({key})" if named else value.path
    is_count = text.isdigit() and key.lower().endswith("tokens")  # such as max_tokens
    if SECRET_KEY.search(key) and not REFERENCE.match(text) and not is_count:
        return "warning", f"{place} holds a secret in plain text ({len(text)} characters)"
    if "://" in text:
        try:
            url = urlsplit(text)
            host, password = url.hostname or "", url.password
        except ValueError:
            return "warning", f"{place} is not a valid address"
        if password and not REFERENCE.match(password):
            return "warning", f"{place} holds a password inside an address"
        if url.scheme in PLAIN and not stays_inside(host):
            return (
                "warning" if url.scheme in ("http", "ftp") else "note"
            ), f"{place} talks to {host} {PLAIN[url.scheme]} ({url.scheme}://)"
        return None
    digits, letters = any(c.isdigit() for c in text), any(c.isupper() for c in text) and any(c.islower() for c in text)
    if RANDOM.match(text) and digits and letters and entropy(text) > 4.0:
        return "warning", f"{place} looks like a key or token in plain text ({len(text)} random characters)"
    return None


@conclave.expert(scope="config")
def assess(evidence: conclave.Evidence, job: conclave.ExpertJob) -> conclave.ExpertResponse | conclave.Abstain:
    if evidence.config is None:
        return conclave.Abstain("no configuration named")
    config = evidence.config
    found: list[tuple[str, str, str, int]] = []
    for problem in config.problems:
        fix = f"; {problem.fix}" if problem.fix else ""
        found.append((problem.severity, f"{problem.message}{fix} [{problem.rule}]", problem.file or config.file, problem.line))
    seen = {problem.line for problem in config.problems if problem.rule in FOUND_BY_THE_ENGINE}
    for value in config.values:
        finding = None if value.line in seen else look_at(value)
        if finding:
            found.append((*finding, config.file, value.line))
    if job.settings["single_replica"]:
        lines = {value.keys: value.line for value in config.values}
        for index, service in enumerate(config.services):
            name = service.get("name", "?")
            line = lines.get(("services", name, "replicas")) or lines.get(("services", index, "replicas"))
            if line and service.get("replicas") == 1:  # only where the file says so
                found.append(("note", f"{name} runs as a single replica: it is away whenever that one is", config.file, line))
    severities = {"error": 0.8, "warning": 0.5, "note": 0.2}
    found.sort(key=lambda finding: (-severities[finding[0]], finding[3]))
    claims = [
        conclave.Claim(
            text,
            stance="neutral" if severity == "note" else "supports",
            severity=severities[severity],
            evidence=[conclave.Citation.config(file, line)] if line else [],
        )
        for severity, text, file, line in found[:20]
    ]
    badness = max((badness_of(problem) for problem in config.problems), default=0)
    badness = max(badness, 0.5 if any(severity == "warning" for severity, *_ in found) else 0)
    if badness:
        count = sum(f[0] != "note" for f in found)
        content = f"{count} thing{'s' if count > 1 else ''} to mend in the configuration. {claims[0].text}."
    else:
        services, values = len(config.services), len(config.values)
        content = f"Nothing to mend in {services} service{'s' * (services != 1)} and {values} value{'s' * (values != 1)}."
    return conclave.ExpertResponse(verdict=evidence.case.grade(badness), confidence=0.85, content=content, claims=claims)
