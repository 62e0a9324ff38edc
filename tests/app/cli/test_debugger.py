"""conclave run --debug-listen: a debugger attaches to a script as an editor would, by the Debug Adapter Protocol."""
import importlib.util
import json
import re
import signal
import socket

import pytest

needs_debugpy = pytest.mark.skipif(importlib.util.find_spec("debugpy") is None, reason="needs debugpy (apt install python3-debugpy)")


class Client:
    """A debugger that waits for what it is told; 'Content-Length' and JSON."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._stream = self._socket.makefile("rb")
        self._sent = 0

    def send(self, command, **arguments):
        self._sent += 1
        body = json.dumps({"seq": self._sent, "type": "request", "command": command, "arguments": arguments}).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def wait_for(self, name):
        """The body of the next event of that name, or of the response to that command."""
        while True:
            length = 0
            while (line := self._stream.readline()).strip():
                length = int(line.split(b":")[1])
            assert length, f"the connection ended before '{name}'"
            message = json.loads(self._stream.read(length))
            if name in (message.get("event"), message.get("command")):
                assert message.get("success", True), message
                return message.get("body")

    def close(self):
        self._stream.close()
        self._socket.close()


@pytest.fixture
def debugged(conclave):
    """Starts a script under --debug-listen: the process, and a client that is connected to it."""
    running = []

    def start(text, *arguments):
        script = conclave.folder / "script.py"
        script.write_text(text)
        with open(conclave.folder / "out", "wb") as out:
            process = conclave.start("run", "--debug-listen", "0", script, *arguments, stdout=out)
        line = process.stderr.readline().decode()
        client = Client(int(re.fullmatch(r"conclave: waiting for a debugger at 127\.0\.0\.1:(\d+)\n", line).group(1)))
        running.append((process, client))
        return process, client

    yield start
    for process, client in running:
        process.kill()
        client.close()  # debugpy's adapter lives as long as one of both
        process.communicate(timeout=60)


@needs_debugpy
def test_a_debugger_stops_the_script_at_a_line_and_sees_its_variables(debugged, conclave):
    process, client = debugged("import sys\nanswer = 6 * 7\nprint(answer, sys.argv[1])\n", "--more")
    client.send("initialize", adapterID="test", pathFormat="path")
    client.wait_for("initialize")
    client.send("attach", justMyCode=True)
    client.wait_for("initialized")
    client.send("setBreakpoints", source={"path": str(conclave.folder / "script.py")}, breakpoints=[{"line": 3}])
    assert client.wait_for("setBreakpoints")["breakpoints"][0]["verified"]
    client.send("configurationDone")
    thread = client.wait_for("stopped")["threadId"]
    client.send("stackTrace", threadId=thread)
    frame = client.wait_for("stackTrace")["stackFrames"][0]
    assert frame["line"] == 3
    client.send("evaluate", expression="answer + 1", frameId=frame["id"])
    assert client.wait_for("evaluate")["result"] == "43"
    client.send("continue", threadId=thread)
    assert process.wait(timeout=60) == 0
    assert (conclave.folder / "out").read_text() == "42 --more\n"


@needs_debugpy
def test_the_script_waits_for_the_debugger_and_ctrl_c_ends_the_waiting(debugged, conclave):
    process, _ = debugged("open('begun', 'w')\n")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert not (conclave.folder / "begun").exists()


@needs_debugpy
def test_a_port_that_is_taken_is_an_error(conclave, listener):
    (conclave.folder / "script.py").write_text("print('ran')\n")
    outcome = conclave("run", "--debug-listen", listener, "script.py")
    assert outcome.code == 2 and outcome.out == ""
    assert f"cannot listen for a debugger at 127.0.0.1:{listener}" in outcome.err


@pytest.mark.parametrize("port", ["-1", "65536", "http", ""])
def test_what_is_no_port_is_wrong_usage(conclave, port):
    (conclave.folder / "script.py").write_text("print('ran')\n")
    assert conclave.fails(2, "run", "--debug-listen", port, "script.py")


def test_what_follows_the_script_is_the_scripts(conclave):
    (conclave.folder / "script.py").write_text("import sys\nprint(sys.argv[1:])\n")
    assert conclave("run", "script.py", "--debug-listen", "0").out == "['--debug-listen', '0']\n"
