"""Similarities of many texts, beside the libraries that people take for that, and a query of twenty experts.

    PYTHONPATH=build/release/python VENV/bin/python tests/bench/bench_similarity.py [--texts 10000] [--edits 3000] [--rounds 3]

scikit-learn and RapidFuzz are measured in the same run, in turn with the engine, where they are installed; without them their
goals are skipped. Texts are made: 500 characters of words whose frequencies fall as in Zipf's law, a fifth of them a few edits
away from another. Both sides use all cores they are able to use; processor time counts, since it hardly depends on what else
runs. Ends with 1 if a goal was missed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import conclave
from conclave import consensus

Times = tuple[float, float]  # seconds: processor, wall


def optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def made_texts(count: int, length: int = 500) -> list[str]:
    source = random.Random(1)
    letters = "etaoinshrdlcumwfgypbvk"
    words = ["".join(source.choices(letters, weights=range(len(letters), 0, -1), k=source.randint(2, 10))) for _ in range(8000)]
    weights = [1 / (rank + 3) for rank in range(len(words))]
    texts: list[str] = []
    for number in range(count):
        if number % 5 == 4:
            text = list(source.choice(texts))
            for _ in range(source.randint(5, 60)):
                text[source.randrange(length)] = source.choice(letters)
            texts.append("".join(text))
        else:
            texts.append(" ".join(source.choices(words, weights, k=length // 3))[:length])
    return texts


def in_turn(calls: list[Callable[[], Any]], rounds: int) -> list[Times]:
    """Medians of each."""
    taken: list[list[Times]] = [[] for _ in calls]
    for _ in range(rounds):
        for times, call in zip(taken, calls, strict=True):
            before, began = os.times(), time.perf_counter()
            call()
            wall, after = time.perf_counter() - began, os.times()
            times.append((after.user + after.system - before.user - before.system, wall))
    return [(statistics.median(t[0] for t in times), statistics.median(t[1] for t in times)) for times in taken]


def row(name: str, ours: Times, theirs: Times, wanted: float) -> tuple[str, bool]:
    ratio = theirs[0] / ours[0]
    met = ratio >= wanted
    line = f"| {name} | {ours[0]:.2f} s, {ours[1]:.2f} s | {theirs[0]:.2f} s, {theirs[1]:.2f} s | {ratio:.1f} x (goal {wanted:g} x) | {'met' if met else 'MISSED'} |"
    return line, met


def cosine_goal(texts: list[str], rounds: int) -> tuple[str, bool]:
    text_features = importlib.import_module("sklearn.feature_extraction.text")
    pipeline = importlib.import_module("sklearn.pipeline")
    pairwise = importlib.import_module("sklearn.metrics.pairwise")

    def scikit() -> None:
        features = pipeline.make_union(
            text_features.TfidfVectorizer(),
            text_features.TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)),
        ).fit_transform(texts)
        pairwise.linear_kernel(features, dense_output=True)

    ours, theirs = in_turn([lambda: consensus.similarity_matrix(texts), scikit], rounds)
    return row(f"cosine matrix of {len(texts):,} texts (scikit-learn)", ours, theirs, 5.0)


def edit_goal(texts: list[str], cutoff: float, rounds: int) -> tuple[str, bool]:
    process = importlib.import_module("rapidfuzz.process")
    scorer = importlib.import_module("rapidfuzz.distance.Levenshtein").normalized_similarity
    config = conclave.CircleConfig(similarity_algorithm="levenshtein")
    ours, theirs = in_turn(
        [
            lambda: consensus.similarity_matrix(texts, config, cutoff=cutoff),
            lambda: process.cdist(texts, texts, scorer=scorer, score_cutoff=cutoff, workers=-1),
        ],
        rounds,
    )
    return row(f"levenshtein matrix of {len(texts):,} texts, cutoff {cutoff} (RapidFuzz)", ours, theirs, 1.0)


def query_goal() -> tuple[str, bool]:
    texts = made_texts(20)
    responses = [
        conclave.ExpertResponse(f"expert{i}", text, 0.8, verdict="failing" if i % 4 == 0 else "healthy", scope=f"scope{i % 3}")
        for i, text in enumerate(texts)
    ]
    conclave.process_expert_responses(responses)
    taken = []
    for _ in range(51):
        began = time.perf_counter()
        conclave.process_expert_responses(responses)
        taken.append(time.perf_counter() - began)
    median, met = statistics.median(taken), statistics.median(taken) <= 0.005
    return f"| query of 20 experts | {median * 1e3:.2f} ms, best {min(taken) * 1e3:.2f} ms | | goal 5 ms | {'met' if met else 'MISSED'} |", met


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--texts", type=int, default=10_000)
    arguments.add_argument("--edits", type=int, default=3_000)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    sklearn, rapidfuzz = optional("sklearn"), optional("rapidfuzz")
    print("| | conclave: CPU, wall | peer: CPU, wall | CPU | |\n|---|---|---|---|---|")
    rows = [query_goal()]
    if rapidfuzz is None:
        print("RapidFuzz is not installed: its goals are skipped", file=sys.stderr)
    else:
        rows += [edit_goal(made_texts(chosen.edits), cutoff, chosen.rounds) for cutoff in (0.7, 0.9)]
    if sklearn is None:
        print("scikit-learn is not installed: its goal is skipped", file=sys.stderr)
    else:
        rows.append(cosine_goal(made_texts(chosen.texts), chosen.rounds))
    for line, _ in rows:
        print(line)
    return 0 if all(met for _, met in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
