"""logs search: as a user runs it."""
import os
import pty
import re
import signal
import subprocess

import pytest

LINES = ["before any stamp",
         "2026-03-01T12:00:00Z ERROR db: Timeout",
         "  at com.example.Pool",
         "2026-03-01T12:00:10Z WARN api: slow, timeout",
         "2026-03-01T12:00:20Z INFO api: served",
         "",
         "2026-03-01T12:00:30Z FATAL db: gone"]


@pytest.fixture
def app(tmp_path):
    path = tmp_path / "sample.log"
    path.write_text("\n".join(LINES))
    return path


def numbers(outcome):
    assert outcome.code == 0 and outcome.err == "", outcome
    return [int(line.split(":")[0]) for line in outcome.out.splitlines()]


def test_lines_come_with_their_number_and_without_a_path_for_one_file(conclave, app):
    assert conclave("logs", "search", "timeout", app).out == f"2:{LINES[1]}\n4:{LINES[3]}\n"


def test_lines_of_several_files_come_with_their_path(conclave, app, tmp_path):
    (tmp_path / "other.log").write_text("a timeout here\n")
    out = conclave("logs", "search", "timeout", "sample.log", "other.log").out.splitlines()
    assert [re.sub(r":.*", "", line) for line in out] == ["sample.log"] * 2 + ["other.log"] or \
        [os.path.basename(line.split(":")[0]) for line in out] == ["sample.log"] * 2 + ["other.log"]
    assert out[-1].endswith("other.log:1:a timeout here")


@pytest.mark.parametrize("arguments, expected", [
    (["Timeout"], [2]),
    (["Timeout", "-i"], [2, 4]),
    (["timeout", "--exclude", "db"], [4]),
    (["timeout", "--exclude", "db", "--exclude", "api"], []),
    (["*", "--level", "error"], [2, 7]),
    (["*", "--level", "warning+"], [2, 4, 7]),
    (["*", "--level", "none"], [1, 3, 6]),
    (["level:error"], [2]),
    (["level>=error"], [2, 7]),
    (["*", "--since", "2026-03-01T12:00:10Z", "--until", "2026-03-01T12:00:30Z"], [1, 4, 5, 6]),
    (["level:>=error OR /pool$/i"], [2, 3, 7]),
    (["-F", "at com.example.Pool"], [3]),
    (["-F", "(a OR"], []),
    (["-E", "^2.*(ERROR|FATAL)"], [2, 7]),
    (["-E", "^$"], [6]),
    (["-E", r"(?<=api: )s\w+"], [4, 5]),
    (["/(.)\\1$/"], []),
])
def test_what_is_found(conclave, app, arguments, expected):
    assert numbers(conclave("logs", "search", *arguments, app)) == expected


FIELDS = ['{"level":"info","status":200,"user":{"name":"alice"}}',
          '{"level":"error","status":503,"path":"/api/v1"}',
          'level=warn status=404 path=/api/v2 msg="two words"',
          "a text, status 503"]


@pytest.mark.parametrize("expression, expected", [
    ("field:status>=404", [2, 3]),
    ("field:status!=200 level:error", [2]),
    ("field:user.name=alice", [1]),
    ("field:path~^/api/(v2|v3)$", [3]),
    ("field:msg=\"two words\" OR field:user", [1, 3]),
    ("!field:status", [4]),
])
def test_fields_of_structured_lines(conclave, tmp_path, expression, expected):
    (tmp_path / "fields.log").write_text("\n".join(FIELDS))
    assert numbers(conclave("logs", "search", expression, "fields.log")) == expected


@pytest.mark.parametrize("lines, format", [(FIELDS[:2], "json"), (FIELDS[2:3] * 3, "logfmt"), (FIELDS[3:], "none"),
                                           (["2026-03-01T12:00:00Z up"], "iso")])
def test_the_summary_says_what_lines_are_made_of(conclave, tmp_path, lines, format):
    (tmp_path / "some.log").write_text("\n".join(lines))
    source = conclave("logs", "summary", "some.log", "--json").json["sources"][0]
    assert (source["format"], source["stamp_format"]) == (format, "iso" if format == "iso" else "none")


def test_a_template_is_found_by_the_id_that_logs_templates_gives(conclave, tmp_path):
    path = tmp_path / "some.log"
    path.write_text("".join(f"2026-03-01T12:00:{i:02}Z INFO {'served' if i % 3 else 'refused'} request {i * 7}\n  of many\n" for i in range(60)))
    assignments = conclave("logs", "templates", path, "--assignments").out.split()
    listed = conclave("logs", "templates", path, "--json").json["logs"][0]["templates"]
    assert len(listed) == 2 and {each["id"] for each in listed} == set(assignments)
    for each in listed:
        expected = [line for line, id in enumerate(assignments, 1) if id == each["id"]]
        assert numbers(conclave("logs", "search", f"template:{each['id']}", path)) == expected


TRACE = ["2026-03-01T12:00:00Z ERROR db: no connection",
         "java.net.ConnectException: refused",
         "\tat a.B.c(B.java:12)",
         "a message of its own",
         "2026-03-01T12:00:01Z INFO served",
         "Traceback (most recent call last):",
         "  File \"b.py\", line 3",
         "KeyError: 'x'"]


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "trace.log"
    path.write_text("\n".join(TRACE))
    return path


def test_whole_records_of_lines(conclave, trace):
    assert numbers(conclave("logs", "search", "B.java OR refused", trace, "--records")) == [1, 2, 3]
    assert numbers(conclave("logs", "search", "KeyError OR own", trace, "--records")) == [4, 5, 6, 7, 8]
    out = conclave("logs", "search", "B.java", trace, "--records", "-C", "1").out
    assert out == f"1:{TRACE[0]}\n2:{TRACE[1]}\n3:{TRACE[2]}\n4-{TRACE[3]}\n"
    assert conclave("logs", "search", "a OR e", trace, "--records", "--count").out == "3\n"


def test_whole_records_as_json(conclave, trace):
    found = conclave("logs", "search", "B.java OR refused OR own", trace, "--records", "--json").json
    assert found["total"] == 2
    assert found["matches"][0] == {"path": str(trace), "line": 1, "lines": 3, "text": "\n".join(TRACE[:3]), "level": "error",
                                   "time": "2026-03-01T12:00:00Z"}
    assert (found["matches"][1]["line"], found["matches"][1]["lines"]) == (4, 1)


def test_context_stands_between_dashes(conclave, app):
    out = conclave("logs", "search", "Timeout OR gone", app, "-C", "1").out
    assert out == f"1-{LINES[0]}\n2:{LINES[1]}\n3-{LINES[2]}\n--\n6-{LINES[5]}\n7:{LINES[6]}\n"


def test_context_of_neighbours_is_written_once(conclave, app):
    out = conclave("logs", "search", "api", app, "-C", "3").out
    assert [line[:2] for line in out.splitlines()] == ["1-", "2-", "3-", "4:", "5:", "6-", "7-"]


def test_context_of_two_files_is_kept_apart(conclave, tmp_path):
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text("hit\nafter\n")
    out = conclave("logs", "search", "hit", "a.log", "b.log", "-C", "1").out.splitlines()
    assert [line.rsplit("/", 1)[-1] for line in out] == ["a.log:1:hit", "a.log-2-after", "--", "b.log:1:hit", "b.log-2-after"]


def test_count_is_one_number_or_one_for_each_file(conclave, app, tmp_path):
    assert conclave("logs", "search", "timeout", app, "--count").out == "2\n"
    (tmp_path / "none.log").write_text("nothing\n")
    out = conclave("logs", "search", "timeout", "sample.log", "none.log", "--count").out.split()
    assert [line.rsplit(":", 1)[1] for line in out] == ["2", "0"]


def test_json_has_matches_counts_total_and_problems(conclave, app):
    found = conclave("logs", "search", "timeout OR pool", app, "--json", "--pattern", "db=db", "--pattern", "digits=\\d{4}").json
    assert found["total"] == 3 and found["counts"] == {"db": 1, "digits": 2} and found["problems"] == []
    assert found["matches"][0] == {"path": str(app), "line": 2, "text": LINES[1], "level": "error", "time": "2026-03-01T12:00:00Z"}
    assert found["matches"][1]["time"] is None and found["matches"][1]["level"] == "unknown"


def test_json_without_matches_is_json(conclave, app):
    assert conclave("logs", "search", "zzz", app, "--json").json == {"matches": [], "counts": {}, "total": 0, "problems": []}


def test_json_is_valid_whatever_the_lines_hold(conclave, tmp_path):
    (tmp_path / "odd.log").write_bytes(b"x \xff\x00\x1b[31m \"\\\r\nno\nx\xc3")
    matches = conclave("logs", "search", "x", "odd.log", "--json").json["matches"]
    assert [match["line"] for match in matches] == [1, 3]
    assert matches[0]["text"] == "x \ufffd\x00\x1b[31m \"\\"


def test_patterns_are_counted_among_the_lines_found(conclave, app):
    assert conclave("logs", "search", "api", app, "--count", "--pattern", "t=timeout", "--pattern", "all=.").out == "2\nt=1\nall=2\n"


def test_nothing_found_is_no_failure(conclave, app):
    outcome = conclave("logs", "search", "zzz", app)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert "unlike grep" in conclave("logs", "search", "--help").out


@pytest.mark.parametrize("arguments, said", [
    (["a OR"], "expression:1:5"),
    (["level:eror"], "did you mean 'error'"),
    (["field:status>=many"], "expression:1:15"),
    (["-E", "a("], "/a(/"),
    (["x", "--pattern", "noname"], "NAME=REGEX"),
    (["x", "--pattern", "n=["], "/[/"),
    (["x", "--since", "noon"], "noon"),
    (["x", "--level", "loud"], "loud"),
    (["x", "-E", "-F"], "excludes"),
])
def test_a_wrong_request_is_one_clear_line(conclave, app, arguments, said):
    assert said in conclave.fails(2, "logs", "search", *arguments, app)


def test_a_missing_file_does_not_keep_the_others_from_being_searched(conclave, app):
    outcome = conclave("logs", "search", "Timeout", "missing.log", app, "--json")
    assert outcome.code == 2 and outcome.json["total"] == 1 and "missing.log" in outcome.json["problems"][0]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00\x01" * 1000, b"no line end", b"x" * 3_000_000, b"\r\n\r\n"],
                         ids=["empty", "line_end", "binary", "cut", "long", "crlf"])
def test_any_content_is_searched(conclave, tmp_path, content):
    (tmp_path / "odd.log").write_bytes(content)
    for expression in ("*", "x !y", "/x.*y|(?=a)a/", "level:none since:2026-01-01"):
        assert conclave("logs", "search", expression, "odd.log", "--json").code == 0


def test_a_pattern_that_explodes_is_an_error_not_a_hang(conclave, tmp_path):
    (tmp_path / "hard.log").write_text("fine\n" + "a" * 60 + "b\n")
    assert "line 2" in conclave.fails(2, "logs", "search", "-E", "(?=(a+)+$)a", "hard.log")


def test_any_number_of_threads_finds_the_same(conclave, tmp_path):
    (tmp_path / "big.log").write_text("".join(f"line {i} of {'x' * (i % 50)}\n" for i in range(300_000)))
    outputs = {conclave("logs", "search", "/7 of x+$/ NOT 77", "big.log", "--threads", str(n)).out for n in (1, 2, 7)}
    assert len(outputs) == 1 and len(outputs.pop()) > 100_000


def on_a_terminal(conclave, *arguments):
    master, slave = pty.openpty()
    process = conclave.start(*arguments, stdout=slave, stderr=subprocess.DEVNULL)
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    assert process.wait() == 0
    return shown


def test_a_terminal_sees_matches_in_colour_and_no_control_characters(conclave, tmp_path):
    (tmp_path / "evil.log").write_bytes(b"\x1b]0;title\x07 error \x1b[2J\xff\n")
    shown = on_a_terminal(conclave, "logs", "search", "error", "evil.log")
    assert b"\x1b[31merror\x1b[0m" in shown
    assert b"\x1b]" not in shown and b"\x1b[2J" not in shown and b"\x07" not in shown


def test_a_pipe_gets_the_bytes_as_they_are(conclave, tmp_path):
    line = "é ü".encode() + b" error \x1b[2J\xff\n"  # UTF-8 with a byte that is none
    (tmp_path / "raw.log").write_bytes(line)
    process = conclave.start("logs", "search", "error", "raw.log")
    assert process.communicate()[0] == b"1:" + line


def test_a_reader_that_goes_away_ends_it_quietly(conclave, tmp_path):
    (tmp_path / "big.log").write_text("an error line\n" * 2_000_000)
    process = conclave.start("logs", "search", "error", "big.log")
    assert process.stdout.readline() == b"1:an error line\n"
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""


def test_ctrl_c_ends_it_with_130(conclave, tmp_path):
    with open(tmp_path / "big.log", "w") as log:
        log.write("x is found at once\n" + "-" * 3_000_000 + "\n")
        log.write("aaaaaaaaaaaaaaaaaaaaaaaaaaa b\n" * 1_000_000)
    process = conclave.start("logs", "search", "-E", r"x|(?=(a+){2}(a+){2}(a+){2}c)a", "big.log")
    assert process.stdout.readline() == b"1:x is found at once\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_a_very_long_line_is_written_whole(conclave, tmp_path):
    """It is written in pieces, which must not part a character."""
    text = "x failed " + "\u20ac\u00e9\t\"\x01" * 60_000
    (tmp_path / "long.log").write_text("short\n" + text + "\n", encoding="utf-8")
    assert conclave("logs", "search", "failed", "long.log").out == "2:" + text + "\n"
    (match,) = conclave("logs", "search", "failed", "long.log", "--json").json["matches"]
    assert match["text"] == text and match["line"] == 2 and match["time"] is None
    text = "x failed " + "\u00e9" * 100_000
    (tmp_path / "long.log").write_text(text, encoding="latin-1")
    assert conclave("logs", "search", "failed", "long.log", "--json").json["matches"][0]["text"] == text
