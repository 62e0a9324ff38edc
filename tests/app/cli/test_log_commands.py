"""Logs that commands print: they run once the user agreed to the very line, and are kept to be judged again."""
import hashlib
import json
import shlex
import signal
import stat

import pytest

LINE = "cat api.txt; echo ran >> runs"
TEXT = "2026-03-01T12:00:00Z INFO ready\n2026-03-01T12:00:01Z ERROR pool exhausted\n"


@pytest.fixture
def judge(experts):
    """An expert that cites what it found: by path, as experts do."""
    return experts(judge="logs = [log for log in evidence.logs if log.command]; return "
                         "conclave.ExpertResponse(content=logs[0].line(2) if logs else 'none', verdict='failing', confidence=0.9, "
                         "claims=[conclave.Claim('pool', severity=0.9, evidence=[conclave.Citation.log(logs[0].path, 2)])] if logs else [])")[0]


@pytest.fixture
def commanded(tmp_path):
    """A case whose logs are what a command prints, and its line."""
    (tmp_path / "api.txt").write_text(TEXT)
    path = tmp_path / "case.yaml"

    def write(line=LINE, more=""):
        path.write_text(f"question: Is it healthy?\nlogs:\n- command: {json.dumps(line)}\n{more}")
        return path
    return write


def runs(folder):
    return len((folder / "runs").read_text().splitlines()) if (folder / "runs").exists() else 0


def problem_in(outcome, rule):
    (problem,) = [each for each in outcome.json["problems"] if each["rule"] == rule]
    return problem


def audit(conclave, event):
    lines = [json.loads(line) for line in (conclave.state / "audit.jsonl").read_text().splitlines()]
    return [(line["subject"], line["detail"]) for line in lines if line["event"] == event]


def test_nothing_runs_without_consent_and_the_report_says_so(conclave, commanded, judge, log):
    case = commanded(more="- app.log\n")
    outcome = conclave("consult", case, "--expert", judge, "--json")
    assert outcome.code == 3, outcome
    assert runs(conclave.folder) == 0
    report = outcome.json
    assert report["verdict"] is None and not report["passed"]
    problem = problem_in(outcome, "consent")
    assert problem["file"] == LINE and problem["severity"] == "error"
    assert "you did not agree" in problem["message"]
    assert f"--allow-command {shlex.quote(LINE)}" in problem["fix"]
    assert [each["path"] for each in report["evidence"]["logs"]] == [str(log)]
    assert audit(conclave, "command.refused") == [(LINE, "was not run: you did not agree to this command")]
    assert conclave("consult", case, "--expert", judge, "--no-history").code == 3
    assert conclave("case", "check", case).code == 0 and runs(conclave.folder) == 0


def test_a_line_that_is_almost_the_one_of_the_case_does_not_run(conclave, commanded, judge):
    outcome = conclave("consult", commanded(), "--expert", judge, "--allow-command", LINE + " ", "--json")
    assert outcome.code == 3 and runs(conclave.folder) == 0
    assert "no log of this case is the command" in outcome.err and "did you mean" in outcome.err


def test_with_consent_it_runs_once_and_is_a_log_by_its_line(conclave, commanded, judge):
    outcome = conclave("consult", commanded(), "--expert", judge, "--allow-command", LINE, "--json")
    assert outcome.code == 1, outcome
    assert runs(conclave.folder) == 1
    report = outcome.json
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    (log,) = report["evidence"]["logs"]
    assert (log["name"], log["command"], log["lines"]) == (LINE, LINE, 2)
    (response,) = report["responses"]
    assert response["content"].endswith("pool exhausted"), "an isolated expert reads it"
    (citation,) = response["claims"][0]["evidence"]
    assert citation["source"] == LINE and citation["verified"]
    assert report["evidence"]["excerpts"][0]["source"] == LINE
    snapshot = conclave.state / "snapshots" / f"{digest}.log"
    assert report["receipt"]["inputs"][-1] == {"path": str(snapshot), "bytes": len(TEXT), "sha256": digest}
    assert snapshot.read_text() == TEXT and stat.S_IMODE(snapshot.stat().st_mode) == 0o600
    ((line, detail),) = audit(conclave, "command.run")
    assert line == LINE
    assert detail.startswith(f"status 0, {len(TEXT)} bytes, ") and f"sha256 {digest}" in detail
    assert audit(conclave, "command.allow") == [(LINE, "for this run")]
    again = conclave("consult", commanded(), "--expert", judge)
    assert again.code == 3 and runs(conclave.folder) == 1, "that was for one run"


def test_the_text_on_the_terminal_names_the_line_and_no_snapshot(conclave, commanded, judge):
    outcome = conclave("consult", commanded(), "--expert", judge, "--allow-command", LINE)
    assert f"{LINE}:2" in outcome.out
    assert "snapshots" not in outcome.out


def test_what_is_agreed_to_for_good_is_the_users_and_of_this_folder(conclave, commanded, judge, tmp_path):
    case = commanded()
    listed = conclave("case", "commands", case, "--json").json
    assert [(each["command"], each["agreed"], each["last_run"]) for each in listed] == [(LINE, False, None)]
    conclave.fails(2, "case", "commands", case, "--agree", "rm -rf x")
    assert conclave("case", "commands", case, "--agree", LINE).code == 0
    assert stat.S_IMODE((conclave.state / "commands.json").stat().st_mode) == 0o600
    assert conclave("consult", case, "--expert", judge).code == 1
    assert runs(tmp_path) == 1
    (listed,) = conclave("case", "commands", case, "--json").json
    assert listed["agreed"] and listed["last_run"].startswith("20")

    stranger = tmp_path / "download"
    stranger.mkdir()
    (stranger / "api.txt").write_text(TEXT)
    (stranger / "case.yaml").write_text(case.read_text())
    assert conclave("consult", stranger / "case.yaml", "--expert", judge).code == 3
    assert not (stranger / "runs").exists()

    assert "not agreed to" in conclave("case", "commands", case, "--withdraw", LINE).out
    assert conclave("consult", case, "--expert", judge).code == 3
    assert runs(tmp_path) == 1
    conclave.fails(2, "case", "commands", case, "--withdraw", LINE)
    assert [detail.split(",")[0] for _, detail in audit(conclave, "command.allow") + audit(conclave, "command.withdraw")] == ["from now on"] * 2


def test_a_case_is_judged_again_on_what_the_command_printed(conclave, commanded, judge):
    case = commanded()
    conclave.fails(2, "consult", case, "--expert", judge, "--from-snapshots", "--json")
    first = conclave("consult", case, "--expert", judge, "--allow-command", LINE, "--json").json
    (conclave.folder / "api.txt").write_text("2026-03-01T13:00:00Z INFO all is well\nand so on\n")
    again = conclave("consult", case, "--expert", judge, "--from-snapshots", "--json")
    assert again.code == 1 and runs(conclave.folder) == 1
    assert again.json["receipt"]["inputs"][-1] == first["receipt"]["inputs"][-1]
    assert again.json["responses"][0]["content"] == first["responses"][0]["content"]
    assert again.json["verdict"] == first["verdict"] == "failing"
    assert "it was not run" in problem_in(again, "snapshot")["message"]


def test_a_replay_finds_what_was_printed_by_its_hash(conclave, commanded, judge):
    conclave("consult", commanded(), "--expert", judge, "--allow-command", LINE, "--json", "--output", "report.json")
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    (conclave.folder / "api.txt").write_text("other\n")
    conclave("consult", commanded(), "--expert", judge, "--allow-command", LINE)
    replayed = conclave("replay", "report.json")
    assert replayed.code == 1
    assert f"kept in {conclave.state / 'snapshots' / digest}.log" in replayed.err
    (conclave.state / "snapshots" / f"{digest}.log").unlink()
    replayed = conclave("replay", "report.json")
    assert replayed.code == 1 and "no longer kept" in replayed.err


def test_a_policy_bounds_what_may_run(conclave, commanded, judge):
    policy = conclave.folder / "config" / "conclave" / "policy.toml"
    policy.parent.mkdir(parents=True)
    policy.write_text("[commands]\nallow = []\n")
    outcome = conclave("consult", commanded(), "--expert", judge, "--allow-command", LINE, "--json")
    assert outcome.code == 3 and runs(conclave.folder) == 0
    assert "does not allow commands" in problem_in(outcome, "policy")["message"]
    assert "does not allow commands" in conclave("case", "commands", commanded()).out
    policy.write_text(f"[commands]\nallow = [{json.dumps(LINE)}]\n")
    assert f"logs may come from these commands: {LINE}" in conclave("policy").out
    assert conclave("policy", "--json").json["policies"][0]["commands"] == {"allow": [LINE]}
    assert conclave("consult", commanded(), "--expert", judge, "--allow-command", LINE).code == 1
    assert conclave("consult", commanded("cat api.txt"), "--expert", judge, "--allow-command", "cat api.txt").code == 3


def test_one_that_fails_with_output_is_evidence_with_a_warning(conclave, commanded, judge):
    line = "cat api.txt; echo gone >&2; exit 3"
    outcome = conclave("consult", commanded(line), "--expert", judge, "--allow-command", line, "--json")
    assert outcome.code == 1
    problem = problem_in(outcome, "command")
    assert problem["severity"] == "warning" and "ended with status 3: gone" in problem["message"]


def test_one_that_fails_without_output_is_evidence_that_cannot_be_read(conclave, commanded, judge, log):
    case = commanded("conclave-has-no-such-program", "- app.log\n")
    allowed = ("--allow-command", "conclave-has-no-such-program")
    said = conclave.fails(2, "consult", case, "--expert", judge, "--json", *allowed)
    assert "printed nothing and ended with status 127" in said and "not found" in said
    outcome = conclave("consult", case, "--expert", judge, "--json", "--keep-going", *allowed)
    assert outcome.code == 3
    assert "status 127" in problem_in(outcome, "unreadable")["message"]


def test_one_that_takes_too_long_or_says_too_much_is_cut(conclave, commanded, judge):
    for line, more, word in (("cat api.txt; sleep 1000", "  timeout: 1\n", "time was over"),
                             ("cat api.txt; yes", "  max_bytes: 100000\n", "printed more than it may")):
        outcome = conclave("consult", commanded(line, more), "--expert", judge, "--allow-command", line, "--json")
        assert outcome.code == 1, outcome
        assert word in problem_in(outcome, "command")["message"]
        assert outcome.json["evidence"]["logs"][0]["lines"] >= 2


def test_ctrl_c_stops_it_at_once(conclave, commanded, judge):
    line = "echo $$ > started; sleep 1000"
    process = conclave.start("consult", commanded(line), "--expert", judge, "--allow-command", line)
    conclave.wait_for_file("started")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    number = (conclave.folder / "started").read_text().strip()

    def is_gone():
        try:
            with open(f"/proc/{number}/stat") as stat_file:
                return stat_file.read().rsplit(") ", 1)[1][0] in "ZX"
        except OSError:
            return True
    conclave.wait_for(is_gone)
    assert audit(conclave, "command.run")[0][1].startswith("cancelled")


def test_what_is_wrong_with_a_command_is_said_with_its_place(conclave, tmp_path):
    case = tmp_path / "case.yaml"
    case.write_text("question: q\nlogs:\n- {command: dmesg, timout: 5}\n- {command: \"a\\tb\"}\n- {name: x}\n")
    outcome = conclave("case", "check", case)
    assert outcome.code == 2
    assert "case.yaml:3:20" in outcome.out and "did you mean 'timeout'?" in outcome.out
    assert "case.yaml:4:" in outcome.out and "cannot be seen" in outcome.out
    assert "case.yaml:5:" in outcome.out and "needs a command" in outcome.out


def test_keys_of_experts_stay_out_of_its_environment(conclave, commanded, judge):
    line = 'echo "[$OPENAI_API_KEY][$CONCLAVE_PASSPHRASE][$MINE]"; cat api.txt'
    conclave.env |= {"OPENAI_API_KEY": "sk-1", "CONCLAVE_PASSPHRASE": "sesame", "MINE": "mine"}
    outcome = conclave("consult", commanded(line), "--expert", judge, "--allow-command", line, "--json")
    assert outcome.code == 1, outcome
    (snapshot,) = (conclave.state / "snapshots").glob("*.log")
    assert snapshot.read_text().splitlines()[0] == "[][][mine]"
