"""Accuracy, calibration and speed of the aggregation of labels, on public sets with truth and on a made crowd.

    PYTHONPATH=build/release/python /usr/bin/python3 tests/bench/bench_aggregation.py ../shared/data/consensus [--skip ebcc] [--no-judged] [--no-speed] [--crowd-kit]

A set is a folder with label.csv (item, worker, label) and truth.csv (item, truth). Accuracy counts a tie as the chance to pick the
right one of those tied. ECE: ten bins of equal width by the probability of the verdict.
"""

import argparse
import array
import csv
import pathlib
import random
import time

from conclave import _core, consensus

BARS = "mean of pool >= .870, ECE <= .06, never more than .010 under majority"
JUDGED_BARS = "accuracy >= best single with 100 judged, >= best single + .010 with 200; ECE <= .03 with 1,000"


def columns_of(path: pathlib.Path) -> list[tuple[str, ...]]:
    with open(path, newline="") as file:
        return list(zip(*list(csv.reader(file))[1:]))


def scores(found: consensus.Aggregation, truth: dict[str, str]) -> tuple[float, float]:
    """(accuracy, ECE)"""
    bins = [[0.0, 0.0] for _ in range(10)]
    right = 0.0
    for item, row in zip(found.items, found.probabilities.tolist()):
        if item not in truth:
            continue
        best = max(row)
        tied = [label for label, share in zip(found.classes, row) if share >= best - 1e-12]
        hit = (truth[item] in tied) / len(tied)
        right += hit
        place = bins[min(9, int(best * 10))]
        place[0] += best
        place[1] += hit
    return right / len(truth), sum(abs(confidence - hits) for confidence, hits in bins) / len(truth)


def quality(folder: pathlib.Path, skipped: list[str]) -> None:
    methods = [name for name in consensus.METHODS if not name.endswith("_pool") and name not in skipped]
    sums = {method: [0.0, 0.0, 1.0, 0.0] for method in methods}  # accuracy, ECE, worst against majority, seconds
    sets = sorted(path.parent for path in folder.glob("*/label.csv"))
    print("| set | " + " | ".join(methods) + " |\n|---|" + "---|" * len(methods))
    for path in sets:
        columns = columns_of(path / "label.csv")
        truth = dict(zip(*columns_of(path / "truth.csv")))
        seen = {}
        for method in methods:
            start = time.process_time()
            found = consensus.aggregate_verdicts(*columns, method)
            seen[method] = scores(found, truth)
            sums[method][3] += time.process_time() - start
        for method, (accuracy, ece) in seen.items():
            total = sums[method]
            total[0] += accuracy / len(sets)
            total[1] += ece / len(sets)
            total[2] = min(total[2], accuracy - seen["majority"][0])
        print(f"| {path.name} | " + " | ".join(f"{accuracy:.3f} / {ece:.3f}" for accuracy, ece in seen.values()) + " |")
    print("| **mean** | " + " | ".join(f"{total[0]:.4f} / {total[1]:.3f}" for total in sums.values()) + " |")
    print("| worst against majority | " + " | ".join(f"{total[2]:+.3f}" for total in sums.values()) + " |")
    print("| CPU seconds, all sets | " + " | ".join(f"{total[3]:.2f}" for total in sums.values()) + " |")
    print(f"\nBars: {BARS}")


def judged(folder: pathlib.Path, splits: int = 10) -> None:
    """MMLU-Pro answers of 29 models, the truth of some questions given; scored on all others."""
    with open(folder / "mmlupro" / "answers.csv", newline="") as file:
        head, *questions = csv.reader(file)
    truth = {question[0]: question[2] for question in questions}
    columns = list(zip(*((question[0], model, answer) for question in questions for model, answer in zip(head[3:], question[3:]) if answer)))
    print("| judged | accuracy: mean (least) | best single model, same questions | ECE | without feedback |\n|---|---|---|---|---|")
    for count in (20, 50, 100, 200, 1000):
        seen = []
        for split in range(splits):
            known = set(random.Random(split).sample(sorted(truth), count))
            rest = {item: label for item, label in truth.items() if item not in known}
            found = consensus.aggregate_verdicts(*columns, feedback={item: truth[item] for item in known})
            best = max(sum(question[place] == rest.get(question[0]) for question in questions) for place in range(3, len(head)))
            seen.append((*scores(found, rest), best / len(rest), scores(consensus.aggregate_verdicts(*columns), rest)[0]))
        accuracy, ece, best, before = (sum(column) / splits for column in zip(*seen))
        print(f"| {count:,} | {accuracy:.4f} ({min(row[0] for row in seen):.4f}) | {best:.4f} | {ece:.3f} | {before:.4f} |", flush=True)
    print(f"\nBars: {JUDGED_BARS}; {splits} random splits")


def judged_sets(folder: pathlib.Path, known_count: int = 1000, splits: int = 5) -> None:
    """The sets with truth for at least twice as many items as are judged; scored on all others."""
    print(f"| set | with {known_count:,} judged | without |\n|---|---|---|")
    for path in sorted(path.parent for path in folder.glob("*/label.csv")):
        columns = columns_of(path / "label.csv")
        truth = dict(zip(*columns_of(path / "truth.csv")))
        if len(truth) < 2 * known_count:
            continue
        seen = []
        for split in range(splits):
            known = set(random.Random(split).sample(sorted(truth), known_count))
            rest = {item: label for item, label in truth.items() if item not in known}
            taught = consensus.aggregate_verdicts(*columns, feedback={item: truth[item] for item in known})
            seen.append((*scores(taught, rest), *scores(consensus.aggregate_verdicts(*columns), rest)))
        accuracy, ece, before, ece_before = (sum(column) / splits for column in zip(*seen))
        print(f"| {path.name} | {accuracy:.4f} / {ece:.3f} | {before:.4f} / {ece_before:.3f} |", flush=True)


def speed(peer: bool, items: int = 200_000, experts: int = 10_000, per_item: int = 5, classes: int = 4) -> None:
    chance = random.Random(1)
    skill = [chance.uniform(0.3, 0.6) for _ in range(experts)]
    columns = [array.array("I") for _ in range(3)]
    for item in range(items):
        truth = chance.randrange(classes)
        for _ in range(per_item):
            expert = chance.randrange(experts)
            label = truth if chance.random() < skill[expert] else chance.randrange(classes)
            for column, value in zip(columns, (item, expert, label)):
                column.append(value)
    for method in ("dawid_skene", "pool"):
        wall, cpu = time.perf_counter(), time.process_time()
        iterations = _core.aggregate_labels(*columns, (items, experts, classes), method)[3]
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{method}: {items * per_item:,} labels, {experts:,} experts, {classes} classes, {iterations} iterations: {wall:.2f} s, CPU {cpu:.2f} s")
    if peer:
        compare_with_crowd_kit(columns, (items, experts, classes))


def compare_with_crowd_kit(columns: list[array.array], counts: tuple[int, int, int], iterations: int = 3) -> None:
    """Seconds an iteration of Dawid-Skene, in the same run; what comes before the first iteration is taken off for both."""
    import pandas
    from crowdkit.aggregation import DawidSkene

    table = pandas.DataFrame(dict(zip(("task", "worker", "label"), map(list, columns))))

    def seconds(call) -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        return time.perf_counter() - wall, time.process_time() - cpu

    one, some = (seconds(lambda n=n: DawidSkene(n_iter=n, tol=0).fit(table)) for n in (1, 1 + iterations))
    theirs = [(b - a) / iterations for a, b in zip(one, some)]
    setup = seconds(lambda: _core.aggregate_labels(*columns, counts, "majority"))
    ours = [(b - a) / 100 for a, b in zip(setup, seconds(lambda: _core.aggregate_labels(*columns, counts, "dawid_skene")))]
    print(
        f"an iteration: crowd-kit {theirs[0]:.3f} s, CPU {theirs[1]:.3f} s; here {ours[0]:.4f} s, CPU {ours[1]:.4f} s: "
        f"{theirs[0] / ours[0]:.0f} times faster, {theirs[1] / ours[1]:.0f} times by CPU"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--skip", nargs="*", default=[])
    parser.add_argument("--no-judged", action="store_true")
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--crowd-kit", action="store_true", help="compare the speed with that of crowd-kit (pip install crowd-kit)")
    options = parser.parse_args()
    quality(options.folder, options.skip)
    if not options.no_judged:
        judged(options.folder)
        judged_sets(options.folder)
    if not options.no_speed:
        speed(options.crowd_kit)


if __name__ == "__main__":
    main()
