"""The names of the module that Conclave replaces: a circle of experts over plain responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from conclave import _core, _embedding
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
    healthy, degraded or failing; if none of their labels is one of these, on the labels that they have, in no order. Responses
    without a verdict are grouped by their text. ValueError for a label beside healthy, degraded or failing that is none of them.
    With a semantic config its embedding is called once, with the texts of all; CircleError if that fails."""
    config = config if config is not None else CircleConfig()
    if config.similarity_algorithm != "semantic":
        return _core.conclude(responses, config=config)
    answers = [ExpertResponse.coerce(response) for response in responses]
    vectors = _embedding.embed(config.embedding, _core.texts_to_embed(answers))
    return _core.conclude(answers, config=config, vectors=vectors)


def compute_text_similarity(
    text1: str, text2: str, algorithm: str = "cosine", *, embedding: str | Callable[[list[str]], Any] | None = None
) -> float:
    """How alike two texts are, in [0, 1]. algorithm: cosine, jaccard, levenshtein, or semantic with an embedding, as CircleConfig
    takes it; CircleError if that fails."""
    if algorithm != "semantic":
        if embedding is not None:
            raise ValueError("an embedding is for algorithm 'semantic'")
        return _core.text_similarity(text1, text2, algorithm)
    if not text1 or not text2:
        return _core.text_similarity(text1, text2)  # says what is no str
    return _core.semantic_similarities(_embedding.embed(embedding, [text1, text2]))[0][1]


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
