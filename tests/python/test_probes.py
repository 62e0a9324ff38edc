"""Probes of the user: in workers, in this process, and as functions. What one does wrong costs what it would have said."""

import asyncio
import contextlib
import gc
import os
import socket
import threading
import time

import conclave
import pytest
from conclave import _probe
from probe_servers import flood, pong, serving, silent

PATIENCE = 30
ASK = "connection.write(b'PING\\r\\n')\n    await connection.drain()\n    answer = await connection.readline()\n    "


def nobody(evidence, job):
    return str([(service.name, service.state, service.detail) for service in evidence.services])


@pytest.fixture
def probes(tmp_path):
    """Writes probes, by their bodies, into a folder, which it returns."""

    def write(time_s=PATIENCE, prefix="async ", **bodies):
        folder = tmp_path / "probes"
        folder.mkdir(exist_ok=True)
        for name, body in bodies.items():
            lines = ["# /// script", "# [tool.conclave.limits]", f"# time_s = {time_s}", "# ///"]
            lines += ["import asyncio, conclave, ctypes, os, socket, time", "@conclave.probe", f"{prefix}def talk(connection, target):"]
            (folder / f"{name}.py").write_text("\n".join([*lines, f"    {body}"]) + "\n")
        return folder

    return write


@pytest.fixture(params=["isolated", "in_process"])
def consult(request, tmp_path):
    def run(services, folder, **more):
        names = [service["probe"] for service in services if "probe" in service]
        case = conclave.Case(question="?", name="small", services=services, base=tmp_path)
        trust = names if request.param == "in_process" else ()
        return conclave.consult(case, experts=[nobody], plugins=[folder], trust=trust, **more)

    run.in_process = request.param == "in_process"
    return run


def service(port, probe="ready", name="web"):
    return {"name": name, "target": f"127.0.0.1:{port}", "probe": probe}


def services_of(report):
    return report.to_dict()["evidence"]["services"]


def failures(report):
    return [problem.message for problem in report.problems if problem.rule == "probe-failed"]


def changes(report):
    return [(hook["plugin"], hook["change"]) for hook in report.receipt["hooks"] if hook["hook"] == "probe"]


def test_what_it_says_is_evidence_and_stands_in_the_receipt(consult, probes):
    folder = probes(ready=ASK + "return {'detail': answer.decode().strip(), 'latency_ms': 7}")
    with serving(pong) as port:
        report = consult([service(port)], folder)
    (web,) = services_of(report)
    assert (web["state"], web["detail"], web["latency_ms"]) == ("open", "PONG", 7)
    assert "PONG" in report.responses[0].content
    assert changes(report) == [("ready", "changed web (detail, latency_ms)")] and not failures(report)
    assert [plugin["name"] for plugin in report.receipt["plugins"]] == ["ready"]


@pytest.mark.parametrize("returned, state, detail", [
    ("None", "open", ""),
    ("'slow today'", "open", "slow today"),
    ("{'state': 'closed', 'detail': 'wrong answer'}", "closed", "wrong answer"),
    ("{}", "open", ""),
    ("target['name'] + ' ' + target['address'] + ' ' + target['expect']", "open", "web 127.0.0.1 open"),
])  # fmt: skip
def test_a_plain_function_says_it_too(consult, probes, returned, state, detail):
    folder = probes(prefix="", ready=f"connection.sendall(b'x'); connection.recv(1)\n    return {returned}")
    with serving(pong) as port:
        (web,) = services_of(consult([service(port)], folder))
    assert (web["state"], web["detail"]) == (state, detail)


FAULTS = {
    "raises": ("async ", "raise KeyError('boo')", "KeyError: 'boo'"),
    "cannot change what it is given": ("async ", "target['name'] = 'x'", "TypeError"),
    "number": ("async ", "return 42", "not int"),
    "another field": ("async ", "return {'name': 'x'}", "not 'name'"),
    "another state": ("async ", "return {'state': 'fine'}", "state must be one of those"),
    "no text": ("async ", "return {'detail': 7}", "detail must be text"),
    "negative": ("async ", "return {'latency_ms': -1}", "latency_ms must be a number"),
    "nan": ("async ", "return {'latency_ms': float('nan')}", "ValueError"),
    "leaves": ("async ", "raise SystemExit(3)", "SystemExit"),
    "cannot be loaded": ("", "return None\n\nraise ImportError('gone')", "ImportError: gone"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_leaves_the_service_open_and_costs_a_warning(consult, probes, fault):
    prefix, body, why = FAULTS[fault]
    folder = probes(prefix=prefix, ready=body)
    with serving(pong) as port:
        report = consult([service(port)], folder)
    (web,) = services_of(report)
    assert web["state"] == "open" and web["detail"].startswith("probe ready failed: ") and why in web["detail"], web
    (failure,) = failures(report)
    assert why in failure
    assert [change.startswith("failed: web: ") for _, change in changes(report)] == [True]
    assert [problem.severity for problem in report.problems if problem.rule.endswith("-failed")] == ["warning"]


@pytest.mark.parametrize("prefix, body", [
    ("async ", "await asyncio.sleep(1000)"),
    ("async ", "await connection.readline()"),
    ("async ", "time.sleep(3)"),
    ("async ", "while True:\n        try: await asyncio.sleep(0.1)\n        except BaseException: pass"),
    ("", "connection.recv(1)"),
    ("", "while True: pass"),
], ids=["sleeps", "waits for a silent server", "blocks its loop", "will not end", "waits in recv", "spins"])  # fmt: skip
def test_one_that_is_late_delays_nobody(consult, probes, prefix, body):
    folder = probes(time_s=1, prefix=prefix, late=body)
    probes(ready=ASK + "return answer.decode().strip()")
    with serving(silent) as quiet, serving(pong) as port:
        services = [service(quiet, "late", f"late {i}") for i in range(4)] + [service(port, "ready", f"web {i}") for i in range(4)]
        report = consult(services, folder)
    late, good = services_of(report)[:4], services_of(report)[4:]
    assert [(each["state"], each["detail"]) for each in good] == [("open", "PONG")] * 4
    assert all(each["state"] == "open" and "no answer within" in each["detail"] for each in late), late
    assert len(failures(report)) == 4
    assert sorted(plugin for plugin, _ in changes(report)) == ["late"] * 4 + ["ready"] * 4


def test_a_crash_is_that_of_a_worker(tmp_path, probes):
    folder = probes(crash="ctypes.string_at(0)", gone="os._exit(3)", ready="return 'fine'")
    with serving(pong) as port:
        services = [service(port, name, name) for name in ("crash", "gone", "ready")]
        case = conclave.Case(question="?", services=services, base=tmp_path)
        report = conclave.consult(case, experts=[nobody], plugins=[folder])
    crash, gone, ready = services_of(report)
    assert "SIGSEGV" in crash["detail"] and "exit code 3" in gone["detail"] and ready["detail"] == "fine"
    assert len(failures(report)) == 2


@pytest.mark.parametrize("prefix, body", [
    ("async ", "await connection.read()"),
    ("async ", "while await connection.read(65536): pass"),
    ("", "while connection.recv(65536): pass"),
    ("", "connection.makefile('rb').read()"),
], ids=["at once", "in pieces", "recv", "makefile"])  # fmt: skip
def test_a_server_that_floods_is_read_to_a_limit(consult, probes, prefix, body):
    folder = probes(prefix=prefix, ready=body)
    with serving(flood) as port:
        (web,) = services_of(consult([service(port)], folder))
    assert web["state"] == "open" and "a probe may read no more" in web["detail"]


def test_what_is_not_read_does_not_count(consult, probes):
    folder = probes(ready="first = await connection.readexactly(3)\n    await asyncio.sleep(0.3)\n    return first.decode()")
    with serving(flood) as port:
        (web,) = services_of(consult([service(port)], folder))
    assert web["detail"] == "xxx"


def test_a_worker_reaches_nothing_but_the_connection(tmp_path, probes):
    reach = "socket.socket().connect(connection.writer.get_extra_info('peername'))"
    again = "connection.connect(('127.0.0.1', 1))"
    folder = probes(other=reach)
    probes(prefix="", again=again)
    with serving(pong) as port:
        case = conclave.Case(question="?", services=[service(port, "other"), service(port, "again", "b")], base=tmp_path)
        report = conclave.consult(case, experts=[nobody], plugins=[folder])
    assert ["PermissionError" in each["detail"] for each in services_of(report)] == [True, True], services_of(report)


def test_a_manifest_may_not_ask_for_a_network(tmp_path, probes):
    folder = probes(ready="return None")
    header = "# /// script\n# [tool.conclave.permissions]\n# network = ['example.com:80']\n# ///\n"
    (folder / "ready.py").write_text(header + "import conclave\n@conclave.probe\ndef talk(connection, target): return None\n")
    with pytest.raises(conclave.CircleError, match="there is no probe 'ready'"):
        conclave.consult(conclave.Case(question="?", services=[service(1)], base=tmp_path), experts=[nobody], plugins=[folder])


def test_a_name_nobody_has_is_said_before_anything_is_scanned(tmp_path, probes):
    folder = probes(ready="return None")
    came = []
    with serving(came.append) as port:
        for name, why in (("redy", "there is no probe 'redy'; did you mean 'ready'?"), ("log_errors", "there is no probe")):
            case = conclave.Case(question="?", services=[service(port, name)], base=tmp_path)
            with pytest.raises(conclave.CircleError) as error:
                conclave.consult(case, experts=[nobody], plugins=[folder])
            assert why in str(error.value)
    assert came == []


def test_what_is_closed_is_not_asked(consult, probes):
    folder = probes(ready="return 'never'")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        report = consult([service(bound.getsockname()[1])], folder)
    assert services_of(report)[0]["state"] == "closed" and changes(report) == []


def test_a_server_that_is_gone_since_the_scan_is_said(tmp_path, probes):
    """It listens for the one connection of the scan."""
    folder = probes(ready="return await connection.read() and 'never' or 'its end'")
    listener = socket.create_server(("127.0.0.1", 0))

    def once():
        connection, _ = listener.accept()
        listener.close()
        connection.close()

    thread = threading.Thread(target=once)
    thread.start()
    case = conclave.Case(question="?", services=[service(listener.getsockname()[1])], base=tmp_path)
    report = conclave.consult(case, experts=[nobody], plugins=[folder])
    thread.join()
    (web,) = services_of(report)
    assert web["state"] == "open"
    # The kernel may have taken the second connection before the listener was closed.
    assert "cannot connect again" in web["detail"] or web["detail"] == "its end" or "ConnectionReset" in web["detail"]


def test_it_is_awaited_too(tmp_path, probes):
    folder = probes(ready=ASK + "return answer.decode().strip()")
    asked = threading.Event()
    alive = threading.Event()

    def pong_if_the_loop_runs(connection):
        while connection.recv(4096):
            asked.set()
            if alive.wait(10):
                connection.sendall(b"PONG\r\n")

    async def main(port):
        async def tick():
            while True:
                if asked.is_set():
                    alive.set()
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        case = conclave.Case(question="?", services=[service(port)], base=tmp_path)
        isolated = await conclave.consult_async(case, experts=[nobody], plugins=[folder])
        asked.clear()
        alive.clear()
        trusted = await conclave.consult_async(case, experts=[nobody], plugins=[folder], trust="ready")
        ticking.cancel()
        return isolated, trusted

    with serving(pong_if_the_loop_runs) as port:
        isolated, trusted = asyncio.run(main(port))
    assert services_of(isolated)[0]["detail"] == services_of(trusted)[0]["detail"] == "PONG"


def test_a_stop_ends_it(tmp_path, probes):
    folder = probes(late="await asyncio.sleep(1000)")
    job = conclave.Job("small")
    with serving(silent) as port:
        case = conclave.Case(question="?", services=[service(port, "late")], base=tmp_path)
        threading.Timer(1, job.request_stop).start()
        started = time.monotonic()
        with pytest.raises(conclave.CancelledError):
            conclave.consult(case, experts=[nobody], plugins=[folder], job=job)
    assert time.monotonic() - started < 8  # of the ten seconds that it has


def test_what_it_prints_in_a_worker_is_shown(tmp_path, probes, capsys):
    folder = probes(ready="print('looking'); return None")
    with serving(pong) as port:
        case = conclave.Case(question="?", services=[service(port)], base=tmp_path)
        conclave.consult(case, experts=[nobody], plugins=[folder])
    assert "looking" in capsys.readouterr().out


# Functions, and scans without a case


async def says_pong(connection, target):
    connection.write(b"PING\r\n")
    return (await connection.readline()).decode().strip()


def test_a_scan_asks_a_function():
    from conclave import scan

    with serving(pong) as port:
        results = scan.scan([f"127.0.0.1:{port}"], probe=says_pong)
        assert [(each.state, each.detail) for each in results] == [("open", "PONG")]
        assert asyncio.run(scan.scan_async([f"127.0.0.1:{port}"], probe=says_pong))[0].detail == "PONG"
        (result,) = scan.scan([f"127.0.0.1:{port}"], probe=lambda connection, target: {"state": "closed"})
        assert result.state == "closed" and not result.open
        (result,) = scan.scan([f"127.0.0.1:{port}"], probe=lambda connection, target: 1 / 0)
        assert result.open and "ZeroDivisionError" in result.detail


def test_the_time_out_of_the_scan_bounds_it():
    from conclave import scan

    with serving(silent) as port:
        started = time.monotonic()
        (result,) = scan.scan([f"127.0.0.1:{port}"], timeout_ms=50, probe=lambda connection, target: connection.recv(1))
    assert "no answer" in result.detail or "timed out" in result.detail
    assert time.monotonic() - started < 5


def test_a_scan_that_names_a_probe_nobody_has_says_so():
    from conclave import scan

    with pytest.raises(conclave.CircleError, match="there is no probe 'nothing_like_it'"):
        scan.scan(["127.0.0.1:1"], probe="nothing_like_it")


def test_many_are_asked_at_the_same_time():
    from conclave import scan

    async def waits(connection, target):
        await asyncio.sleep(0.5)
        return "waited"

    with contextlib.ExitStack() as servers:
        ports = [servers.enter_context(serving(silent)) for _ in range(40)]
        started = time.monotonic()
        results = scan.scan([f"127.0.0.1:{port}" for port in ports], probe=waits)
    assert {each.detail for each in results} == {"waited"}
    assert time.monotonic() - started < 40 * 0.5 / 2  # and not one after the other


def test_no_descriptor_is_left(consult, probes):
    folder = probes(ready="return 'fine'", late="raise KeyError")
    with serving(pong) as port:
        consult([service(port)], folder)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            consult([service(port), service(port, "late", "b")], folder)
        end = time.monotonic() + PATIENCE
        while len(os.listdir("/proc/self/fd")) > before + 2 and time.monotonic() < end:
            gc.collect()  # what tracebacks hold
            time.sleep(0.05)  # threads that end
        assert len(os.listdir("/proc/self/fd")) <= before + 2


def test_the_case_keeps_it():
    case = conclave.Case(question="?", services=[service(1)])
    assert case.services[0]["probe"] == "ready"
    import copy
    import pickle

    assert pickle.loads(pickle.dumps(case)).services == copy.deepcopy(case).services == case.services


def test_what_is_no_function_is_no_probe():
    with pytest.raises(TypeError, match="callable"):
        conclave.probe(7)
    assert conclave.probe(says_pong) is says_pong and _probe.find(says_pong)["name"] == "says_pong"


def test_one_beside_the_case_needs_consent(tmp_path, probes):
    probes(ready=ASK + "return answer.decode().strip()").rename(tmp_path / "plugins")
    with serving(pong) as port:
        (tmp_path / "case.yaml").write_text(
            f'version: 1\nname: small\nquestion: "?"\nservices: [{{name: web, target: "127.0.0.1:{port}", probe: ready}}]\n'
        )
        with pytest.raises(conclave.CircleError, match="probe 'ready' did not run: it comes with the case, and nobody agreed"):
            conclave.consult(tmp_path / "case.yaml", experts=[nobody])
        report = conclave.consult(tmp_path / "case.yaml", experts=[nobody], trust="ready")
    assert services_of(report)[0]["detail"] == "PONG"
