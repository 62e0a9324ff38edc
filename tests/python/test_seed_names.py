"""The names of the module that Conclave replaces, over the real engine."""

import array
import inspect
import json
import pathlib
import socket
import types

import conclave
import pytest
from conclave import circle_of_experts, infrastructure, performance

# What the review of that module recommends (its sections 9.2 and 14), word for word but for the name of the package.
TEST_PATTERN = """
# Recommended test pattern
import pytest
from conclave import ServiceScanner

def test_service_scanner():
    scanner = ServiceScanner(timeout_ms=100)
    results = scanner.scan_services([("localhost", 80)])
    assert isinstance(results, list)
"""
USAGE_PATTERN = """
# Recommended usage pattern
from conclave import CircleOfExperts, RustCircleConfig

class EnhancedCircleOfExperts:
    def __init__(self):
        self.config = RustCircleConfig(
            enable_parallel_processing=True,
            similarity_algorithm="cosine"
        )
        self.rust_processor = CircleOfExperts()
    
    def process_responses(self, responses):
        # Prepare data for Rust
        rust_responses = [
            {
                "expert_name": r.name,
                "content": r.content,
                "confidence": r.confidence,
                "metadata": r.metadata,
                "timestamp": r.timestamp
            }
            for r in responses
        ]
        
        # Call Rust implementation
        result = self.rust_processor.process_expert_responses(
            rust_responses, 
            self.config
        )
        
        # Convert back to Python domain objects
        return ConsensusResult.from_rust(result)
"""  # noqa: W291, W293

TEXT = "2026-03-01T12:00:00Z ERROR a\n2026-03-01T12:30:00Z deprecated b\n2026-03-01 14:00:01 fine\nno stamp Exception\n"


def test_the_top_level_has_them_too():
    assert conclave.LogAnalyzer is infrastructure.LogAnalyzer
    assert conclave.ServiceScanner is infrastructure.ServiceScanner
    assert conclave.CircleOfExperts is circle_of_experts.CircleOfExperts
    assert conclave.PatternAnalyzer is performance.PatternAnalyzer


@pytest.mark.parametrize(
    "function, parameters",
    [
        (conclave.ServiceScanner, ["timeout_ms=1000", "max_threads=None"]),
        (conclave.ServiceScanner.scan_services, ["services"]),
        (conclave.ServiceScanner.scan, ["targets"]),
        (conclave.ServiceScanner.clear_cache, []),
        (conclave.ConfigParser, []),
        (conclave.ConfigParser.parse_yaml, ["text"]),
        (conclave.ConfigParser.validate_config, ["config"]),
        (conclave.LogAnalyzer, ["patterns=None"]),
        (conclave.LogAnalyzer.analyze_logs, ["source"]),
        (conclave.LogAnalyzer.analyze_temporal_patterns, ["source"]),
        (conclave.TaskExecutor, ["thread_pool_size=None", "async_pool_size=None"]),
        (conclave.TaskExecutor.execute_batch, ["tasks"]),
        (conclave.TaskExecutor.get_stats, []),
        (conclave.AsyncProcessor, []),
        (conclave.AsyncProcessor.process_async, ["operation", "args"]),
        (conclave.PatternAnalyzer, []),
        (conclave.PatternAnalyzer.calculate_pattern_similarity, ["pattern1", "pattern2"]),
        (conclave.PatternAnalyzer.batch_process_patterns, ["batch", "reference=None"]),
        (conclave.PatternAnalyzer.similarity_matrix, ["batch"]),
        (conclave.PatternAnalyzer.process_numpy_data, ["data"]),
        (conclave.CircleOfExperts, ["config=None"]),
        (conclave.CircleOfExperts.process_expert_responses, ["responses", "config=None"]),
        (conclave.process_expert_responses, ["responses", "config=None"]),
        (conclave.compute_text_similarity, ["text1", "text2", "algorithm='cosine'"]),
        (conclave.ExpertResponse, ["expert_name=''", "content=''", "confidence=0.5", "metadata=None", "timestamp=0"]),
    ],
    ids=lambda item: getattr(item, "__qualname__", ""),
)
def test_signatures_are_those_of_the_module_that_conclave_replaces(function, parameters):
    known = [one for one in inspect.signature(function).parameters.values() if one.name != "self"]
    said = [one.name if one.default is one.empty else f"{one.name}={one.default!r}" for one in known]
    assert said[: len(parameters)] == parameters


def test_the_recommended_test_pattern_passes():
    namespace = {}
    exec(TEST_PATTERN, namespace)
    namespace["test_service_scanner"]()


def test_the_recommended_usage_pattern_works():
    class DomainResult:
        """What the example calls ConsensusResult: a class of its user's."""

        @classmethod
        def from_rust(cls, result):
            return result.groups, result.consensus_text

    namespace = {"ConsensusResult": DomainResult}
    exec(USAGE_PATTERN, namespace)
    answers = [
        types.SimpleNamespace(name=name, content=content, confidence=0.9, metadata={"model": name}, timestamp=1_700_000_000)
        for name, content in (("a", "The disk of the database is full."), ("b", "The disk of the database is full!"), ("c", "No."))
    ]
    groups, text = namespace["EnhancedCircleOfExperts"]().process_responses(answers)
    assert groups[0] == ["a", "b"] and "disk of the database is full" in text


@pytest.mark.parametrize("form", ["text", "bytes", "path", "several"])
def test_logs_are_counted_by_pattern(form, tmp_path):
    (tmp_path / "a.log").write_text(TEXT)
    source = {"text": TEXT, "bytes": TEXT.encode(), "path": pathlib.Path(tmp_path / "a.log"), "several": [TEXT, b"failed\n"]}[form]
    more = 1 if form == "several" else 0
    analyzer = conclave.LogAnalyzer({"ends_in_b": "b$"})
    counts = analyzer.analyze_logs(source)
    assert counts == {
        "total_lines": 4 + more, "errors": 2 + more, "warnings": 1, "error": 2 + more, "warning": 1, "timestamp": 3, "ends_in_b": 1,
    }
    assert (analyzer.total_lines, analyzer.error_count, analyzer.warning_count) == (4 + more, 2 + more, 1)
    with pytest.raises(AttributeError):
        analyzer.total_lines = 3


def test_own_patterns_count_across_the_pieces_of_a_large_text():
    assert conclave.LogAnalyzer({"x": "x"}).analyze_logs("x" * 99 + "\n" + ("y" * 70 + "\n") * 40_000 + "x")["x"] == 2


def test_lines_are_counted_by_the_hour():
    assert conclave.LogAnalyzer().analyze_temporal_patterns(TEXT)[0] == ("2026-03-01T12:00:00Z", 2)


def test_nothing_is_nothing():
    assert conclave.LogAnalyzer().analyze_logs("") == dict.fromkeys(
        ("total_lines", "errors", "warnings", "error", "warning", "timestamp"), 0
    )
    assert conclave.LogAnalyzer().analyze_temporal_patterns("") == []
    with pytest.raises(TypeError):
        conclave.LogAnalyzer().analyze_logs(3)


def test_services_are_open_or_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        scanner = conclave.ServiceScanner(timeout_ms=500)
        assert scanner.scan_services([("127.0.0.1", port), ("127.0.0.1", 1)]) == [True, False]
        assert [result.state for result in scanner.scan([("127.0.0.1", port), "127.0.0.1:1"])] == ["open", "closed"]
    scanner.clear_cache()
    assert scanner.scan_services([("127.0.0.1", port)]) == [False]
    assert scanner.scan_services([]) == []
    with pytest.raises(ValueError):
        conclave.ServiceScanner(timeout_ms=0)
    with pytest.raises(ValueError):
        scanner.scan_services([("127.0.0.1", 0)])


def test_configurations_are_read_and_checked():
    parser = conclave.ConfigParser()
    text = "services:\n  api: {cpu_millicores: 50, ports: [80]}\n"
    assert json.loads(parser.parse_yaml(text))["services"][0]["name"] == "api"
    assert [problem.rule for problem in parser.validate_config(text)] == ["cpu-too-low"]
    assert [problem.rule for problem in parser.validate_config(parser.parse_yaml(text))] == ["cpu-too-low"]
    assert [problem.rule for problem in parser.validate_config(json.loads(parser.parse_yaml(text)))] == ["cpu-too-low"]
    with pytest.raises(conclave.InfrastructureError):
        parser.parse_yaml("a: [")


def test_responses_without_verdicts_are_grouped_by_text():
    responses = [
        {"expert_name": "a", "content": "The disk of the database server is full.", "confidence": 0.9},
        conclave.ExpertResponse("b", "The disk of the database server is full!", 0.8),
        {"expert_name": "c", "content": "Nothing to worry about.", "confidence": 0.7},
    ]
    for result in (conclave.process_expert_responses(responses), conclave.CircleOfExperts().process_expert_responses(responses)):
        assert result.verdict is None and result.groups[0] == ["a", "b"]
        assert result.confidence_score == pytest.approx(2 / 3, abs=0.1)
    strict = conclave.CircleConfig(min_consensus_threshold=1.0)
    assert max(map(len, conclave.process_expert_responses(responses, strict).groups)) <= 2


def test_wrong_responses_are_errors():
    with pytest.raises(TypeError):
        conclave.process_expert_responses([3])
    with pytest.raises((conclave.CircleError, ValueError)):
        conclave.process_expert_responses([{"expert_name": "a", "content": "x", "confidence": 7}])
    with pytest.raises(ValueError, match="cosine, jaccard, levenshtein or semantic"):
        conclave.compute_text_similarity("a", "b", "soundex")


@pytest.mark.parametrize("algorithm", ["cosine", "jaccard", "levenshtein"])
def test_texts_are_compared(algorithm):
    similar = conclave.compute_text_similarity("the disk is full", "the disk is almost full", algorithm)
    assert 0 < similar < 1 and conclave.compute_text_similarity("x", "x", algorithm) == 1


# Arrays through the buffer protocol


@pytest.mark.parametrize("code", ["f", "d"])
def test_patterns_are_compared_through_buffers(code):
    analyzer = conclave.PatternAnalyzer()
    a, b = array.array(code, [1, 0, 1]), array.array(code, [1, 1, 0])
    assert analyzer.calculate_pattern_similarity(a, b) == pytest.approx(0.5)
    assert analyzer.calculate_pattern_similarity([1, 0, 1], (1, 1, 0)) == pytest.approx(0.5)
    assert analyzer.calculate_pattern_similarity(memoryview(a), memoryview(b)) == pytest.approx(0.5)
    strided = memoryview(array.array(code, [1, 9, 0, 9, 1, 9]))[::2]
    assert analyzer.calculate_pattern_similarity(strided, b) == pytest.approx(0.5)
    assert analyzer.calculate_pattern_similarity(memoryview(a)[::-1], a) == pytest.approx(1.0)


def test_batches_are_compared_with_a_reference_or_their_mean():
    batch = [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0], [0.0, 0.0]]
    result = conclave.PatternAnalyzer().batch_process_patterns(batch, [1.0, 0.0])
    assert result.tolist() == pytest.approx([1, 0, -(0.5**0.5), 0]) and result.readonly and result.format == "d"
    assert conclave.PatternAnalyzer().batch_process_patterns([[1.0, 0.0], [0.0, 1.0]]).tolist() == pytest.approx([0.5**0.5] * 2)


def test_every_row_is_compared_with_every_other():
    batch = [[1.0, 0.0], [2.0, 2.0], [0.0, 0.0]]
    matrix = conclave.PatternAnalyzer().similarity_matrix(batch)
    assert (matrix.shape, matrix.format, matrix.readonly) == ((3, 3), "d", True)
    assert [list(map(lambda x: round(x, 6), row)) for row in matrix.tolist()] == [[1, 0.707107, 0], [0.707107, 1, 0], [0, 0, 0]]
    single = memoryview(array.array("f", [1, 2, 3, 4])).cast("B").cast("f", (2, 2))
    assert conclave.PatternAnalyzer().similarity_matrix(single).format == "f"


def test_tables_are_described_column_by_column():
    described = conclave.PatternAnalyzer().process_numpy_data([[1.0, 5.0], [3.0, float("nan")]])
    assert described.shape == (8, 2) and described.format == "d"
    assert [row[0] for row in described.tolist()] == pytest.approx([2, 0, 2, 1, 1, 2, 2.9, 3])
    assert [row[1] for row in described.tolist()] == [1, 1, 5, 0, 5, 5, 5, 5]
    assert conclave.PatternAnalyzer().process_numpy_data([1.0, 2.0]).shape == (8, 1)
    with pytest.raises(ValueError, match="dimension"):
        conclave.PatternAnalyzer().process_numpy_data(memoryview(bytes(64)).cast("d", (2, 2, 2)))
    with pytest.raises(TypeError):
        conclave.PatternAnalyzer().process_numpy_data("12")


def test_statistics_are_those_of_numpy():
    numpy = pytest.importorskip("numpy")
    data = numpy.random.default_rng(1).normal(size=(501, 7))
    data[::5, 3] = numpy.nan
    for table in (data, data.astype(numpy.float32), numpy.asfortranarray(data), data[::2, ::-1]):
        described = numpy.asarray(conclave.PatternAnalyzer().process_numpy_data(table))
        table = table.astype(float)
        expected = [
            (~numpy.isnan(table)).sum(0), numpy.isnan(table).sum(0), numpy.nanmean(table, 0), numpy.nanstd(table, 0),
            numpy.nanmin(table, 0), numpy.nanmedian(table, 0), numpy.nanpercentile(table, 95, axis=0), numpy.nanmax(table, 0),
        ]  # fmt: skip
        assert numpy.allclose(described, expected)
    matrix = numpy.asarray(conclave.PatternAnalyzer().similarity_matrix(data[:, :3]))
    unit = data[:, :3] / numpy.linalg.norm(data[:, :3], axis=1, keepdims=True)
    assert numpy.allclose(matrix, unit @ unit.T)


@pytest.mark.parametrize("wrong", [array.array("i", [1, 2]), b"ab", "ab", 3, None])
def test_other_types_of_number_are_type_errors(wrong):
    with pytest.raises(TypeError):
        conclave.PatternAnalyzer().calculate_pattern_similarity(wrong, array.array("d", [1, 2]))


def test_other_shapes_and_mixed_types_are_errors():
    analyzer = conclave.PatternAnalyzer()
    with pytest.raises(ValueError):
        analyzer.calculate_pattern_similarity([1.0], [1.0, 2.0])
    with pytest.raises(ValueError):
        analyzer.calculate_pattern_similarity([], [])
    with pytest.raises(ValueError, match="dimension"):
        analyzer.batch_process_patterns(array.array("d", [1, 2]))
    with pytest.raises(ValueError):
        analyzer.batch_process_patterns([[1.0], [1.0, 2.0]])
    with pytest.raises(TypeError):
        analyzer.calculate_pattern_similarity(array.array("f", [1]), array.array("d", [1]))


def test_numpy_arrays_of_every_layout_work():
    numpy = pytest.importorskip("numpy")
    rows = numpy.arange(1, 13, dtype=numpy.float32).reshape(3, 4)
    reference = rows[1].copy()
    expected = rows @ reference / (numpy.linalg.norm(rows, axis=1) * numpy.linalg.norm(reference))
    for layout in (rows, numpy.asfortranarray(rows), numpy.repeat(rows, 2, axis=1)[:, ::2]):
        result = conclave.PatternAnalyzer().batch_process_patterns(layout, reference)
        assert numpy.allclose(numpy.asarray(result), expected, atol=1e-6)
    with pytest.raises(TypeError):
        conclave.PatternAnalyzer().calculate_pattern_similarity(rows[0].astype(">f4"), rows[0])
    with pytest.raises(TypeError):
        conclave.PatternAnalyzer().calculate_pattern_similarity(rows[0].astype(numpy.float16), rows[0])


def test_similarity_matrices_are_square_views():
    matrix = memoryview(conclave.consensus.similarity_matrix(["a b c", "a b d", "x"]))
    assert matrix.shape == (3, 3) and matrix[0, 0] == 1 and matrix[0, 1] == matrix[1, 0]


def test_labels_of_a_question_that_nobody_asked():
    said = [("a", "ship"), ("b", {"ship": 0.8, "hold": 0.2}), ("c", "hold")]
    responses = [conclave.ExpertResponse(name, "because", 0.9, verdict=verdict) for name, verdict in said]
    result = conclave.process_expert_responses(responses)
    assert result.verdict == "ship" and result.passed and result.dissenting_opinions[0]["verdict"] == "hold"
    assert conclave.process_expert_responses(responses[::-1]).confidence_score == result.confidence_score
    with pytest.raises(ValueError, match=r"response of 'b' \(responses\[1\]\): the verdict 'hold' is not one of the question's"):
        conclave.process_expert_responses(
            [conclave.ExpertResponse("a", "x", verdict="healthy"), conclave.ExpertResponse("b", "x", verdict="hold")]
        )


def test_a_config_of_a_circle_in_the_order_of_its_fields():
    config = conclave.CircleConfig(0.5, False, None, "jaccard")
    assert (config.min_consensus_threshold, config.enable_parallel_processing) == (0.5, False)
    assert (config.max_threads, config.similarity_algorithm) == (None, "jaccard")
    config.max_threads = 3
    assert config.max_threads == 3 and conclave.CircleConfig(max_threads=0).max_threads is None
    for wrong, error in ((-1, ValueError), (2**40, ValueError), ("2", TypeError), (1.5, TypeError)):
        with pytest.raises(error, match="max_threads"):
            config.max_threads = wrong
    assert conclave.compute_text_similarity(text1="a b", text2="a b") == 1
