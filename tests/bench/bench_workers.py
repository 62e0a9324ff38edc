"""Workers: how long one takes to start, and how long after its deadline one is gone.

    PYTHONPATH=build/release/python /usr/bin/python3 tests/bench/bench_workers.py

Medians. `start` is from the request to the moment the expert's own code runs; `answer` to its response in the program; `ended` is
from the deadline of an expert that no interrupt reaches until its response, with its process killed."""

import pathlib
import statistics
import tempfile
import time

import conclave
from conclave import _core, _runner

ROUNDS = 200
TIME_S = 0.2


def expert(folder, name, body):
    header = f"# /// script\n# [tool.conclave.limits]\n# time_s = {TIME_S}\n# ///\n"
    file = folder / f"{name}.py"
    file.write_text(f"{header}import conclave, signal, time\n\n@conclave.expert\ndef assess(evidence, job):\n    {body}\n")
    return _core.read_plugin(file, "named")


def milliseconds(values):
    values = sorted(values)
    return f"{statistics.median(values) * 1e3:6.1f} ms   p90 {values[int(len(values) * 0.9)] * 1e3:6.1f} ms"


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "app.log").write_text("2026-03-01T12:00:00Z ERROR one\n" * 1000)
        case = conclave.Case(question="?", logs=[folder / "app.log"], name="bench")
        evidence = conclave.Evidence(conclave.case.gather(case).evidence)
        now = expert(folder, "now", "return repr(time.monotonic())")
        deaf = expert(folder, "deaf", "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n    while True: pass")
        begun = time.monotonic()
        _runner.run_expert(now, evidence)
        print(f"first    {(time.monotonic() - begun) * 1e3:6.1f} ms   with the start of the zygote")
        starts, answers = [], []
        for _ in range(ROUNDS):
            begun = time.monotonic()
            response = _runner.run_expert(now, evidence)
            answers.append(time.monotonic() - begun)
            starts.append(float(response.content) - begun)
        print("start   ", milliseconds(starts))
        print("answer  ", milliseconds(answers))
        late = [_runner.run_expert(deaf, evidence).seconds - TIME_S for _ in range(10)]
        print("ended   ", milliseconds(late))


if __name__ == "__main__":
    main()
