"""The systemd journal as a log: its files, folders of them, and what of it is asked for."""
import json
import os
import shutil
import signal
import subprocess

import pytest

WRITER = "/lib/systemd/systemd-journal-remote"
pytestmark = pytest.mark.skipif(not os.access(WRITER, os.X_OK), reason="needs Debian's systemd-journal-remote")
START = 1772366405000000  # 2026-03-01T12:00:05Z


@pytest.fixture
def journal(tmp_path):
    """Writes (priority, unit, message) as a journal file; with `more` only what comes behind ENTRIES."""
    def write(entries, name="logs/system.journal", *, more=False):
        text = "".join(
            f"__REALTIME_TIMESTAMP={START + i * 1000000}\n__MONOTONIC_TIMESTAMP={i + 1}\n_BOOT_ID={'a' * 32}\n"
            f"PRIORITY={priority}\n_SYSTEMD_UNIT={unit}.service\nMESSAGE={message}\n\n"
            for i, (priority, unit, message) in enumerate(entries) if not more or i >= len(ENTRIES))
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        subprocess.run([WRITER, "-o", path, "-"], input=text.encode(), check=True, capture_output=True)
        return path
    return write


ENTRIES = [(6, "web", "web runs"), (3, "web", "web fails"), (3, "db", "db fails"), (4, "db", "db is slow")]


def test_every_command_reads_a_journal(conclave, journal):
    path = journal(ENTRIES)
    found = conclave("logs", "summary", path, "--json").json
    assert found["total_lines"] == 4
    assert {level: count for level, count in found["levels"].items() if count} == {"error": 2, "warning": 1, "info": 1}
    assert found["first_time"] == "2026-03-01T12:00:05Z" and found["sources"][0]["format"] == "json"
    assert conclave("logs", "search", "level:error field:unit=web.service", "logs", "--json").json["matches"][0]["line"] == 2
    asked = conclave("logs", "search", "fails", "journal:directory=logs,unit=db", "--count")
    assert asked.out.strip().endswith("1"), asked
    (templates,) = conclave("logs", "templates", path, "--json").json["logs"]
    assert sum(each["count"] for each in templates["templates"]) == 4


def test_what_cannot_be_read_or_asked_is_said(conclave, journal, tmp_path):
    path = journal(ENTRIES)
    os.truncate(path, path.stat().st_size // 2)
    assert "cut off or damaged" in conclave.fails(2, "logs", "summary", path)
    assert "cut off or damaged" in conclave.fails(2, "logs", "summary", "journal:directory=logs")
    assert "did you mean 'priority'" in conclave.fails(2, "logs", "summary", "journal:priorty=err")
    assert "no journal files" in conclave.fails(2, "logs", "summary", f"journal:directory={tmp_path}")
    assert "no journal files" in conclave.fails(2, "logs", "follow", f"journal:directory={tmp_path}")
    assert "follow journal:directory=" in conclave.fails(2, "logs", "follow", journal(ENTRIES, "logs/b.journal"))


def test_the_journal_is_followed_across_rotation(conclave, journal):
    path = journal(ENTRIES)
    out = conclave.folder / "out.txt"
    process = conclave.start("logs", "follow", "-n", "1", "--level", "warning", "journal:directory=logs,unit=db", stdout=out.open("wb"))
    conclave.wait_for(lambda: "db is slow" in out.read_text())
    path.rename(path.with_name("system@1.journal"))
    journal([*ENTRIES, (6, "db", "db is well"), (2, "web", "web is gone"), (2, "db", "db is gone")], more=True)
    conclave.wait_for(lambda: "db is gone" in out.read_text())
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and not err.decode().strip(), err
    assert [json.loads(line)["message"] for line in out.read_text().splitlines()] == ["db is slow", "db is gone"]


def test_a_case_is_judged_again_on_what_the_journal_held(conclave, journal, experts, tmp_path):
    path = journal(ENTRIES)
    (judge,) = experts(judge="log = evidence.logs[0]; return conclave.ExpertResponse(content=f'{log.name}: {log.line(1)}', "
                             "verdict='failing', confidence=0.9, claims=[conclave.Claim('fails', severity=0.9, "
                             "evidence=[conclave.Citation.log(log.path, 1)])])")
    case = tmp_path / "case.yaml"
    query = "journal:directory=logs,priority=err"
    case.write_text(f"question: Is it healthy?\nlogs: ['{query}']\n")
    first = conclave("consult", case, "--expert", judge, "--json")
    assert first.code == 1 and first.json["verdict"] == "failing", first
    (log,) = first.json["evidence"]["logs"]
    assert log["lines"] == 2 and log["name"] == query
    assert "web fails" in first.json["responses"][0]["content"]
    shutil.rmtree(path.parent)
    conclave.fails(2, "consult", case, "--expert", judge)
    again = conclave("consult", case, "--expert", judge, "--from-snapshots", "--json")
    assert again.json["receipt"]["inputs"][-1] == first.json["receipt"]["inputs"][-1]
    assert again.json["verdict"] == "failing"
    (note,) = [each for each in again.json["problems"] if each["rule"] == "snapshot"]
    assert "it was not read anew" in note["message"]


def test_isolated_experts_read_a_journal_file(conclave, journal, experts, tmp_path):
    journal(ENTRIES)
    (judge,) = experts(judge="return conclave.ExpertResponse(content=evidence.logs[0].line(2), verdict='failing', confidence=0.9)")
    case = tmp_path / "case.yaml"
    case.write_text("question: Is it healthy?\nlogs: [logs]\n")
    outcome = conclave("consult", case, "--expert", judge, "--json").json
    assert "web fails" in outcome["responses"][0]["content"], outcome["responses"]
