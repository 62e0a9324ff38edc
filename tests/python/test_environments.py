"""Plugins with requirements get virtual environments of their own, made by the real pip from packages that are made here."""

import asyncio
import fcntl
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import conclave
import pytest
from conclave import _core, _environment
from sanitizers import not_sanitized
from wheels import source, wheel, wheel_of_files

PATIENCE = 60


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """The folder of environments, with no index to ask but `wheels`."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return tmp_path / "data" / "conclave" / "environments"


@pytest.fixture
def wheels(tmp_path):
    (tmp_path / "wheels").mkdir()
    return tmp_path / "wheels"


@pytest.fixture
def plugin(tmp_path):
    """Writes an expert of one file that needs packages; its path."""

    def write(requirements, body, name="mine", time_s=PATIENCE):
        lines = ["# /// script", f"# dependencies = {json.dumps(requirements)}", "# [tool.conclave.limits]", f"# time_s = {time_s}", "# ///"]
        lines += ["import os, sys, time", "import conclave", "@conclave.expert", "def assess(evidence, job):"]
        path = tmp_path / f"{name}.py"
        path.write_text("\n".join(lines + [f"    {line}" for line in body.splitlines()]) + "\n")
        return path

    return write


def environments(data):
    return [entry for entry in data.iterdir() if entry.is_dir()]


def only(report):
    (response,) = report.responses
    return response


def error_of(case, path):
    response = only(conclave.consult(case, experts=[path]))
    assert response.status == "failed", response
    return response.error.message


def test_packages_and_what_they_need_are_installed_and_imported_in_the_worker(case, plugin, wheels, data):
    wheel(wheels, "tiny_a", "1.0", requires=["tiny-b>=2"])
    wheel(wheels, "tiny_b", "1.0")
    wheel(wheels, "tiny_b", "2.5")
    path = plugin(["tiny-a"], "import tiny_a, tiny_b\nreturn f'{tiny_a.version} {tiny_b.version} {tiny_b.__file__} {sys.prefix} {sys.executable}'")
    response = only(conclave.consult(case, experts=[path]))
    assert response.error is None, response.error
    first, second, file, prefix, executable = response.content.split()
    (environment,) = environments(data)
    assert (first, second, prefix, executable) == ("1.0", "2.5", str(environment), f"{environment}/bin/python")
    assert file.startswith(prefix + "/")
    assert (environment / "requirements.lock").read_text().count(" --hash=sha256:") == 2
    assert json.loads((environment / "environment.json").read_text())["packages"] == ["tiny_a 1.0", "tiny_b 2.5"]
    assert not (environment / "tmp").exists() and not list(data.glob("*.new"))


def test_it_is_made_once_and_shared_by_equal_needs(case, plugin, wheels, data):
    wheel(wheels, "tiny", "1.0")
    conclave.consult(case, experts=[plugin(["tiny"], "return 'x'")])
    (environment,) = environments(data)
    before = environment.stat().st_ino
    for file in wheels.iterdir():
        file.unlink()  # there is nothing to make it from any more
    report = conclave.consult(case, experts=[plugin(["tiny"], "return 'x'"), plugin(["Tiny"], "import tiny\nreturn tiny.version", name="other")])
    assert [response.content for response in report.responses] == ["x", "1.0"]
    assert environments(data) == [environment] and environment.stat().st_ino == before


def test_two_plugins_with_versions_that_exclude_each_other_both_run(case, plugin, wheels, data):
    wheel(wheels, "tiny", "1.0")
    wheel(wheels, "tiny", "2.0")
    paths = [plugin(["tiny<2"], "import tiny\nreturn tiny.version", name="old"), plugin(["tiny>=2"], "import tiny\nreturn tiny.version", name="new")]
    for report in (conclave.consult(case, experts=paths), asyncio.run(conclave.consult_async(case, experts=paths))):
        assert [response.content for response in report.responses] == ["1.0", "2.0"]
    assert len(environments(data)) == 2


def test_it_sees_no_packages_of_the_programs_python(case, plugin, wheels):
    wheel(wheels, "tiny", "1.0")
    body = "import importlib.util\nreturn ' '.join(sorted(name for name in ('tiny', 'numpy', 'pytest', 'pip') if importlib.util.find_spec(name)))"
    assert only(conclave.consult(case, experts=[plugin(["tiny"], body)])).content == "tiny"


def test_a_package_named_as_one_that_workers_preload_is_the_plugins_own(case, plugin, wheels):
    wheel(wheels, "numpy", "1.99")
    path = plugin(["numpy"], "import numpy\nreturn numpy.version")
    assert only(conclave.consult(case, experts=[path])).content == "1.99"


def test_code_of_packages_runs_only_where_it_is_confined(case, plugin, wheels, tmp_path):
    """A .pth file runs when Python starts with the package on its path."""
    outside = tmp_path / "outside"
    writes = f"try: open({str(outside)!r}, 'a').write('x')\nexcept OSError: sys.refused = True"
    code = f"import sys; sys.in_pth = True; exec({writes!r})\n"
    wheel_of_files(wheels, "tiny", "1.0", {"tiny.py": "", "tiny.pth": code})
    body = "return f'{getattr(sys, \"in_pth\", False)} {getattr(sys, \"refused\", False)}'"
    for _ in range(2):
        assert only(conclave.consult(case, experts=[plugin(["tiny"], body)])).content == "True True"
    assert not outside.exists()


def test_its_time_begins_when_the_environment_is_there(case, plugin, wheels):
    wheel(wheels, "tiny", "1.0")
    response = only(conclave.consult(case, experts=[plugin(["tiny"], "return 'x'", time_s=1)]))  # making it takes longer
    assert (response.status, response.content) == ("answered", "x")


def test_the_permissions_hold_in_an_environment(case, plugin, wheels):
    wheel(wheels, "tiny", "1.0")
    body = "open(os.path.join(sys.prefix, 'pyvenv.cfg')).close()\nopen(os.path.join(sys.prefix, 'new'), 'w')"
    response = only(conclave.consult(case, experts=[plugin(["tiny"], body)]))
    assert response.error.type == "PermissionError" and "write = " in response.error.message


def test_a_trusted_plugin_with_requirements_runs_isolated_too(case, plugin, wheels):
    wheel(wheels, "tiny", "1.0")
    path = plugin(["tiny"], "import tiny\nreturn str(os.getpid())")
    response = only(conclave.consult(case, experts=[path], trust=["mine"]))
    assert response.error is None and int(response.content) != os.getpid()


def test_an_untrusted_plugin_causes_no_installation(log, plugin, wheels, data):
    wheel(wheels, "tiny", "1.0")
    plugin(["tiny"], "return 'x'")
    (log.parent / "case.yaml").write_text("question: Is it well?\nlogs: [app.log]\nexperts: [./mine.py]\n")
    assert only(conclave.consult(log.parent / "case.yaml")).status == "refused"
    assert not data.exists()


def test_a_hook_with_requirements_gets_its_environment(case, tmp_path, wheels):
    wheel(wheels, "tiny", "1.0")
    folder = tmp_path / "hooks_of_mine"
    folder.mkdir()
    header = "# /// script\n# dependencies = ['tiny']\n# [tool.conclave]\n# kind = 'hook'\n# ///\n"
    (folder / "facts.py").write_text(header + "import conclave, tiny\n@conclave.hook\ndef on_evidence(evidence):\n    return {'tiny': tiny.version}\n")
    (folder / "broken.py").write_text(header.replace("tiny", "missing") + "import conclave\n@conclave.hook\ndef on_evidence(evidence): return {'x': 1}\n")
    report = conclave.consult(case, experts=[lambda evidence, job: str(dict(evidence.facts))], plugins=[folder])
    assert "'tiny': '1.0'" in only(report).content
    broken, fine = report.receipt["hooks"]
    assert broken["change"].startswith("failed: CircleError") and "no missing" in broken["change"]
    assert fine["change"] == "added facts: tiny"


# What goes wrong


def test_a_package_that_is_not_there_is_named_and_the_others_go_on(case, plugin, wheels, data):
    wheel(wheels, "tiny", "1.0")
    report = conclave.consult(case, experts=[plugin(["missing-one"], "return 'x'", name="bad"), plugin(["tiny"], "return 'x'", name="good")])
    bad, good = report.responses
    assert (bad.status, bad.error.type, good.status) == ("failed", "CircleError", "answered")
    assert "(missing-one): the package index has no missing-one; pip said: " in bad.error.message
    log = pathlib.Path(bad.error.message.rpartition("everything pip said is in ")[2])
    assert log.parent == data and "No matching distribution found" in log.read_text()
    assert len(environments(data)) == 1


def test_versions_that_are_not_there_are_named(case, plugin, wheels):
    wheel(wheels, "tiny", "1.0")
    assert "there is no tiny>=2 for this Python; there are 1.0" in error_of(case, plugin(["tiny>=2"], "return 'x'"))


def test_a_source_package_is_refused_and_its_setup_does_not_run(case, plugin, wheels):
    source(wheels, "from_source", "1.0")
    assert "there is no wheel of from-source; Conclave installs wheels only" in error_of(case, plugin(["from-source"], "return 'x'"))


def test_a_wheel_for_another_machine_is_no_wheel_here(case, plugin, wheels):
    wheel(wheels, "tiny", "1.0", tag="cp27-cp27m-win32")
    assert "tiny" in error_of(case, plugin(["tiny"], "return 'x'"))


def test_requirements_that_contradict_each_other_are_shown(case, plugin, wheels):
    wheel(wheels, "tiny_a", "1.0", requires=["tiny-b<2"])
    wheel(wheels, "tiny_b", "1.0")
    wheel(wheels, "tiny_b", "2.0")
    message = error_of(case, plugin(["tiny-a", "tiny-b>=2"], "return 'x'"))
    assert "its requirements contradict each other: " in message and "tiny-a 1.0 depends on tiny-b<2" in message


def test_the_hosts_constraints_hold(case, plugin, wheels):
    wheel(wheels, "numpy", "3.0")
    assert "(constraint) numpy<3" in error_of(case, plugin(["numpy"], "return 'x'"))


def test_an_index_that_does_not_answer_is_said_soon(case, plugin, monkeypatch):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound but not listening: refused
        port = nobody.getsockname()[1]
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
        assert f"no package index answers at 127.0.0.1:{port}" in error_of(case, plugin(["tiny"], "return 'x'"))


def test_a_full_disk_is_said_in_these_words():
    said = ["ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"]
    assert _environment.explain(said).startswith("the disk is full; pip said: Could not install")


# Locked


@pytest.fixture
def folder_plugin(tmp_path):
    def write(lock, requirements=("tiny",)):
        folder = tmp_path / "locked"
        folder.mkdir(exist_ok=True)
        (folder / "plugin.toml").write_text(f'name = "locked"\nentry = "it:assess"\nrequirements = {json.dumps(list(requirements))}\n')
        (folder / "it.py").write_text("def assess(evidence, job):\n    import tiny\n    return tiny.version\n")
        (folder / "requirements.lock").write_text(lock)
        return folder

    return write


def test_the_lock_of_a_plugin_is_what_is_installed(case, folder_plugin, wheels, data):
    digest = wheel(wheels, "tiny", "1.0")
    wheel(wheels, "tiny", "2.0")
    response = only(conclave.consult(case, experts=[folder_plugin(f"# mine\ntiny==1.0 \\\n    --hash=sha256:{digest}\n")]))
    assert response.error is None and response.content == "1.0"


def test_a_package_with_another_hash_is_refused(case, folder_plugin, wheels, data):
    digest = wheel(wheels, "tiny", "1.0")
    wheel(wheels, "tiny", "1.0", tiny="version = 'changed'\n")
    message = error_of(case, folder_plugin(f"tiny==1.0 --hash=sha256:{digest}\n"))
    assert "a package is not the one that was locked: tiny==1.0" in message and digest[:12] in message
    assert environments(data) == []


def test_a_lock_that_is_no_lock_makes_no_plugin(case, folder_plugin, wheels):
    with pytest.raises(conclave.ConclaveError, match=r"requirements.lock:1: '--index-url http://x' is no package"):
        conclave.consult(case, experts=[folder_plugin("--index-url http://x\n")])


def test_another_python_is_refused_before_anything_runs(case, tmp_path, data):
    path = tmp_path / "future.py"
    path.write_text("# /// script\n# requires-python = '>=3.99'\n# dependencies = ['tiny']\n# ///\nimport conclave\n@conclave.expert\ndef f(e, j): ...\n")
    with pytest.raises(conclave.ConclaveError, match=r"future.py:2:21: needs Python >=3.99; Conclave runs 3\.11\."):
        conclave.consult(case, experts=[path])
    assert not data.exists()


# An index over HTTP, as most are


class _Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        if server.hangs.is_set():
            server.hanging.set()
            server.ended.wait(PATIENCE)
        name = self.path.rstrip("/").rpartition("/")[2]
        file = server.folder / name
        if name.endswith(".whl"):
            body = file.read_bytes()
        else:
            links = [f'<a href="/{one.name}">{one.name}</a>' for one in server.folder.iterdir() if one.name.startswith(name.replace("-", "_"))]
            body = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream" if name.endswith(".whl") else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def index(wheels, monkeypatch, tmp_path):
    """Serves `wheels`, and hangs while `hangs` is set."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Index)
    server.daemon_threads = True
    server.folder, server.asked = wheels, []
    server.hangs, server.hanging, server.ended = threading.Event(), threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "cache"))
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()


def test_packages_come_from_the_index_of_the_user_and_once(case, plugin, wheels, index):
    wheel(wheels, "tiny", "1.0")
    response = only(conclave.consult(case, experts=[plugin(["tiny"], "import tiny\nreturn tiny.version")]))
    assert response.error is None and response.content == "1.0"
    assert index.asked[0] == "/simple/tiny/"


def children_of(process):
    found = []
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *children_of(child)]
    return found


def running(process):
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.02)


def test_a_stop_while_it_is_made_leaves_nothing(case, plugin, wheels, index, data):
    wheel(wheels, "tiny", "1.0")
    index.hangs.set()
    job = conclave.Job("consult")
    before = set(children_of(os.getpid()))
    seen = []

    def stop():
        index.hanging.wait(PATIENCE)
        seen.extend(set(children_of(os.getpid())) - before)
        job.request_stop()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(conclave.CancelledError):
        conclave.consult(case, experts=[plugin(["tiny"], "return 'x'")], job=job)
    stopper.join()
    assert len(seen) >= 2  # the child and pip, and those that workers are forked from
    wait_until(lambda: sum(not running(process) for process in seen) >= 2)
    assert sorted(entry.suffix for entry in data.iterdir()) == [".lock", ".log"]


def test_cancelling_the_task_while_it_is_made_leaves_nothing(case, plugin, wheels, index, data):
    index.hangs.set()

    async def main():
        task = asyncio.create_task(conclave.consult_async(case, experts=[plugin(["tiny"], "return 'x'")]))
        await asyncio.to_thread(index.hanging.wait, PATIENCE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    wait_until(lambda: sorted(entry.suffix for entry in data.iterdir()) == [".lock", ".log"])


PROGRAM = """
import conclave, pathlib, sys
case = conclave.Case(question="?", logs=[sys.argv[1]])
(response,) = conclave.consult(case, experts=[pathlib.Path(sys.argv[2])]).responses
print(response.content if response.error is None else response.error.message)
"""


def test_a_program_that_is_killed_leaves_something_that_the_next_one_mends(case, log, plugin, wheels, index, data):
    wheel(wheels, "tiny", "1.0")
    path = plugin(["tiny"], "import tiny\nreturn tiny.version")
    index.hangs.set()
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, log, path])
    index.hanging.wait(PATIENCE)
    children = children_of(program.pid)
    program.kill()
    program.wait()
    wait_until(lambda: not any(map(running, children)))
    assert len(list(data.glob("*.new"))) == 1
    index.hangs.clear()
    index.ended.set()
    assert only(conclave.consult(case, experts=[path])).content == "1.0"
    assert not list(data.glob("*.new"))


def test_two_programs_at_once_make_one(log, plugin, wheels, index, data):
    wheel(wheels, "tiny", "1.0")
    path = plugin(["tiny"], "import tiny\nreturn tiny.version")
    programs = [subprocess.Popen([sys.executable, "-c", PROGRAM, log, path], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [program.communicate(timeout=4 * PATIENCE)[0] for program in programs] == ["1.0\n", "1.0\n"]
    assert index.asked.count("/simple/tiny/") == 2  # of one maker: to resolve, and to install
    assert len(environments(data)) == 1


@not_sanitized("its leak check takes the interrupt")
def test_ctrl_c_while_it_is_made_is_a_keyboard_interrupt(log, plugin, wheels, index, data):
    path = plugin(["tiny"], "return 'x'")
    index.hangs.set()
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, log, path], stderr=subprocess.PIPE, text=True)
    index.hanging.wait(PATIENCE)
    program.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in program.communicate(timeout=PATIENCE)[1]
    assert not list(data.glob("*.new"))


def test_an_environment_in_use_is_locked(evidence, plugin, wheels, data):
    wheel(wheels, "tiny", "1.0")
    path = plugin(["tiny"], "job.progress(1, 2)\nwhile not job.cancelled(): time.sleep(0.01)\nreturn 'x'")
    job = conclave.Job("it")
    run = _core.start_isolated({**_core.read_plugin(path, "named"), "secret_values": {}}, evidence, job)
    wait_until(lambda: run.wait(0.05, lambda *_: None, lambda *_: None) or job.progress().total == 2)
    (environment,) = environments(data)
    with open(f"{environment}.lock") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    job.request_stop()
    wait_until(lambda: run.wait(0.1, lambda *_: None, lambda *_: None))
    assert run.response().content == "x"
