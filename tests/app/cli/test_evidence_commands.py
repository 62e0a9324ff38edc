"""logs, scan, config and case: what is found, as text and as JSON."""
import gzip
import json
import os
import stat

import pytest

CONFIG = """services:
  api: {replicas: 2, cpu_millicores: 500, memory_mb: 512, ports: [8080]}
  db: {replicas: 1, cpu_millicores: 50, memory_mb: 512, ports: [5432]}
"""


def test_summary_counts_what_is_in_a_log(conclave, log):
    found = conclave("logs", "summary", log, "--json").json
    assert set(found) == {"total_lines", "bytes", "levels", "patterns", "first_time", "last_time", "histogram", "sources", "problems"}
    assert found["total_lines"] == 180 and found["bytes"] == log.stat().st_size
    assert found["patterns"] == {"error": 0, "warning": 0, "timestamp": 180}
    assert found["levels"] == {"fatal": 0, "error": 0, "warning": 0, "info": 180, "debug": 0, "trace": 0, "none": 0}
    assert sum(bucket["lines"] for bucket in found["histogram"]) == 180
    assert found["histogram"][0] == {"start": "2026-03-01T00:00:00Z", "lines": 1, "errors": 0, "warnings": 0}
    assert (found["first_time"], found["last_time"]) == ("2026-03-01T00:00:00Z", "2026-03-01T02:59:00Z")
    source, = found["sources"]
    assert (source["path"], source["format"], source["lines"]) == (str(log), "iso", 180)
    assert found["problems"] == []


def test_summary_puts_several_logs_together(conclave, tmp_path):
    (tmp_path / "a.log").write_text("2026-03-01 12:00:05 ERROR a failed\n  trace\n2026-03-01 12:01:05 FATAL b\n")
    (tmp_path / "b.log").write_text("no stamp\nMar  1 12:00:06 host prog: warning: c\n")
    os.utime(tmp_path / "b.log", (1_780_000_000, 1_780_000_000))  # June 2026
    found = conclave("logs", "summary", "a.log", "b.log", "--json", "--threads", "1").json
    assert found["total_lines"] == 5
    assert found["levels"] | {"fatal": 1, "error": 1, "warning": 1, "none": 2} == found["levels"]
    assert found["histogram"] == [{"start": "2026-03-01T12:00:00Z", "lines": 3, "errors": 1, "warnings": 1},
                                  {"start": "2026-03-01T12:01:00Z", "lines": 1, "errors": 1, "warnings": 0}]
    assert [source["format"] for source in found["sources"]] == ["iso", "syslog"]
    assert found == conclave("logs", "summary", "a.log", "b.log", "--json", "--threads", "7").json


def test_the_file_says_the_year_that_its_stamps_lack(conclave, tmp_path):
    (tmp_path / "old.log").write_text("Mar  1 12:00:06 host x\n")
    os.utime(tmp_path / "old.log", (1_300_000_000, 1_300_000_000))  # 2011-03-13
    assert conclave("logs", "summary", "old.log", "--json").json["first_time"] == "2011-03-01T12:00:06Z"


def test_patterns_of_ones_own_are_counted(conclave, tmp_path):
    (tmp_path / "a.log").write_bytes(b"disk full\nDisk 12 ok\n\xff disk 7\n\n")
    found = conclave("logs", "summary", "a.log", "--json", "--pattern", "disk=disk", "--pattern", r"number=(?i)disk\s+\d+$").json
    assert found["patterns"] == {"error": 0, "warning": 0, "timestamp": 0, "disk": 2, "number": 1}
    assert "number 1" in conclave("logs", "summary", "a.log", "--pattern", r"number=disk \d").out


@pytest.mark.parametrize(("pattern", "why"), [("x", "NAME=REGEX"), ("x=(", "no regular expression"), ("error=x", "already"), ("=x", "name")])
def test_a_pattern_that_cannot_be_used_is_a_usage_error(conclave, log, pattern, why):
    assert why in conclave.fails(2, "logs", "summary", log, "--pattern", pattern)


def test_hours_are_printed_unshifted(conclave, log):
    assert conclave("logs", "summary", log, "--hourly").out == (
        "2026-03-01T00:00:00Z 60\n2026-03-01T01:00:00Z 60\n2026-03-01T02:00:00Z 60\n")
    hours = conclave("logs", "summary", log, "--hourly", "--json").json["hourly"]
    assert hours[1] == {"start": "2026-03-01T01:00:00Z", "lines": 60}


def test_stamps_without_an_offset_are_read_in_a_time_zone(conclave, tmp_path):
    (tmp_path / "a.log").write_text("2026-01-01 12:00:00 x\n2026-07-01 12:00:00 x\n2026-07-02T00:00:00Z x\n")
    found = conclave("logs", "summary", "a.log", "--json", "--tz", "Europe/Berlin").json
    assert [bucket["start"] for bucket in found["histogram"]] == [
        "2026-01-01T11:00:00Z", "2026-07-01T10:00:00Z", "2026-07-02T00:00:00Z"]
    assert conclave("logs", "summary", "a.log", "--json", "--tz", "-02:30").json["first_time"] == "2026-01-01T14:30:00Z"
    assert "time zone" in conclave.fails(2, "logs", "summary", "a.log", "--tz", "Europe/Nowhere")


def test_templates_come_with_the_summary_on_request(conclave, log):
    template, = conclave("logs", "summary", log, "--json", "--templates").json["templates"]
    assert template["count"] == 180


def test_summary_is_a_table_without_json(conclave, log):
    outcome = conclave("logs", "summary", log)
    assert outcome.code == 0 and outcome.err == ""
    assert "180" in outcome.out and "info 180" in outcome.out and "\x1b" not in outcome.out


def test_summary_reads_globs_folders_and_compressed_files(conclave, log, tmp_path):
    with gzip.open(tmp_path / "old.log.gz", "wt") as packed:
        packed.write(log.read_text())
    found = conclave("logs", "summary", "*.log*", "--json").json
    assert sorted(os.path.basename(each["path"]) for each in found["sources"]) == ["app.log", "old.log.gz"]
    assert {each["lines"] for each in found["sources"]} == {180} and found["total_lines"] == 360


def test_a_missing_log_does_not_keep_the_others_from_being_read(conclave, log):
    outcome = conclave("logs", "summary", "missing.log", log, "--json")
    assert outcome.code == 2 and "missing.log" in outcome.err
    assert len(outcome.json["sources"]) == 1 and "missing.log" in outcome.json["problems"][0]


def test_what_a_glob_does_not_find_is_a_problem(conclave):
    outcome = conclave("logs", "summary", "no*thing", "--json")
    assert outcome.code == 1 and outcome.json["problems"]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\x00\x01" * 1000, b"no line end", b"x" * 3_000_000],
                         ids=["empty", "line_end", "binary", "cut", "long"])
def test_any_content_is_summarized(conclave, tmp_path, content):
    (tmp_path / "odd.log").write_bytes(content)
    for command in ("summary", "templates"):
        assert conclave("logs", command, "odd.log", "--json").code == 0


def test_a_pipe_is_refused_without_waiting(conclave, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in conclave.fails(2, "logs", "summary", "pipe")


def test_a_folder_without_logs_is_a_problem(conclave, tmp_path):
    (tmp_path / "empty").mkdir()
    outcome = conclave("logs", "summary", "empty", "--json")
    assert outcome.code == 1 and outcome.json["problems"] == ["empty: no logs here"]
    assert outcome.json["total_lines"] == 0 and outcome.json["sources"] == []


def test_names_cannot_steer_the_terminal(conclave, tmp_path):
    (tmp_path / "a\x1b[31m.log").write_text("line\n")
    outcome = conclave("logs", "summary", "a*.log")
    assert outcome.code == 0 and "\x1b" not in outcome.out


def test_templates_of_many_logs_are_those_of_each_in_their_order(conclave, tmp_path):
    """70 logs are more than are mined at once, and one has more chunks than the others."""
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(70):
        lines = 30_000 if i == 40 else i % 7
        (folder / f"{i:02}.log").write_text("".join(
            f"2026-03-01T12:00:{line % 60:02}Z INFO app: request {line} of kind{' more' * (i % 5)} served\n" for line in range(lines)))
    names = [f"many/{i:02}.log" for i in range(70)]
    together = conclave("logs", "templates", *names[:30], "many/[3-6]*.log", "--json")
    alone = [conclave("logs", "templates", name, "--json").json["logs"][0] for name in names]
    assert together.code == 0 and together.err == "" and together.json == {"logs": alone, "problems": []}
    for options in (["--assignments"], []):
        parts = [conclave("logs", "templates", *names[begin:begin + 14], *options).out for begin in range(0, 70, 14)]
        assert conclave("logs", "templates", "many", *options).out == "".join(parts)
    missing = conclave("logs", "templates", names[1], "none.log", names[2], "--json")
    assert missing.code == 2 and len(missing.json["logs"]) == 2 and len(missing.json["problems"]) == 1


def test_templates_group_lines(conclave, log):
    template, = conclave("logs", "templates", log, "--json").json["logs"][0]["templates"]
    assert template["count"] == 180 and "<*>" in template["text"] and len(template["id"]) == 16
    assert "request <num> served" in template["typed_text"] and template["parameters"][0]["kind"] == "num"
    assert "request <num> served" in conclave("logs", "templates", log).out


def test_assignments_are_one_id_a_line_and_nothing_else(conclave, log):
    outcome = conclave("logs", "templates", log, "--assignments")
    lines = outcome.out.splitlines()
    assert outcome.code == 0 and len(lines) == 180
    assert all(len(line) == 16 and int(line, 16) >= 0 for line in lines)


def test_messages_without_a_header_are_grouped_as_with_it(conclave, log, tmp_path):
    (tmp_path / "messages.txt").write_text("".join(line.split("api ")[1] + "\n" for line in log.read_text().splitlines()))
    with_header = conclave("logs", "templates", log, "--assignments").out
    without = conclave("logs", "templates", "messages.txt", "--assignments", "--content").out
    assert len(set(with_header.split())) == len(set(without.split())) == 1 and len(without.split()) == 180


def on_a_terminal(conclave, *arguments):
    """Standard output is a pseudo terminal."""
    master, slave = os.openpty()
    process = conclave.start(*arguments, stdout=slave)
    os.close(slave)
    out = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        out += piece
    os.close(master)
    process.wait(60)
    return out


def test_colours_are_for_terminals_unless_no_color_says_so(conclave, listener):
    assert b"\x1b[32mopen" in on_a_terminal(conclave, "scan", f"127.0.0.1:{listener}")
    conclave.env["NO_COLOR"] = "1"
    assert b"\x1b" not in on_a_terminal(conclave, "scan", f"127.0.0.1:{listener}")


def test_config_check_finds_errors_with_their_place(conclave, tmp_path):
    (tmp_path / "infra.yaml").write_text(CONFIG.replace("5432", "8080"))
    outcome = conclave("config", "check", "infra.yaml")
    assert outcome.code == 1 and "infra.yaml:3:" in outcome.out and "8080" in outcome.out
    found = conclave("config", "check", "infra.yaml", "--json").json
    assert any(problem["severity"] == "error" and problem["line"] == 3 for problem in found["problems"])
    assert len(found["config"]["services"]) == 2


def test_config_check_passes_a_sound_file(conclave, tmp_path):
    (tmp_path / "infra.yaml").write_text(CONFIG.replace(" 50,", " 500,"))
    outcome = conclave("config", "check", "infra.yaml")
    assert outcome.code == 0 and "2 services, 0 problems" in outcome.out


@pytest.mark.parametrize("content, said", [
    (b"a: [1,\n", ":2:"), (b"\xff\xfe\x00", "x.yaml"), (b"&a [*a]", "x.yaml"), (b"[" * 5000, "x.yaml"), (None, "No such file"),
])
def test_config_check_refuses_what_is_not_yaml(conclave, tmp_path, content, said):
    if content is not None:
        (tmp_path / "x.yaml").write_bytes(content)
    assert said in conclave.fails(2, "config", "check", "x.yaml", "--json")


def test_a_drafted_case_is_valid(conclave, log, tmp_path):
    (tmp_path / "infra.yaml").write_text(CONFIG)
    drafted = conclave("case", "new", log, "infra.yaml", "--output", "drafted.yaml")
    assert drafted.code == 0 and drafted.out == ""
    assert conclave("case", "check", "drafted.yaml").code == 0
    assert "exists already" in conclave.fails(2, "case", "new", log, "--output", "drafted.yaml")
    assert conclave("case", "new", log, "--output", "drafted.yaml", "--force").code == 0
    assert conclave("case", "new", log).out == (tmp_path / "drafted.yaml").read_text()


def test_case_new_names_what_is_not_there(conclave):
    assert "missing" in conclave.fails(2, "case", "new", "missing")


@pytest.mark.parametrize("name", ["pipe", "pipe.yaml", "socket", "/dev/null", "/dev/tty0"])
def test_case_new_refuses_what_is_no_file_without_waiting(conclave, tmp_path, name):
    if name.startswith("pipe"):
        os.mkfifo(tmp_path / name)
    elif name == "socket":
        os.mknod(tmp_path / name, stat.S_IFSOCK | 0o600)
    elif not os.path.exists(name):
        pytest.skip(f"there is no {name} here")
    assert f"{name}: " in conclave.fails(2, "case", "new", name)
    assert "where a file or folder is wanted" in conclave.fails(2, "case", "new", name)


def test_case_check_says_everything_with_place_and_suggestion(conclave, case):
    path = case("experts: [a, b]\nchange_tme: 2026-03-01\nlogs_: 3\nchange_time: soon\n")
    outcome = conclave("case", "check", path, "--json")
    assert outcome.code == 2 and outcome.json["usable"] is False
    problems = outcome.json["problems"]
    assert {problem["line"] for problem in problems} >= {6, 7, 8}
    assert any("change_time" in problem["message"] + problem["fix"] for problem in problems if problem["line"] == 6)


def test_case_check_of_a_valid_case(conclave, case):
    assert conclave("case", "check", case()).code == 0
    assert conclave("case", "check", case(), "--json").json == {"file": str(case()), "usable": True, "problems": []}
