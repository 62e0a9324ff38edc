"""conclave scan --probe, and probes of a case."""
import socket
import threading

import pytest

READY = """
    connection.write(b"PING\\r\\n")
    await connection.drain()
    answer = await connection.readline()
    return {"detail": answer.decode().strip(), "state": "open" if answer == b"PONG\\r\\n" else "closed"}
"""


@pytest.fixture
def server():
    """Starts a server that answers every line with `answer`; nothing if it is empty. Its port."""
    listeners = []

    def talk(connection, answer):
        with connection:
            try:
                while connection.recv(4096):
                    connection.sendall(answer)
            except OSError:
                pass

    def accept(listener, answer):
        try:
            while True:
                threading.Thread(target=talk, args=(listener.accept()[0], answer), daemon=True).start()
        except OSError:
            pass

    def start(answer):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=accept, args=(listener, answer), daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def probes(tmp_path):
    def write(header="", **bodies):
        folder = tmp_path / "probes_of_mine"
        folder.mkdir(exist_ok=True)
        for name, body in bodies.items():
            (folder / f"{name}.py").write_text(
                f"{header}import asyncio, conclave, os, time\n\n@conclave.probe\nasync def talk(connection, target):\n    {body}\n"
            )
        return folder
    return write


@pytest.mark.parametrize("trust", [(), ("--trust", "ready")], ids=["isolated", "in_process"])
def test_a_scan_says_what_the_probe_says(conclave, probes, server, trust):
    folder = probes(ready=READY)
    good, bad = server(b"PONG\r\n"), server(b"ERR\r\n")
    outcome = conclave("scan", f"127.0.0.1:{good},{bad}", "--probe", "ready", "--plugins", folder, *trust, "--json")
    assert outcome.code == 1, outcome
    assert [(each["state"], each["detail"]) for each in outcome.json["results"]] == [("open", "PONG"), ("closed", "ERR")]
    assert conclave("scan", f"127.0.0.1:{good}", "--probe", "ready", "--plugins", folder, *trust).code == 0


@pytest.mark.parametrize("trust", [(), ("--trust", "late")], ids=["isolated", "in_process"])
def test_one_that_fails_leaves_it_open_and_is_said(conclave, probes, server, trust):
    port = server(b"")
    folder = probes(late="await connection.readline()")
    outcome = conclave("scan", f"127.0.0.1:{port}", "--probe", "late", "--plugins", folder, *trust, "--timeout", "50", "--json")
    assert outcome.code == 0, outcome
    assert outcome.json["results"][0]["state"] == "open" and "no answer within 0.5 s" in outcome.json["results"][0]["detail"]
    assert "probe-failed" in outcome.err


def test_a_name_nobody_has_is_an_error(conclave, probes, server):
    folder = probes(ready=READY)
    error = conclave.fails(2, "scan", f"127.0.0.1:{server(b'')}", "--probe", "redy", "--plugins", folder)
    assert "there is no probe 'redy'; did you mean 'ready'?" in error
    (folder / "other.py").write_text("import conclave\n\n@conclave.rule\ndef other(config): return None\n")
    assert "is no probe but of kind rule" in conclave.fails(2, "scan", "127.0.0.1:1", "--probe", "other", "--plugins", folder)


@pytest.mark.parametrize("trust", [(), ("--trust", "ready")], ids=["isolated", "in_process"])
def test_a_case_names_it_by_service(conclave, probes, server, case, experts, trust):
    (path,) = experts(one="return str([(s.name, s.state, s.detail) for s in evidence.services])")
    folder = probes(ready=READY)
    port = server(b"PONG\r\n")
    text = f'services: [{{name: web, target: "127.0.0.1:{port}", probe: ready}}]\n'
    outcome = conclave("consult", case(text), "--expert", path, "--plugins", folder, *trust, "--json")
    assert "('web', 'open', 'PONG')" in outcome.json["responses"][0]["content"], outcome
    (probe,) = [hook for hook in outcome.json["receipt"]["hooks"] if hook["hook"] == "probe"]
    assert (probe["plugin"], probe["change"]) == ("ready", "changed web (detail, state)")
    assert "there is no probe 'ready'" in conclave.fails(2, "consult", case(text), "--expert", path)


def test_it_can_be_switched_off(conclave, probes, server):
    folder = probes(ready=READY)
    assert conclave("plugins", "install", folder / "ready.py").code == 0
    port = server(b"PONG\r\n")
    assert conclave("scan", f"127.0.0.1:{port}", "--probe", "ready").code == 0
    assert conclave("plugins", "disable", "ready").code == 0
    assert "you disabled it" in conclave.fails(2, "scan", f"127.0.0.1:{port}", "--probe", "ready")


def test_one_beside_the_case_needs_consent(conclave, probes, server, case, experts):
    (path,) = experts(one="return str([(s.name, s.state, s.detail) for s in evidence.services])")
    port = server(b"PONG\r\n")
    file = case(f'services: [{{name: web, target: "127.0.0.1:{port}", probe: ready}}]\n')
    folder = probes(ready=READY)
    (file.parent / "plugins").mkdir()
    (folder / "ready.py").rename(file.parent / "plugins" / "ready.py")
    error = conclave.fails(2, "consult", file, "--expert", path)
    assert "probe 'ready' did not run: it comes with the case, and nobody agreed to its content" in error
    assert "conclave plugins lock" in error
    assert conclave("plugins", "lock", file).code == 0
    outcome = conclave("consult", file, "--expert", path, "--json")
    assert "('web', 'open', 'PONG')" in outcome.json["responses"][0]["content"], outcome
