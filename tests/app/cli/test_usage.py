"""Help, version, wrong arguments, and streams that do not take what is written."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest

COMMANDS = ["consult", "here", "case", "open", "logs", "scan", "config", "console", "run", "plugins", "keys", "history", "backtest", "replay"]


def test_version_goes_to_standard_output(conclave):
    outcome = conclave("--version")
    assert outcome.code == 0 and re.fullmatch(r"conclave \d+\.\d+\.\d+\n", outcome.out) and outcome.err == ""


def test_version_starts_neither_python_nor_a_log(conclave):
    conclave("--version")
    assert not conclave.state.exists()


def test_help_names_every_command_and_the_exit_codes(conclave):
    outcome = conclave("--help")
    assert outcome.code == 0 and outcome.err == ""
    assert all(f"  {command} " in outcome.out for command in COMMANDS)
    assert "130 Ctrl-C" in outcome.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(conclave, command):
    outcome = conclave(command, "--help")
    assert outcome.code == 0 and f"conclave {command}" in outcome.out and outcome.err == ""


@pytest.mark.parametrize("arguments", [["history", "list", "--limit", "0"], ["logs", "templates", "a.log", "--limit", "-1"]])
def test_a_limit_that_is_no_count_is_said_in_words(conclave, arguments):
    assert "to 1000000;" in conclave.fails(2, *arguments)


def test_help_of_consult_says_what_is_sent_where(conclave):
    text = " ".join(conclave("consult", "--help").out.split())
    assert "--allow-endpoint" in text and "Without it nothing is sent anywhere" in text


@pytest.mark.parametrize("arguments, said", [
    (["consutl"], "unknown command 'consutl'; did you mean 'consult'?"),
    (["logs", "sumary", "x"], "did you mean 'summary'?"),
    (["--nonsense"], "--nonsense"),
    (["scan", "a:1", "--nonsense"], "--nonsense"),
    (["logs"], "subcommand is required"),
    (["consult"], "CASE is required"),
    (["scan"], "TARGET is required"),
    (["scan", "localhost:1", "--timeout", "0"], "--timeout"),
    (["scan", "localhost:1", "--timeout", "soon"], "--timeout"),
    (["history", "purge"], "--older-than is required"),
    (["history", "purge", "--older-than", "30x"], "'30x' is not an age"),
    (["history", "purge", "--older-than", "-1d"], "not an age"),
    (["history", "purge", "--older-than", "99999999999999999999d"], "not an age"),
    (["here", "--json", "--html"], "choose one of"),
    (["here", "--json", "--redact"], "--redact goes with"),
    (["logs", "templates", "x", "--json", "--assignments"], "excludes"),
    (["version"], "unknown command 'version'"),
    (["here", "--output", ""], "--output: must not be empty"),
    (["here", "--output="], "--output: 1 required FILE missing"),
    (["consult", ""], "CASE: must not be empty"),
    (["consult", "case.yaml", "--expert", ""], "--expert: must not be empty"),
    (["consult", "case.yaml", "--weights", ""], "--weights: must not be empty"),
    (["consult", "case.yaml", "--plugins", ""], "--plugins: must not be empty"),
    (["case", "new", "a.log", "-o", ""], "--output: must not be empty"),
    (["logs", "summary", ""], "FILE: must not be empty"),
    (["run", ""], "SCRIPT: must not be empty"),
    (["here", "--allow-endpoint", "api.example.com"], "--allow-endpoint: must be an address such as https://"),
    (["here", "--allow-endpoint", "https://"], "--allow-endpoint: must be an address"),
    (["scan", "\u2603:1"], "'\u2603:1': a character that host names cannot have"),
])
def test_wrong_usage_is_one_line_and_2(conclave, arguments, said):
    assert said in conclave.fails(2, *arguments)


def test_global_options_are_understood_before_and_after_the_command(conclave, closed_port):
    for arguments in (["-v", "--quiet", "scan", f"127.0.0.1:{closed_port}"], ["scan", f"127.0.0.1:{closed_port}", "-vv", "--quiet"]):
        assert conclave(*arguments).code == 1


@pytest.mark.parametrize("arguments", [[], ["open", "case.yaml"]])
def test_without_a_display_the_window_is_explained(conclave, case, arguments):
    case()
    outcome = conclave(*arguments)
    assert outcome.code == 2 and outcome.out == ""
    assert "no display" in outcome.err and "consult" in outcome.err


def test_a_window_that_cannot_start_is_an_error(conclave, tmp_path):
    # A copy of the program alone in its folder has no conclave-desktop beside it.
    if os.path.exists(os.path.join(os.path.dirname(os.environ["CONCLAVE_BIN"]), "conclave-desktop")):
        pytest.skip("the window is built; it would open")
    conclave.env["DISPLAY"] = ":99"
    assert "conclave-desktop" in conclave.fails(2)


def test_open_names_the_file_that_is_not_there(conclave):
    assert "missing.yaml" in conclave.fails(2, "open", "missing.yaml")


def test_a_reader_that_goes_away_is_no_crash(conclave, tmp_path):
    many = tmp_path / "many.log"
    many.write_text("one line\n" * 200_000)
    process = conclave.start("logs", "templates", many, "--assignments")
    process.stdout.read(17)
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""


def test_a_full_disk_is_said(conclave, log):
    with open("/dev/full", "w") as full:
        process = conclave.start("logs", "summary", log, stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2 and b"cannot write standard output: No space left on device" in err


def test_a_full_disk_under_the_output_of_a_script_is_said(conclave, tmp_path):
    (tmp_path / "says.py").write_text("print('something')\n")
    with open("/dev/full", "w") as full:
        process = conclave.start("run", "says.py", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2 and b"cannot write standard output: No space left on device" in err
    process = conclave.start("run", "says.py")
    process.stdout.close()  # as `| true`
    assert process.wait(60) == 0 and process.stderr.read() == b""


def test_a_pipe_that_somebody_made_non_blocking_gets_everything(conclave, tmp_path):
    many = tmp_path / "many.log"
    many.write_text("one line\n" * 50_000)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    process = conclave.start("logs", "templates", many, "--assignments", stdout=writing)
    os.close(writing)
    with open(reading) as pipe:
        time.sleep(0.5)  # until the pipe is full
        assert len(pipe.read().splitlines()) == 50_000
    assert process.wait(60) == 0 and process.stderr.read() == b""


def test_standard_error_may_be_closed(conclave):
    process = conclave.start("logs", "summary", "missing.log", stderr=subprocess.DEVNULL)
    assert process.wait(60) == 2


@pytest.fixture
def silent_port():
    """A listener whose queue is full: further connects are neither accepted nor refused."""
    with socket.socket() as server, contextlib.ExitStack() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        time.sleep(0.2)
        yield server.getsockname()[1]


def test_ctrl_c_ends_a_scan_with_130_and_what_is_known(conclave, silent_port):
    scan = conclave.start("scan", "127.0.0.1:1", f"127.0.0.1:{silent_port}", "--timeout", "60000", "--json")

    def sockets():
        links = []
        for entry in os.scandir(f"/proc/{scan.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed just now
                links.append(os.readlink(entry.path))
        return [link for link in links if link.startswith("socket:")]

    conclave.wait_for(lambda: len(sockets()) >= 2)  # the silent port is late and asked a second time; the closed one is known
    scan.send_signal(signal.SIGINT)
    out, _ = scan.communicate(timeout=60)
    assert scan.returncode == 130
    assert [result["state"] for result in json.loads(out)["results"]] == ["closed", "cancelled"]
    assert json.loads(out)["summary"]["interrupted"] is True


def test_an_ignored_interrupt_stays_ignored(conclave, experts, case):
    slow, = experts(slow="""pathlib.Path('running').touch()
    while not os.path.exists('interrupted'):
        time.sleep(0.02)
    return 'done'""")
    process = subprocess.Popen([os.environ["CONCLAVE_BIN"], "consult", str(case()), "--expert", str(slow),
                                "--trust", "slow", "--no-history", "--json"],
                               cwd=conclave.folder, env=conclave.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    conclave.wait_for_file("running")
    process.send_signal(signal.SIGINT)
    (conclave.folder / "interrupted").touch()
    out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 1, 3) and out.startswith(b"{"), err


def test_state_folder_that_cannot_be_made_is_survived(conclave, log, tmp_path):
    (tmp_path / "file").write_text("x")
    conclave.env["XDG_STATE_HOME"] = str(tmp_path / "file")
    assert conclave("logs", "summary", log).code == 0
