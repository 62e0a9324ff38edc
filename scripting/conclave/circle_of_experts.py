"""The names of the module that Conclave replaces: a circle of experts over plain responses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from conclave import _core
from conclave._core import CircleConfig, ConsensusResult, ExpertResponse

__all__ = [
    "CircleConfig",
    "CircleOfExperts",
    "ConsensusResult",
    "ExpertResponse",
    "RustCircleConfig",
    "compute_text_similarity",
    "process_expert_responses",
]

RustCircleConfig = CircleConfig  # its name there


def process_expert_responses(responses: Iterable[Any], config: CircleConfig | None = None) -> ConsensusResult:
    """The consensus of responses (ExpertResponses, mappings or objects with those attributes). Responses with a verdict vote on
    healthy, degraded or failing; those without are grouped by their text."""
    return _core.conclude(responses, config=config if config is not None else CircleConfig())


def compute_text_similarity(a: str, b: str, algorithm: str = "cosine") -> float:
    """How alike two texts are, in [0, 1]. algorithm: cosine, jaccard or levenshtein."""
    return _core.text_similarity(a, b, algorithm)


class CircleOfExperts:
    """A circle with a configuration of its own."""

    __slots__ = ("config",)

    def __init__(self, config: CircleConfig | None = None) -> None:
        self.config = config if config is not None else CircleConfig()

    def process_expert_responses(self, responses: Iterable[Any], config: CircleConfig | None = None) -> ConsensusResult:
        """See process_expert_responses; `config` goes before the circle's own."""
        return process_expert_responses(responses, config if config is not None else self.config)

    def __repr__(self) -> str:
        return f"CircleOfExperts({self.config!r})"
