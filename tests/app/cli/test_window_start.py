"""Plugins that break the start of the window: real processes of conclave-desktop, off screen."""
import json
import os
import pathlib
import signal
import subprocess

import pytest

from conftest import BIN, LIMIT_S

WINDOW = pathlib.Path(BIN).with_name("conclave-desktop")
pytestmark = pytest.mark.skipif(not WINDOW.exists(), reason=f"needs {WINDOW}")

HOOK = "import conclave, os, pathlib, time\n@conclave.hook\ndef on_startup(app):\n    {}\n"


@pytest.fixture
def window(conclave):
    def start(*arguments):
        environment = conclave.env | {"QT_QPA_PLATFORM": "offscreen"}
        return subprocess.Popen([WINDOW, "--quit-after-start", *map(str, arguments)], cwd=conclave.folder, env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return start


@pytest.fixture
def install(conclave):
    def install(**bodies):
        for name, body in bodies.items():
            path = conclave.folder / f"{name}.py"
            path.write_text(HOOK.format(body))
            outcome = conclave("plugins", "install", path)
            assert outcome.code == 0, outcome
    return install


def code_of(process):
    process.communicate(timeout=LIMIT_S)
    return process.returncode


def disabled(conclave):
    file = conclave.folder / "config" / "conclave" / "plugins.json"
    return json.loads(file.read_text())["disabled"] if file.exists() else []


def touch(name):
    return f"pathlib.Path({name!r}).touch()"


def test_the_plugin_that_ends_the_process_is_found_disabled_and_the_others_run(conclave, window, install):
    install(a=touch("a"), b=touch("b"), c="os._exit(9)", d=touch("d"))
    trust = [f"--trust={name}" for name in "abcd"]
    codes = []
    while not disabled(conclave) and len(codes) < 8:
        codes.append(code_of(window(*trust)))
    assert codes[0] == 9 and 9 in codes[1:]  # then with those of one half, of which one more fails
    assert disabled(conclave) == ["c"]
    assert code_of(window(*trust)) == 0
    assert (conclave.folder / "d").exists()
    assert disabled(conclave) == ["c"]


def test_a_single_plugin_that_aborts_is_disabled_by_the_next_start(conclave, window, install):
    install(only="os.abort()", )
    assert code_of(window("--trust=only")) == -signal.SIGABRT
    assert code_of(window("--trust=only")) == 0
    assert disabled(conclave) == ["only"]
    conclave("plugins", "enable", "only")
    assert code_of(window("--trust=only")) == -signal.SIGABRT


def test_in_a_worker_it_costs_the_start_nothing(conclave, window, install):
    install(only="os.abort()")
    for _ in range(2):
        assert code_of(window()) == 0
    assert disabled(conclave) == []


def test_a_window_that_is_killed_while_its_hooks_run_counts(conclave, window, install):
    install(slow=f"{touch('begun')}; time.sleep(1000)")
    process = window("--trust=slow")
    conclave.wait_for_file("begun")
    process.kill()
    code_of(process)
    assert code_of(window("--trust=slow")) == 0
    assert disabled(conclave) == ["slow"]


def test_commands_neither_run_these_hooks_nor_take_part(conclave, install, case):
    install(only="os.abort()")
    assert conclave("consult", case(), "--trust", "only", "--json").json["receipt"]["hooks"] == []
    assert not (conclave.state / "starts.json").exists()
