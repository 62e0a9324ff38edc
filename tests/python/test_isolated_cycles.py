"""Workers come and go and leave nothing behind. CONCLAVE_CYCLES=10000 for more of them.

Workers have a low priority: on a machine that is busy with something else the thousand is cut short after some minutes."""

import os
import pathlib
import time

from conclave import _core, _runner
from sanitizers import SANITIZED


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def children():
    return sum(len(pathlib.Path(task, "children").read_text().split()) for task in pathlib.Path("/proc/self/task").iterdir())


def resident_kb():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1])


def test_start_run_stop_leaks_nothing(tmp_path, evidence):
    cycles = int(os.environ.get("CONCLAVE_CYCLES", "1000"))
    file = tmp_path / "it.py"
    file.write_text("import conclave\n\n@conclave.expert\ndef assess(evidence, job): return 'x'\n")
    info = _core.read_plugin(file, "named")

    def some(count):
        until = time.monotonic() + 240 + count / 10
        for _ in range(count):
            if time.monotonic() > until:
                return
            assert _runner.run_expert(info, evidence).content == "x"

    some(20)
    time.sleep(0.5)  # the last one is on its way out
    before = descriptors(), children(), resident_kb()
    some(cycles)
    until = time.monotonic() + 5
    while (descriptors(), children()) != before[:2] and time.monotonic() < until:
        time.sleep(0.05)
    assert (descriptors(), children()) == before[:2]
    assert SANITIZED or resident_kb() - before[2] < 8 * 1024  # a sanitizer keeps what was freed
