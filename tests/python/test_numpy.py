"""Arrays of NumPy 1 and of NumPy 2 go in and out without a copy, and nothing needs NumPy."""

import os
import subprocess
import sys
from pathlib import Path

import conclave
import pytest
from environments import environment

PACKAGE = Path(conclave.__file__).parents[1]
CODE = """
import sys, numpy as np, conclave
from conclave import vectors
assert np.__version__.split(".")[0] == sys.argv[1], np.__version__
analyzer = conclave.PatternAnalyzer()
random = np.random.default_rng(1)
for dtype in (np.float32, np.float64):
    data = random.normal(size=(50, 8)).astype(dtype)
    unit = data / np.linalg.norm(data, axis=1, keepdims=True)
    for table in (data, np.asfortranarray(data), np.repeat(data, 2, axis=0)[::2], data[:, :], data.copy("F")):
        matrix = np.asarray(analyzer.similarity_matrix(table))
        assert matrix.shape == (50, 50) and matrix.dtype == dtype and not matrix.flags.owndata and not matrix.flags.writeable
        assert np.allclose(matrix, unit @ unit.T, atol=1e-5)
        assert np.allclose(np.asarray(analyzer.batch_process_patterns(table, table[3])), matrix[3], atol=1e-5)
    described = np.asarray(analyzer.process_numpy_data(data))
    assert described.shape == (8, 8) and np.allclose(described[2], data.mean(axis=0), atol=1e-6)
    assert np.allclose(np.asarray(vectors.normalized(data[0])), unit[0], atol=1e-6)
    frozen = data[0].copy()
    frozen.flags.writeable = False
    assert abs(analyzer.calculate_pattern_similarity(frozen, data[0]) - 1) < 1e-6
for wrong in (np.arange(4), np.ones(4, np.float16), np.ones(4, ">f8"), np.ones(4, complex), np.array(["a"])):
    try:
        analyzer.calculate_pattern_similarity(wrong, wrong)
    except (TypeError, ValueError):
        pass
    else:
        raise SystemExit(f"took {wrong.dtype}")
response = conclave.ExpertResponse(content="x", confidence=np.float32(0.5), metadata={"n": np.int64(3), "x": np.arange(2)})
assert response.confidence == 0.5 and dict(response.metadata) == {"n": 3, "x": [0, 1]}
print("fine")
"""


def run(python, code, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    return subprocess.run([str(python), "-c", code, *arguments], env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("version, packages", [("1", ["numpy<2"]), ("2", ["numpy>=2"])])
def test_arrays_of_either_numpy_are_taken_and_given(version, packages):
    python, why_not = environment(f"numpy{version}", packages)
    if python is None:
        pytest.skip(why_not)
    outcome = run(python, CODE, version)
    assert outcome.stdout == "fine\n", outcome.stderr


def test_nothing_imports_numpy():
    code = "import sys, conclave; conclave.PatternAnalyzer().similarity_matrix([[1.0]]); print('numpy' in sys.modules)"
    assert run(sys.executable, code).stdout == "False\n"
