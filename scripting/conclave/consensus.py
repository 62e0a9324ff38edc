"""From what experts say to a verdict, of one question or of many items, and how alike texts are."""

from conclave._aggregation import (
    METHODS,
    Aggregation,
    Agreement,
    aggregate_verdicts,
    aggregate_verdicts_async,
    krippendorff_alpha,
)
from conclave._core import (
    CircleConfig,
    Citation,
    Claim,
    ConsensusResult,
    ExpertResponse,
    agreement,
    conclude,
    similarity_matrix,
    text_similarity,
)

__all__ = [
    "METHODS",
    "Aggregation",
    "Agreement",
    "CircleConfig",
    "Citation",
    "Claim",
    "ConsensusResult",
    "ExpertResponse",
    "aggregate_verdicts",
    "aggregate_verdicts_async",
    "agreement",
    "conclude",
    "krippendorff_alpha",
    "similarity_matrix",
    "text_similarity",
]
