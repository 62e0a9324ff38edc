"""conclave logs follow."""
import json
import re
import signal
import subprocess

import pytest

OLD = "2026-03-01T12:00:00Z INFO api old\n"


def following(conclave, *arguments, **more):
    """The process, its output in a file, and what waits for some words in it."""
    out = conclave.folder / "out.txt"
    process = conclave.start("logs", "follow", *arguments, stdout=out.open("wb"), **more)
    return process, out, lambda words: conclave.wait_for(lambda: words in out.read_text())


def ended(process):
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    return err.decode()


def test_lines_come_as_they_are_written_and_across_rotation(conclave, log):
    log.write_text(OLD * 20)
    process, out, wait = following(conclave, log, "-n", "2")
    wait(OLD * 2)
    with log.open("a") as file:
        file.write("2026-03-01T12:00:01Z ERROR api broke \x1b[2J\n")
    wait("ERROR api broke ?[2J\n")
    log.rename(log.with_suffix(".1"))
    log.write_text("new\n")
    wait("new\n")
    assert "was rotated; the new file follows" in ended(process)
    assert out.read_text().count("old") == 2


TRACE = "2026-03-01T12:00:00Z ERROR api broke\nTraceback (most recent call last):\n  File x\nKeyError: 'x'\n"


@pytest.mark.parametrize("level", ["error", ">=error", "warning"])
def test_only_records_of_a_level_and_graver_ones(conclave, log, level):
    fatal = "2026-03-01T12:00:00Z FATAL api gone\n"
    log.write_text(OLD + "before\n" + TRACE + "a message of its own\n  and more of it\n" + OLD + fatal)
    process, out, wait = following(conclave, log, "--level", level, "-n", "99")
    wait("gone\n")
    ended(process)
    assert out.read_text() == TRACE + fatal


def test_a_level_means_the_same_as_in_a_search(conclave, log):
    log.write_text("".join(f"2026-03-01T12:00:00Z {level} x\n" for level in ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")) + "end\n")
    for level in ("debug", "warning", "error", "fatal", "none"):
        process, out, wait = following(conclave, log, "--level", level)
        wait("end" if level == "none" else "FATAL x\n")
        ended(process)
        assert out.read_text() == re.sub(r"(?m)^\d+:", "", conclave("logs", "search", "*", log, "--level", level).out), level
    assert "did you mean 'error'" in conclave.fails(2, "logs", "follow", log, "--level", "eror")


def test_several_files_are_named_and_one_may_come_later(conclave, log):
    log.write_text("of a\n")
    process, out, wait = following(conclave, log, "later.log")
    wait(f"{log}: of a\n")
    (conclave.folder / "later.log").write_text("of b")
    conclave.wait_for(lambda: True)
    with (conclave.folder / "later.log").open("a") as file:
        file.write(", whole\n")
    wait("later.log: of b, whole\n")
    err = ended(process)
    assert "later.log: is not there yet; waiting for it" in err and "later.log: is there now" in err


def test_each_line_is_json(conclave, log):
    log.write_text(OLD)
    process, out, wait = following(conclave, log, "--json")
    wait("old")
    log.rename(log.with_suffix(".1"))
    log.write_text("new \xff\n", encoding="latin-1")
    wait("new")
    ended(process)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[0] == {"path": str(log), "text": OLD.strip(), "level": "info", "time": "2026-03-01T12:00:00Z"}
    assert [row.get("event") for row in rows[1:-1]][-1] == "replaced" and rows[-1]["text"] == "new \xff"


def test_standard_input_is_shown_as_it_comes_and_ends_it(conclave, log):
    process = conclave.start("logs", "follow", "-", "--level", "error", stdin=subprocess.PIPE)
    process.stdin.write((OLD + "2026-03-01T12:00:01Z ERROR caf\xe9\n").encode("latin-1"))
    process.stdin.flush()
    assert process.stdout.readline().decode() == "2026-03-01T12:00:01Z ERROR caf\xe9\n"
    out, err = process.communicate(b"2026-03-01T12:00:02Z FATAL no end", timeout=60)
    assert out.decode() == "2026-03-01T12:00:02Z FATAL no end\n" and process.returncode == 0, err

    log.write_text(OLD)
    process, out, wait = following(conclave, log, "-", stdin=subprocess.DEVNULL)
    wait(f"{log}: {OLD}")
    with log.open("a") as file:
        file.write("more\n")
    wait("more\n")
    ended(process)
    assert "only once" in conclave.fails(2, "logs", "follow", "-", "-")


def test_what_cannot_be_followed_is_an_error(conclave, tmp_path):
    packed = tmp_path / "a.gz"
    packed.write_bytes(b"\x1f\x8b\x08 and so on")
    assert "is compressed" in conclave.fails(2, "logs", "follow", packed)
    assert "no file matches" in conclave.fails(2, "logs", "follow", "*.nothing")


def test_a_reader_that_goes_away_ends_it(conclave, log):
    process = conclave.start("logs", "follow", log)
    assert process.stdout.readline()
    process.stdout.close()
    with log.open("a") as file:
        file.write(OLD)
    conclave.wait_for(lambda: process.poll() is not None or not log.open("a").write(OLD))
    assert process.returncode == 0
