"""Conclave: gather evidence, ask a circle of experts, and get a verdict with its reasons.

    import conclave

    report = conclave.consult(conclave.Case.load("case.yaml"))
    print(report.verdict, report.passed, report.confidence_score)

An expert is a function:

    @conclave.expert(scope="disk")
    def assess(evidence, job):
        full = [t for t in evidence.templates if "No space left" in t.text]
        if not full:
            return conclave.Abstain("no log mentions a full disk")
        claim = conclave.Claim(full[0].text, severity=0.9,
                               evidence=[conclave.Citation.log(full[0].source, full[0].sample_line)])
        return conclave.ExpertResponse(content="A disk is full.", verdict="failing", confidence=0.9, claims=[claim])

The same package is importable inside the program and from a plain /usr/bin/python3.
"""

from conclave import (
    circle_of_experts,
    config,
    consensus,
    history,
    infrastructure,
    logs,
    performance,
    scan,
    security,
    tasks,
    vectors,
)
from conclave._core import (
    Cancelled,
    CancelledError,
    Case,
    CircleConfig,
    CircleError,
    Citation,
    Claim,
    ConclaveError,
    ConsensusResult,
    ExpertResponse,
    InfrastructureError,
    Job,
    PerformanceError,
    Problem,
    Report,
    SecureVault,
    SecurityError,
    SerializationError,
    __version__,
)
from conclave._expert_job import ExpertJob
from conclave.case import consult, consult_async
from conclave.circle_of_experts import CircleOfExperts, RustCircleConfig, compute_text_similarity, process_expert_responses
from conclave.config import ConfigParser
from conclave.evidence import Evidence
from conclave.experts import Abstain, embedding, expert, hook, probe, rule
from conclave.logs import LogAnalyzer
from conclave.performance import PatternAnalyzer
from conclave.scan import ServiceScanner
from conclave.tasks import AsyncProcessor, TaskExecutor, TaskResult

__all__ = [
    "Abstain",
    "AsyncProcessor",
    "Cancelled",
    "CancelledError",
    "Case",
    "CircleConfig",
    "CircleError",
    "CircleOfExperts",
    "Citation",
    "Claim",
    "ConclaveError",
    "ConfigParser",
    "ConsensusResult",
    "Evidence",
    "ExpertJob",
    "ExpertResponse",
    "InfrastructureError",
    "Job",
    "LogAnalyzer",
    "PatternAnalyzer",
    "PerformanceError",
    "Problem",
    "Report",
    "RustCircleConfig",
    "SecureVault",
    "SecurityError",
    "SerializationError",
    "ServiceScanner",
    "TaskExecutor",
    "TaskResult",
    "__version__",
    "circle_of_experts",
    "compute_text_similarity",
    "config",
    "consensus",
    "consult",
    "consult_async",
    "embedding",
    "expert",
    "history",
    "hook",
    "infrastructure",
    "logs",
    "performance",
    "probe",
    "process_expert_responses",
    "rule",
    "scan",
    "security",
    "tasks",
    "vectors",
]
