"""Runs the built program (CONCLAVE_BIN) as a user would, with every XDG folder in a temporary place."""
import dataclasses
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import pytest

BIN = os.environ["CONCLAVE_BIN"]
LIMIT_S = 120


@dataclasses.dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Conclave:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.state = folder / "state" / "conclave"
        self.env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "NO_COLOR", "PYTHONPATH")}
        for name in ("STATE", "CONFIG", "DATA", "CACHE"):
            self.env[f"XDG_{name}_HOME"] = str(folder / name.lower())
        self.env |= {"HOME": str(folder), "TERM": "xterm"}

    def start(self, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL,
                   # A test program in the background of a shell hands down an ignored SIGINT.
                   "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)} | options
        return subprocess.Popen([BIN, *map(str, arguments)], cwd=self.folder, env=self.env, **options)

    def __call__(self, *arguments, input=None):
        process = self.start(*arguments, **({"stdin": subprocess.PIPE} if input is not None else {}))
        try:
            out, err = process.communicate(input and input.encode(), timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Outcome(process.returncode, out.decode(), err.decode())

    def wait_for(self, condition):
        """Until `condition()` holds; instead of a sleep that is too short on a busy machine."""
        end = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < end, "it never happened"
            time.sleep(0.02)

    def wait_for_file(self, name):
        self.wait_for((self.folder / name).exists)

    def fails(self, code, *arguments):
        """One clear line on standard error, nothing on standard output."""
        outcome = self(*arguments)
        assert outcome.code == code, outcome
        assert outcome.out == ""
        lines = outcome.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("conclave: "), outcome.err
        return lines[0]


@pytest.fixture
def conclave(tmp_path):
    return Conclave(tmp_path)


LOG = "".join(f"2026-03-01T{h:02}:{m:02}:00Z INFO api request {h * 60 + m} served\n" for h in range(3) for m in range(60))


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "app.log"
    path.write_text(LOG)
    return path


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # bound but not listening: refused, and nobody else gets it
        yield probe.getsockname()[1]


@pytest.fixture
def experts(tmp_path):
    """Writes single-file experts; returns their paths."""
    def write(**bodies):
        paths = []
        for name, body in bodies.items():
            path = tmp_path / f"{name}.py"
            path.write_text("import conclave, os, pathlib, sys, time\n\n@conclave.expert(scope='overall')\n"
                            f"def {name}(evidence, job):\n    {body}\n")
            paths.append(path)
        return paths
    return write


@pytest.fixture
def case(tmp_path, log):
    """A case over one log that two made-up experts judge."""
    def write(text="", name="case.yaml"):
        path = tmp_path / name
        path.write_text("version: 1\nname: small\nquestion: Is it healthy?\nlogs: [app.log]\n" + text)
        return path
    return write
