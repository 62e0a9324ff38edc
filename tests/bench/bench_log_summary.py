"""`conclave logs summary` against ripgrep, whole processes on the same files, in turn; and LogAnalyzer against a loop over Python's re.

    PYTHONPATH=build/release/python /usr/bin/python3 tests/bench/bench_log_summary.py build/release/bin/conclave FILE... [--rounds N]

Files come from ../shared/tools/make_big_log.py (mixed and iso, 1G). Each round runs every command once; medians of wall time and of CPU
time (user and system) are told, and the ratio of the peer's to ours. On a machine that others use read the CPU times.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import time

import conclave

RG = ["rg", "-c", "-i", "error|exception|failed"]
SEED = (rb"(?i)(error|exception|failed)", rb"(?i)(warn|warning|deprecated)", rb"\d{4}-\d{2}-\d{2}[T\s]\d{2}:\d{2}:\d{2}")


def run(command: list[str]) -> tuple[float, float]:
    """(wall, CPU) seconds."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


def compare(program: str, file: str, rounds: int) -> None:
    commands = {
        "one thread": [program, "logs", "summary", "--json", "--threads", "1", file],
        "two threads": [program, "logs", "summary", "--json", "--threads", "2", file],
        "rg": [*RG, file],
    }
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds + 1):  # the first one warms the page cache
        for name, command in commands.items():
            seen[name].append(run(command))
    middle = {name: tuple(statistics.median(column) for column in zip(*times[1:])) for name, times in seen.items()}
    print(f"{file}: {os.path.getsize(file) / 2**30:.2f} GiB")
    for name, (wall, cpu) in middle.items():
        print(f"  {name:12} wall {wall:6.2f} s ({middle['rg'][0] / wall:.2f} x)   CPU {cpu:6.2f} s ({middle['rg'][1] / cpu:.2f} x)")


def python_loop(text: bytes) -> list[int]:
    patterns = [re.compile(pattern) for pattern in SEED]
    counts = [0] * len(patterns)
    for line in text.split(b"\n"):
        for i, pattern in enumerate(patterns):
            counts[i] += pattern.search(line) is not None
    return counts


def against_python(file: str, rounds: int) -> None:
    with open(file, "rb") as stream:
        text = stream.read(32 << 20)
    text = text[: text.rfind(b"\n") + 1]

    def timed(call):
        start, cpu_start = time.perf_counter(), time.process_time()
        result = call()
        return result, time.perf_counter() - start, time.process_time() - cpu_start

    ours, theirs = [], []
    for _ in range(rounds):
        for _ in range(5):  # far shorter than the loop
            counts, *taken = timed(lambda: conclave.LogAnalyzer().analyze_logs(text))
            ours.append(taken)
        loop, *taken = timed(lambda: python_loop(text))
        theirs.append(taken)
        assert loop == [counts["error"], counts["warning"], counts["timestamp"]]
    wall, cpu = (statistics.median(column) for column in zip(*ours))
    loop_wall, loop_cpu = (statistics.median(column) for column in zip(*theirs))
    print(
        f"  analyze_logs of {len(text) / 2**20:.0f} MiB: wall {wall * 1e3:.1f} ms, CPU {cpu * 1e3:.1f} ms; "
        f"loop over re: {loop_wall:.2f} s ({loop_wall / wall:.0f} x, {loop_cpu / cpu:.0f} x by CPU)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for file in options.files:
        compare(options.program, str(file), options.rounds)
        against_python(str(file), min(options.rounds, 3))


if __name__ == "__main__":
    main()
