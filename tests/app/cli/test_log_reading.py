"""Where logs come from: standard input."""
import gzip
import json
import os
import pty
import select
import signal
import subprocess

LINES = "2026-03-01T12:00:00Z INFO api one\n2026-03-01T12:00:01Z ERROR api two failed\n"


def piped(conclave, data, *arguments):
    process = conclave.start("logs", *arguments, stdin=subprocess.PIPE)
    out, err = process.communicate(data, timeout=60)
    return process.returncode, out.decode(), err.decode()


def test_every_command_reads_standard_input(conclave, tmp_path):
    (tmp_path / "before.log").write_text(LINES)
    code, out, _ = piped(conclave, LINES.encode(), "summary", "-", "--json")
    found = json.loads(out)
    assert code == 0 and found["total_lines"] == 2 and found["levels"]["error"] == 1
    assert found["sources"][0]["path"] == "-" and found["sources"][0]["file_bytes"] == len(LINES)
    assert piped(conclave, LINES.encode(), "search", "failed", "-") == (0, "2:2026-03-01T12:00:01Z ERROR api two failed\n", "")
    code, out, _ = piped(conclave, LINES.encode(), "templates", "-", "--assignments")
    assert code == 0 and len(out.splitlines()) == 2
    code, out, _ = piped(conclave, (LINES * 50).encode(), "compare", "before.log", "-", "--json")
    assert json.loads(out)["records_after"] == 100


def test_standard_input_stands_beside_files(conclave, tmp_path):
    (tmp_path / "a.log").write_text(LINES)
    code, out, _ = piped(conclave, LINES.encode(), "search", "failed", "a.log", "-")
    assert code == 0 and [line.split(":")[0] for line in out.splitlines()] == [str(tmp_path / "a.log"), "-"]


def test_compressed_standard_input_is_unpacked(conclave, tmp_path):
    packed = gzip.compress(LINES.encode())
    assert json.loads(piped(conclave, packed, "summary", "-", "--json")[1])["total_lines"] == 2
    code, out, err = piped(conclave, packed[:-20], "summary", "-", "--json")
    assert code == 1 and "damaged or cut off" in err and json.loads(out)["problems"]


def test_a_file_given_as_standard_input_is_read(conclave, log):
    with log.open("rb") as file:
        process = conclave.start("logs", "summary", "-", "--json", stdin=file)
    assert json.loads(process.communicate(timeout=60)[0])["total_lines"] == 180


def test_standard_input_is_read_only_once(conclave):
    code, _, err = piped(conclave, LINES.encode(), "compare", "-", "-")
    assert code == 2 and "only once" in err
    code, out, err = piped(conclave, LINES.encode(), "summary", "-", "-", "--json")
    assert code == 2 and "only once" in err and json.loads(out)["total_lines"] == 2


def test_standard_input_that_cannot_be_read_is_an_error(conclave, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    process = conclave.start("logs", "summary", "-", stdin=folder)
    os.close(folder)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2 and b"-: cannot read: Is a directory" in err


def test_ctrl_c_ends_the_wait_for_standard_input(conclave):
    read, write = os.pipe()
    process = conclave.start("-v", "logs", "summary", "-", stdin=read)
    os.write(write, LINES.encode())
    conclave.wait_for(lambda: not select.select([read], [], [], 0)[0])  # it was read, and there is no end
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    os.close(write)
    os.close(read)
    assert process.returncode == 130 and b"failed" not in out


def test_a_terminal_is_told_how_to_end(conclave):
    master, slave = pty.openpty()
    process = conclave.start("logs", "summary", "-", "--json", stdin=slave)
    os.close(slave)
    os.write(master, LINES.encode() + b"\x04")
    out, err = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 0 and json.loads(out)["total_lines"] == 2
    assert "Ctrl-D" in err.decode()


def test_standard_input_is_not_followed(conclave):
    assert "cannot be followed" in conclave.fails(2, "logs", "follow", "-")
