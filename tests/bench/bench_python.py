"""What a call from Python costs: the crossing itself beside the work, and the goals.

    PYTHONPATH=build/release/python python3 tests/bench/bench_python.py

Plain timeit: the best-known number of calls for about 20 ms, 21 rounds, the median. NumPy and scikit-learn are measured in the same
run where they are installed. Ends with 1 if a goal was missed.
"""

from __future__ import annotations

import array
import importlib
import random
import statistics
import subprocess
import sys
import threading
import time
import timeit
import types
from collections.abc import Callable
from typing import Any

import conclave
from conclave import consensus, logs, vectors

ROUNDS = 21


def optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


numpy = optional("numpy")
sklearn = optional("sklearn.metrics.pairwise")


def seconds(call: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """Of one call: the median of the rounds."""
    timer = timeit.Timer(call, timer=clock)
    number, taken = timer.autorange()
    number = max(1, int(number * 0.02 / taken))
    return statistics.median(timer.repeat(ROUNDS, number)) / number


def told(value: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if value * scale >= 1:
            return f"{value * scale:.3g} {unit}"
    return f"{value * 1e6:.3f} us"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


# Overhead: the same call where there is nothing to do


def overheads() -> list[tuple[str, ...]]:
    text = "2026-03-01T12:00:00Z ERROR request 17 failed: connection refused by 10.0.0.7\n" * 13_000  # 1 MB
    one, million = array.array("f", [1.0]), array.array("f", range(1_000_000))
    words = " ".join(f"word{i % 97}" for i in range(2000))
    responses = [conclave.ExpertResponse(f"expert{i}", f"the disk {i % 3} is full", 0.8, verdict="failing") for i in range(20)]
    row = memoryview(array.array("f", [1.0])).cast("B").cast("f", (1, 1))
    batch = memoryview(array.array("f", [1.0 + i % 7 for i in range(384_000)])).cast("B").cast("f", (1000, 384))
    calls: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
        ("logs.summarize, 1 MB", lambda: logs.summarize("x"), lambda: logs.summarize(text)),
        ("LogAnalyzer.analyze_logs, 1 MB", lambda: conclave.LogAnalyzer().analyze_logs("x"), lambda: conclave.LogAnalyzer().analyze_logs(text)),
        ("compute_text_similarity, 2000 words", lambda: conclave.compute_text_similarity("", ""), lambda: conclave.compute_text_similarity(words, words + " x")),
        ("process_expert_responses, 20", lambda: conclave.process_expert_responses(responses[:1]), lambda: conclave.process_expert_responses(responses)),
        ("calculate_pattern_similarity, 1 M float32", lambda: vectors.cosine_similarity(one, one), lambda: vectors.cosine_similarity(million, million)),
        ("batch_process_patterns, 1000 x 384", lambda: vectors.cosine_similarities(row), lambda: vectors.cosine_similarities(batch)),
        ("scan_services, 1 closed port", lambda: conclave.ServiceScanner(cache_s=0).scan_services([]), lambda: conclave.ServiceScanner(cache_s=0).scan_services([("127.0.0.1", 1)])),
    ]  # fmt: skip
    rows = []
    for name, nothing, everything in calls:
        overhead, total = seconds(nothing), seconds(everything)
        rows.append((name, told(overhead), told(total), f"{100 * overhead / total:.1f} %"))
    return rows


# Goals


def goal(name: str, call: Callable[[], Any], limit: float) -> tuple[str, ...]:
    measured = seconds(call, time.process_time)  # one thread only: others that use the machine do not count
    return (name, told(measured), told(limit), f"{limit / measured:.2f}", "pass" if measured <= limit else "MISSED")


def ratio_goal(name: str, measured: float, wanted: float, peer: str) -> tuple[str, ...]:
    verdict = "pass" if measured >= wanted else "MISSED"
    return (f"{name} ({peer})", f"{measured:.2f} x", f"{wanted:.2f} x", f"{measured / wanted:.2f}", verdict)


def call_goals() -> list[tuple[str, ...]]:
    log = logs._opened("one\ntwo\nthree\n")
    line = "2026-03-01 ERROR failed"
    one = array.array("d", [1.0])
    mapping = {"expert_name": "disk", "content": "The disk is full.", "confidence": 0.9, "verdict": "failing", "scope": "disk"}
    plain = types.SimpleNamespace(**mapping)
    response, coerce = conclave.ExpertResponse, conclave.ExpertResponse.coerce
    big = array.array("d", bytes(80_000_000))
    thousand = array.array("d", [random.random() for _ in range(1000)])
    labels = ["healthy", "degraded", "failing"]
    pairs = [(random.choice(labels), "".join(random.choice(labels))) for _ in range(1000)]
    level_of, line_at, cosine, norm, normalized = logs.level_of, log.line_at, vectors.cosine_similarity, vectors.norm, vectors.normalized
    return [
        goal("call with an int (LogText.line_at)", lambda: line_at(5), 0.25e-6),
        goal("call with a str (logs.level_of)", lambda: level_of(line), 0.25e-6),
        goal("call with keywords (vectors.cosine_similarity(a=, b=))", lambda: cosine(a=one, b=one), 0.5e-6),
        goal("mapping -> ExpertResponse", lambda: coerce(mapping), 0.5e-6),
        goal("object -> ExpertResponse", lambda: coerce(plain), 0.5e-6),
        goal("ExpertResponse(three keywords)", lambda: response(expert_name="disk", content="The disk is full.", confidence=0.9), 1.0e-6),
        goal("acquire 80 MB of float64 (vectors.dimensions)", lambda: vectors.dimensions(big), 0.15e-6),
        goal("reduce 1000 float64 (vectors.norm)", lambda: norm(thousand), 2e-6),
        goal("1000 (str, str) pairs in (consensus.agreement)", lambda: consensus.agreement(pairs), 15e-6),
        goal("1000 float64 out (vectors.normalized)", lambda: normalized(thousand), 1.5e-6),
    ]  # fmt: skip


def numpy_goals() -> list[tuple[str, ...]]:
    random_numbers = numpy.random.default_rng(1)
    a, b = (random_numbers.random(1_000_000, dtype=numpy.float32) for _ in range(2))
    ours = seconds(lambda: vectors.cosine_similarity(a, b))
    theirs = seconds(lambda: a @ b / (numpy.linalg.norm(a) * numpy.linalg.norm(b)))
    rows = [ratio_goal(f"cosine of two 1 M float32: {told(ours)}", theirs / ours, 2.0, f"NumPy {numpy.__version__} {told(theirs)}")]
    batch = random_numbers.random((10_000, 384), dtype=numpy.float32)
    reference = batch[17].copy()
    ours = seconds(lambda: vectors.cosine_similarities(batch, reference))
    if sklearn is not None:
        theirs = seconds(lambda: sklearn.cosine_similarity(batch, reference[None, :]))
        rows.append(ratio_goal(f"batch 10,000 x 384: {told(ours)}", theirs / ours, 1.0, f"scikit-learn {told(theirs)}"))
        some = batch[:2000]
        ours, theirs = seconds(lambda: vectors.cosine_matrix(some)), seconds(lambda: sklearn.cosine_similarity(some))
        rows.append((f"matrix of 2,000 x 384: {told(ours)} (scikit-learn {told(theirs)})", f"{theirs / ours:.2f} x", "-", "-", "no goal"))
    else:
        theirs = seconds(lambda: batch @ reference / (numpy.linalg.norm(batch, axis=1) * numpy.linalg.norm(reference)))
        rows.append(ratio_goal(f"batch 10,000 x 384: {told(ours)}", theirs / ours, 1.0, f"NumPy {told(theirs)}"))
    return rows


# A Python counter beside a one-threaded engine call


def counted(stop: threading.Event, counts: list[int]) -> None:
    count = 0
    while not stop.is_set():
        for _ in range(1000):
            count += 1
    counts.append(count)


def count_beside(work: Callable[[], Any]) -> float:
    """Counts per second while `work` runs on another thread, which is this one."""
    stop, counts = threading.Event(), []  # type: ignore[var-annotated]
    counter = threading.Thread(target=counted, args=(stop, counts))
    counter.start()
    began = time.perf_counter()
    work()
    taken = time.perf_counter() - began
    stop.set()
    counter.join()
    return counts[0] / taken


def counter_goal() -> tuple[str, ...]:
    texts = [" ".join(random.choice("abcdefghij") * 7 for _ in range(1500)) for _ in range(14)]
    alone = conclave.CircleConfig(similarity_algorithm="levenshtein", enable_parallel_processing=False)

    def engine() -> None:
        consensus.similarity_matrix(texts, alone)

    def another_process() -> None:  # what one busy core costs the counter without any GIL
        subprocess.run([sys.executable, "-c", "import time\nend = time.time() + 0.5\nwhile time.time() < end: pass"], check=True)

    shares = [count_beside(engine) / count_beside(another_process) for _ in range(7)]
    return ratio_goal("Python counter beside a one-threaded engine call", statistics.median(shares), 0.8, "beside a process")


def main() -> int:
    print(f"Python {sys.version.split()[0]}, conclave {conclave.__version__}, NumPy {getattr(numpy, '__version__', 'absent')}")
    table(("operation", "overhead", "total", "share"), overheads())
    goals = call_goals() + (numpy_goals() if numpy is not None else []) + [counter_goal()]
    table(("goal", "measured", "limit", "ratio", ""), goals)
    return 1 if any(row[-1] == "MISSED" for row in goals) else 0


if __name__ == "__main__":
    sys.exit(main())
