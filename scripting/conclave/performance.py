"""The names of the module that Conclave replaces: tasks and numbers in bulk."""

from __future__ import annotations

from array import array
from typing import Any

from conclave import _core
from conclave.tasks import AsyncProcessor, TaskExecutor, TaskResult

__all__ = ["AsyncProcessor", "PatternAnalyzer", "TaskExecutor", "TaskResult"]


def _vector(value: Any) -> Any:
    """Lists and tuples of numbers are copied to float64; arrays pass as they are."""
    return array("d", value) if isinstance(value, (list, tuple)) else value


def _matrix(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or not value:
        return value
    rows = [array("d", row) for row in value]
    if any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("the rows of a batch must have one length")
    flat = memoryview(b"".join(row.tobytes() for row in rows))
    return flat.cast("d", (len(rows), len(rows[0]))) if rows[0] else flat


def _matrix_or_vector(value: Any) -> Any:
    nested = isinstance(value, (list, tuple)) and value and isinstance(value[0], (list, tuple))
    return _matrix(value) if nested else _vector(value)


class PatternAnalyzer:
    """Similarity of numeric patterns: arrays of float32 or float64 (any layout, no copy), or lists of numbers."""

    __slots__ = ()

    def calculate_pattern_similarity(self, pattern1: Any, pattern2: Any) -> float:
        """Cosine of two one-dimensional patterns of one length, in [-1, 1]; 0 if either is all zeros. ValueError for different
        lengths, TypeError for other types of number."""
        return _core.cosine_similarity(_vector(pattern1), _vector(pattern2))

    def batch_process_patterns(self, batch: Any, reference: Any = None) -> memoryview:
        """Cosine of each row of `batch` (n x d) with `reference` (d), by default the mean row: n float64 with the buffer
        protocol."""
        return _core.cosine_similarities(_matrix(batch), None if reference is None else _vector(reference))

    def similarity_matrix(self, batch: Any) -> memoryview:
        """Cosine of each row of `batch` (n x d) with each: n x n, symmetric, float32 or float64 as the batch is, with the buffer
        protocol. Rows of zeros have 0 everywhere."""
        return _core.cosine_matrix(_matrix(batch))

    def process_numpy_data(self, data: Any) -> memoryview:
        """Eight rows of float64 with the buffer protocol, one column for each of `data` (rows x columns; one dimension is one
        column): count, NaNs, mean, standard deviation (of the population), min, median, 95th percentile (linear), max. NaNs are
        counted and left out of the rest; a column without numbers is NaN but for its two counts."""
        return _core.describe(_matrix_or_vector(data))

    def __repr__(self) -> str:
        return "PatternAnalyzer()"
