"""Logs that commands print, from Python."""

import copy
import json
import pickle

import conclave
import pytest

TEXT = "2026-03-01T12:00:00Z INFO ready\n2026-03-01T12:00:01Z ERROR pool exhausted\n"
LINE = "cat api.txt; echo ran >> runs"


@pytest.fixture(autouse=True)
def user(tmp_path, monkeypatch):
    """A user of its own, with something to print."""
    for name in ("STATE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    (tmp_path / "api.txt").write_text(TEXT)


@pytest.fixture
def commanded(tmp_path):
    return conclave.Case(question="Is it healthy?", logs=[{"command": LINE, "name": "api"}], base=tmp_path)


def citing(evidence, job):
    if not evidence.logs:
        return "nothing to look at"
    (log,) = evidence.logs
    claim = conclave.Claim("pool", severity=0.9, evidence=[conclave.Citation.log(log.path, 2)])
    return conclave.ExpertResponse(content=f"{log.name}: {log.line(2)}", verdict="failing", confidence=0.9, claims=[claim])


def runs(folder):
    return len((folder / "runs").read_text().splitlines()) if (folder / "runs").exists() else 0


def test_a_case_holds_commands_beside_paths(tmp_path, commanded):
    case = conclave.Case(question="?", logs=["app.log", {"command": "dmesg", "timeout": 5}, tmp_path / "b.log"], base=tmp_path)
    assert case.logs == ("app.log", str(tmp_path / "b.log"))
    assert case.commands == [{"command": "dmesg", "name": "dmesg", "timeout": 5.0, "max_bytes": 1 << 30}]
    again = conclave.Case(**case.to_dict(), base=tmp_path)
    assert again == case != commanded
    assert pickle.loads(pickle.dumps(case)) == copy.deepcopy(case) == case
    assert conclave.Case(question="?", logs={"command": "dmesg"}).commands[0]["command"] == "dmesg"
    parsed = conclave.Case.parse("question: q\nlogs: [a.log, {command: dmesg}]\n")
    assert (parsed.logs, parsed.commands[0]["name"]) == (("a.log",), "dmesg")
    for wrong in ({"comand": "dmesg"}, {"command": "a\nb"}, {"command": ""}, {"command": 7, "timeout": "x"}):
        with pytest.raises(conclave.InfrastructureError):
            conclave.Case(question="?", logs=[wrong])


def test_nothing_runs_unless_the_caller_says_so(tmp_path, commanded):
    report = conclave.consult(commanded, experts=[citing])
    assert report.verdict is None and runs(tmp_path) == 0
    assert [problem.rule for problem in report.problems] == ["consent"]
    report = conclave.consult(commanded, experts=[citing], allow_commands="cat api.txt")
    assert report.verdict is None and runs(tmp_path) == 0


def test_what_it_prints_is_a_log(tmp_path, commanded):
    report = conclave.consult(commanded, experts=[citing], allow_commands=[LINE])
    assert runs(tmp_path) == 1
    (response,) = report.responses
    assert response.content.startswith("api: ") and response.content.endswith("pool exhausted")
    (citation,) = response.claims[0].evidence
    assert citation.source == "api" and citation.verified
    lines = [json.loads(line) for line in (tmp_path / "state" / "conclave" / "audit.jsonl").read_text().splitlines()]
    assert [(line["event"], line["subject"]) for line in lines] == [("command.run", LINE)]


def test_it_is_judged_again_from_what_it_printed(tmp_path, commanded):
    with pytest.raises(conclave.InfrastructureError, match="nothing that it printed before"):
        conclave.case.gather(commanded, from_snapshots=True)
    first = conclave.case.gather(commanded, allow_commands=[LINE])
    (tmp_path / "api.txt").write_text("other\n")
    again = conclave.case.gather(commanded, from_snapshots=True)
    assert again.inputs == first.inputs and runs(tmp_path) == 1
    (log,) = conclave.Evidence(again.evidence).logs
    assert (log.command, log.name, log.lines) == (LINE, "api", 2)


def test_a_file_has_no_command(case):
    (log,) = conclave.Evidence(conclave.case.gather(case).evidence).logs
    assert log.command is None and log.name == "app.log"


def test_lines_are_texts(commanded):
    with pytest.raises(TypeError, match="allow_commands"):
        conclave.case.gather(commanded, allow_commands=[7])
