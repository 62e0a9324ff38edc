"""Finds lines that say a resource is exhausted."""

import re

import conclave


@conclave.expert(scope="@NAME@")
def assess(evidence, job):
    words = re.compile(job.settings["words"], re.IGNORECASE)
    found = [template for template in evidence.templates if words.search(template.text)]
    if not found:
        return conclave.ExpertResponse(content="No log says that a resource is exhausted.", verdict=evidence.case.grade(0), confidence=0.6)
    claims = []
    for template in found:
        line = conclave.Citation.log(template.source, template.sample_line)
        claims.append(conclave.Claim(f"{template.count} x {template.text}", severity=0.9, evidence=[line]))
    return conclave.ExpertResponse(
        content=f"{len(found)} kinds of lines say that a resource is exhausted.", verdict=evidence.case.grade(1), confidence=0.8, claims=claims
    )
