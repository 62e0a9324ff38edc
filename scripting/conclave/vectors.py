"""Similarity over arrays. Anything with the buffer protocol (NumPy, array, memoryview) of float32 or float64 is taken without a
copy, also strided; results are memoryviews of float64, so that numpy.asarray(result) does not copy either."""

from conclave._core import (
    cosine_matrix,
    cosine_similarities,
    cosine_similarity,
    describe,
    dimensions,
    norm,
    normalized,
)

__all__ = [
    "cosine_matrix",
    "cosine_similarities",
    "cosine_similarity",
    "describe",
    "dimensions",
    "norm",
    "normalized",
]
