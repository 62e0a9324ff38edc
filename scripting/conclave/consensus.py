"""From what experts say to a verdict, and how alike texts are."""

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
    "CircleConfig",
    "Citation",
    "Claim",
    "ConsensusResult",
    "ExpertResponse",
    "agreement",
    "conclude",
    "similarity_matrix",
    "text_similarity",
]
