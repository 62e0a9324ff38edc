"""conclave logs search against ripgrep, whole processes on the same big log, interleaved; medians and their ratio.

    /usr/bin/python3 tests/bench/bench_search.py build/release/bin/conclave BIG.log [ROUNDS]

Compared is the processor time that a process needs on one thread (user and system): wall times of a busy machine say little.
rg -c counts the lines of one pattern; it cannot count several patterns apart (its issue 1244).
"""

import os
import statistics
import subprocess
import sys

SIXTEEN = ("alpha connection timeout refused session block replica packet kernel password root DataNode allocate Exception "
           "closed warning").split()
WORDS = "error|exception|failed"
TWICE = r"(?<!\w)(port|pid)\W+\d+.*\1"
STAMP = r"\d{4}-\d{2}-\d{2}[T\s]\d{2}:\d{2}:\d{2}"


def cpu_seconds(command):
    before = os.times()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, done.stdout.split()[0]


def main():
    conclave, log = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    ours = [conclave, "logs", "search", "--count", "--threads", "1"]
    counted = [part for word in SIXTEEN for part in ("--pattern", f"{word}={word}")]
    rows = [
        ("one literal", [*ours, "-F", "error"], ["rg", "-c", "-j1", "error"]),
        ("three literals in any case", [*ours, "-E", "-i", WORDS], ["rg", "-c", "-j1", "-i", WORDS]),
        ("a time stamp", [*ours, "-E", STAMP], ["rg", "-c", "-j1", STAMP]),
        ("look-behind and back reference", [*ours, "-E", TWICE], ["rg", "-c", "-j1", "-P", TWICE]),
        ("16 literals, a count each; peer: one literal", [*ours, "*", *counted], ["rg", "-c", "-j1", "error"]),
    ]
    size = os.path.getsize(log)
    print("| CPU seconds | conclave | GB/s | rg | rg / conclave |\n|---|---|---|---|---|")
    for name, mine, peer in rows:
        times = ([], [])
        for _ in range(rounds):
            answers = []
            for side, command in enumerate((mine, peer)):
                seconds, answer = cpu_seconds([*command, log])
                times[side].append(seconds)
                answers.append(answer)
            assert "peer:" in name or answers[0] == answers[1], (name, answers)
        a, b = map(statistics.median, times)
        print(f"| {name} | {a:.2f} | {size / a / 1e9:.1f} | {b:.2f} | {b / a:.1f} |")


if __name__ == "__main__":
    main()
