"""conclave keys: kept sealed, never shown, and reached by the experts that may have them."""
import json
import os
import pty
import select
import signal
import stat
import subprocess
import termios
import time

import pytest

VALUE = "sk-value-of-nobody-0123456789"


@pytest.fixture
def ring(conclave):
    return conclave.folder / "config" / "conclave" / "keys.vault"


def audit(conclave):
    return [json.loads(line) for line in (conclave.state / "audit.jsonl").read_text().splitlines()]


def everything_in(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_key_is_set_listed_and_removed(conclave, ring):
    outcome = conclave("keys", "set", "OPENAI_API_KEY", input=VALUE + "\n")
    assert outcome.code == 0 and outcome.out == "" and str(ring) in outcome.err and "backups" in outcome.err
    assert conclave("keys", "set", "B", "--stdin", input="other\r\n").err == "conclave: B is kept\n"
    assert conclave("keys", "set", "B", input="other").err == "conclave: B is replaced\n"
    assert conclave("keys", "list").out == "B\nOPENAI_API_KEY\n"
    assert conclave("keys", "list", "--json").json == {"keys": ["B", "OPENAI_API_KEY"], "opened_by": "key_file", "file": str(ring)}
    assert conclave("keys", "remove", "OPENAI_API_KEY").code == 0
    assert conclave("keys", "list").out == "B\n"
    assert [(line["event"], line["subject"], line["detail"]) for line in audit(conclave)] == [
        ("keys.set", "OPENAI_API_KEY", "new"), ("keys.set", "B", "new"), ("keys.set", "B", "replaced"),
        ("keys.remove", "OPENAI_API_KEY", "")]


def test_the_value_is_nowhere_in_the_clear(conclave, ring):
    conclave("keys", "set", "OPENAI_API_KEY", "-vv", input=VALUE)
    for path in (ring, conclave.state / "keys.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert VALUE.encode() not in everything_in(conclave.folder)


def test_without_keys_the_list_is_empty(conclave, ring):
    assert conclave("keys", "list").out == ""
    assert conclave("keys", "list", "--json").json == {"keys": [], "opened_by": None, "file": str(ring)}
    assert not ring.exists()


@pytest.mark.parametrize("arguments, said", [
    (["keys"], "subcommand is required"), (["keys", "set"], "NAME is required"), (["keys", "remove", "X"], "no key is called 'X'"),
    (["keys", "set", "A-B"], "is no name for a key"), (["keys", "lst"], "did you mean 'list'?"),
    (["keys", "set", "A"], "standard input: is empty"),
])
def test_wrong_usage_is_one_line(conclave, arguments, said):
    assert said in conclave.fails(2, *arguments)


@pytest.mark.parametrize("content, said", [(b"a\xff", "not text"), (b"a\0b", "not text"), (b"x" * 70_000, "longer than 64 KiB"), (b"\n", "empty")])
def test_a_value_that_is_none_is_refused(conclave, ring, content, said):
    process = conclave.start("keys", "set", "A", stdin=subprocess.PIPE)
    _, err = process.communicate(content, timeout=60)
    assert process.returncode == 2 and said in err.decode() and not ring.exists()


def test_a_near_miss_is_suggested(conclave):
    conclave("keys", "set", "OPENAI_API_KEY", input=VALUE)
    assert "did you mean 'OPENAI_API_KEY'?" in conclave.fails(2, "keys", "remove", "OPENAI_APIKEY")


def test_a_ring_that_others_can_read_is_refused(conclave, ring):
    conclave("keys", "set", "A", input=VALUE)
    ring.chmod(0o644)
    assert f"chmod 600 {ring}" in conclave.fails(2, "keys", "list")


@pytest.mark.parametrize("content", [b"", b"\0\1\2", b"{", b"[" * 100_000, b'{"conclave_keys": 1}'])
def test_a_damaged_ring_is_said_and_left_alone(conclave, ring, content):
    ring.parent.mkdir(parents=True)
    ring.write_bytes(content)
    ring.chmod(0o600)
    assert "is damaged" in conclave.fails(2, "keys", "list")
    outcome = conclave("keys", "set", "A", input=VALUE)
    assert outcome.code == 2 and "is damaged" in outcome.err and ring.read_bytes() == content


def test_with_a_passphrase_it_is_needed_to_set_but_not_to_list(conclave, ring):
    conclave.env["CONCLAVE_PASSPHRASE"] = "correct horse"
    assert conclave("keys", "set", "A", input=VALUE).code == 0
    assert conclave("keys", "list", "--json").json["opened_by"] == "passphrase"
    assert not (conclave.state / "keys.key").exists()
    del conclave.env["CONCLAVE_PASSPHRASE"]
    assert conclave("keys", "list").out == "A\n"
    conclave.env["CONCLAVE_PASSPHRASE"] = "wrong horse"
    outcome = conclave("keys", "set", "B", input=VALUE)
    assert outcome.code == 2 and "the passphrase does not open it" in outcome.err


def test_without_passphrase_and_terminal_the_way_out_is_said(conclave, ring):
    process = conclave.start("keys", "set", "A", "--passphrase", stdin=subprocess.PIPE, start_new_session=True)
    _, err = process.communicate(VALUE.encode(), timeout=60)
    assert process.returncode == 2 and b"CONCLAVE_PASSPHRASE" in err and not ring.exists()


class Terminal:
    """The program on a terminal of its own; `wait_for` and `type` are what a person does."""

    def __init__(self, conclave, *arguments):
        self.shown = b""
        pid, self.descriptor = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(conclave.folder)
            os.execve(os.environ["CONCLAVE_BIN"], ["conclave", *arguments], conclave.env)
        self.pid = pid

    def read(self, until):
        end = time.monotonic() + 60
        while until not in self.shown and time.monotonic() < end:
            if select.select([self.descriptor], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self.descriptor, 4096)
                except OSError:
                    break

    def wait_for(self, text):
        self.read(text)
        assert text in self.shown, self.shown
        self.shown = self.shown.partition(text)[2]

    def type(self, text):
        os.write(self.descriptor, text)

    def end(self):
        self.read(b"\0 never")
        _, status = os.waitpid(self.pid, 0)
        self.echoes = bool(termios.tcgetattr(self.descriptor)[3] & termios.ECHO)
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(status)


def test_a_key_is_typed_without_being_shown(conclave):
    terminal = Terminal(conclave, "keys", "set", "A")
    terminal.wait_for(b"Value of A (not shown): ")
    terminal.type(VALUE.encode() + b"\n")
    assert terminal.end() == 0
    assert VALUE.encode() not in terminal.shown and b"A is kept" in terminal.shown
    assert conclave("keys", "list").out == "A\n"


def test_a_new_passphrase_is_typed_twice(conclave):
    terminal = Terminal(conclave, "keys", "set", "A", "--passphrase")
    terminal.wait_for(b"New passphrase")
    terminal.type(b"correct horse\n")
    terminal.wait_for(b"Again: ")
    terminal.type(b"correct horse\n")
    terminal.wait_for(b"Value of A")
    terminal.type(VALUE.encode() + b"\n")
    assert terminal.end() == 0
    terminal = Terminal(conclave, "keys", "set", "B")
    terminal.wait_for(b"Passphrase of ")
    terminal.type(b"wrong horse\n")
    terminal.wait_for(b"Value of B")
    terminal.type(VALUE.encode() + b"\n")
    terminal.wait_for(b"the passphrase does not open it")
    assert terminal.end() == 2
    assert conclave("keys", "list").out == "A\n"


def test_ctrl_c_at_the_prompt_sets_nothing_and_leaves_the_terminal_as_it_was(conclave, ring):
    terminal = Terminal(conclave, "keys", "set", "A")
    terminal.wait_for(b"not shown")
    terminal.type(b"\x03")
    assert terminal.end() == 130
    assert terminal.echoes and not ring.exists()


def test_help_says_what_protects_the_keys(conclave):
    text = " ".join(conclave("keys", "set", "--help").out.split())
    assert "protects copies and backups of the configuration folder but not against somebody who can read all your files" in text


ASKING = '''# /// script
# [tool.conclave]
# scope = "overall"
# [tool.conclave.permissions]
# secrets = ["A_KEY"]
# ///
import conclave

@conclave.expert
def asking(evidence, job):
    value = job.secret("A_KEY")
    print("printed", value)
    raise RuntimeError(f"none" if value is None else f"length {len(value)}: {value}")
'''


@pytest.fixture
def asking(conclave, case):
    path = conclave.folder / "asking.py"
    path.write_text(ASKING)

    def run(*more):
        outcome = conclave("consult", case(), "--expert", path, "--json", *more)
        response, = outcome.json["responses"]
        return response["error"]["type"], response["error"]["message"], outcome
    return run


def test_an_expert_gets_the_key_and_cannot_put_it_into_the_report(conclave, asking):
    conclave("keys", "set", "A_KEY", input=VALUE)
    kind, message, outcome = asking()
    assert (kind, message) == ("RuntimeError", f"length {len(VALUE)}: [redacted A_KEY]")
    assert VALUE not in outcome.out
    assert VALUE.encode() not in everything_in(conclave.state)


def test_the_environment_goes_first_and_an_absent_key_is_none(conclave, asking):
    assert asking()[1] == "none"
    conclave("keys", "set", "A_KEY", input=VALUE)
    conclave.env["A_KEY"] = "of the environment"
    assert asking()[1] == "length 18: [redacted A_KEY]"


def test_a_ring_with_a_passphrase_that_is_not_given_is_a_clear_failure(conclave, asking):
    conclave.env["CONCLAVE_PASSPHRASE"] = "correct horse"
    conclave("keys", "set", "A_KEY", input=VALUE)
    assert asking()[1].startswith(f"length {len(VALUE)}")
    del conclave.env["CONCLAVE_PASSPHRASE"]
    kind, message, _ = asking()
    assert kind == "SecurityError" and "CONCLAVE_PASSPHRASE" in message


def test_an_expert_whose_manifest_names_no_secret_gets_none(conclave, experts, case):
    conclave("keys", "set", "A_KEY", input=VALUE)
    path, = experts(greedy="return job.secret('A_KEY')")
    response, = conclave("consult", case(), "--expert", path, "--json").json["responses"]
    assert response["status"] == "failed" and 'secrets = ["A_KEY"]' in response["error"]["message"]


def test_a_run_at_a_terminal_asks_for_the_passphrase_once_beforehand(conclave, asking, case):
    conclave.env["CONCLAVE_PASSPHRASE"] = "correct horse"
    conclave("keys", "set", "A_KEY", input=VALUE)
    del conclave.env["CONCLAVE_PASSPHRASE"]
    arguments = ["consult", str(case()), "--expert", "asking.py", "--json", "--no-history"]
    for typed, said in ((b"correct horse\n", f"length {len(VALUE)}: [redacted A_KEY]"), (b"\n", "CONCLAVE_PASSPHRASE"),
                        (b"wrong horse\n", "the passphrase does not open it")):
        terminal = Terminal(conclave, *arguments)
        terminal.wait_for(b"Passphrase of ")
        terminal.type(typed)
        terminal.end()
        assert said.encode() in terminal.shown and VALUE.encode() not in terminal.shown
    conclave.env["A_KEY"] = VALUE  # then the ring is not needed
    terminal = Terminal(conclave, *arguments)
    terminal.end()
    assert b"Passphrase" not in terminal.shown and b"[redacted A_KEY]" in terminal.shown
