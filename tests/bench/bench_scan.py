"""`conclave scan` against `nmap -sT -T5`: every port of four addresses of the loopback, whole processes, in turn.

    /usr/bin/python3 tests/bench/bench_scan.py build/release/bin/conclave [--rounds N] [--history]

262,140 targets (127.0.0.2 to 127.0.0.5, ports 1 to 65535), nothing but loopback. Medians of wall time and of CPU time (user and system) are told, and ours as a share
of nmap's. On a machine that others use read the CPU times. --history: ours also keeps each scan, in a folder that is thrown away.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time

HOSTS = [f"127.0.0.{last}" for last in range(2, 6)]


def run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """(wall, CPU) seconds."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    # Ours ends with 1 where not everything is open.
    assert os.waitstatus_to_exitcode(status) in (0, 1), command
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--history", action="store_true")
    arguments = parser.parse_args()
    nmap = shutil.which("nmap")
    if nmap is None:
        raise SystemExit("nmap is not installed")
    ours = [arguments.program, "scan", *HOSTS, "--ports", "1-65535", "--json"]
    commands = {
        "conclave": ours if arguments.history else [*ours, "--no-history"],
        "nmap": [nmap, "-sT", "-T5", "-Pn", "-n", "-p1-65535", *HOSTS],
    }
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {f"XDG_{name}_HOME": folder for name in ("STATE", "CONFIG", "DATA", "CACHE")}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                seen[name].append(run(command, environment))
    middle = {name: tuple(statistics.median(column) for column in zip(*times)) for name, times in seen.items()}
    for name, (wall, cpu) in middle.items():
        print(f"{name:9} wall {wall:7.2f} s   CPU {cpu:7.2f} s   {len(HOSTS) * 65535 / wall:9,.0f} targets/s")
    shares = [ours / theirs for ours, theirs in zip(middle["conclave"], middle["nmap"])]
    print(f"of nmap's: wall {shares[0]:.3f}, CPU {shares[1]:.3f}")


if __name__ == "__main__":
    main()
