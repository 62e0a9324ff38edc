"""The main job from Python, end to end, on a small case."""

import asyncio
import copy
import json
import os
import pickle
import stat
import threading
import time

import conclave
import conclave.testing
import pytest


def saying(verdict, name, **more):
    @conclave.expert(name=name, scope=more.pop("scope", "overall"))
    def judge(evidence, job):
        return conclave.ExpertResponse(content=f"It is {verdict}.", verdict=verdict, confidence=0.9, **more)

    return judge


@conclave.expert(scope="logs")
def citing(evidence, job):
    log = evidence.logs[0]
    claim = conclave.Claim("A request failed.", severity=0.8, evidence=[conclave.Citation.log(log.path, 51)])
    return {"content": "Requests fail.", "verdict": "failing", "confidence": 0.9, "claims": [claim]}


@conclave.expert(scope="logs")
def inventing(evidence, job):
    claim = {"text": "The moon fell.", "evidence": [{"kind": "log", "source": evidence.logs[0].path, "line": 99999}]}
    return {"content": "The moon fell.", "verdict": "failing", "confidence": 1.0, "claims": [claim]}


def broken(evidence, job):
    raise RuntimeError("no idea")


GOOD = [saying("healthy", f"good{i}") for i in range(3)]


def test_healthy_passes(case):
    report = conclave.consult(case, experts=GOOD)
    assert (report.verdict, report.passed, report.exit_code) == ("healthy", True, 0)
    assert [response.status for response in report.responses] == ["answered"] * 3


def test_a_cited_fault_does_not_pass_and_its_claim_is_verified(case):
    report = conclave.consult(case, experts=[*GOOD, citing])
    assert (report.verdict, report.passed, report.exit_code) == ("failing", False, 1)
    response = next(response for response in report.responses if response.expert_name == "citing")
    (citation,) = response.claims[0].evidence
    assert response.claims[0].verified and citation.verified and "request 50 failed" in citation.excerpt
    assert any(excerpt["line"] == 51 for excerpt in report.evidence["excerpts"])


def test_an_invented_citation_is_marked_and_does_not_decide(case):
    report = conclave.consult(case, experts=[*GOOD, inventing])
    response = next(response for response in report.responses if response.expert_name == "inventing")
    assert response.claims[0].evidence[0].verified is False and report.verdict != "failing"


def test_too_few_answers_are_no_consensus(case):
    report = conclave.consult(case, experts=[broken, saying("healthy", "one")])
    assert (report.verdict, report.passed, report.exit_code) == (None, False, 3)
    failed = next(response for response in report.responses if response.expert_name == "broken")
    assert failed.status == "failed" and failed.error.message == "no idea" and "in broken" in failed.error.traceback


def test_a_required_expert_that_fails_refuses_the_gate(log):
    case = conclave.Case(question="?", logs=log, gate={"required": ["broken"]})
    assert conclave.consult(case, experts=[*GOOD, broken]).exit_code == 3


def test_an_unknown_verdict_is_a_failed_response(case):
    report = conclave.consult(case, experts=[*GOOD, saying("purple", "odd")])
    odd = next(response for response in report.responses if response.expert_name == "odd")
    assert odd.status == "failed" and "purple" in odd.error.message


def test_the_report_survives_json_pickle_and_replay(case):
    report = conclave.consult(case, experts=[*GOOD, citing])
    for twin in (copy.deepcopy(report), pickle.loads(pickle.dumps(report)), conclave.Report.from_json(report.to_json())):
        assert twin == report and twin.to_dict() == report.to_dict()
    again = report.replay()
    assert (again.verdict, again.confidence_score) == (report.verdict, report.confidence_score)
    assert json.loads(report.to_json())["verdict"] == "failing"
    assert pickle.loads(pickle.dumps(report.consensus)) == report.consensus
    with pytest.raises(conclave.SerializationError):
        conclave.Report.from_json("{}")


def test_the_report_shows_itself(case):
    report = conclave.consult(case, experts=[*GOOD, citing])
    for text in (report._repr_html_(), report.to_markdown(), report.to_html(redacted=True), report.to_text(), report.to_junit()):
        assert "failing" in text and "Requests fail" in text


def test_the_receipt_names_what_was_read(case, log):
    inputs = conclave.consult(case, experts=GOOD).receipt["inputs"]
    assert [(one["path"], one["bytes"]) for one in inputs] == [(str(log), log.stat().st_size)]


def test_experts_may_be_files_and_folders_named_by_the_caller(case, tmp_path):
    file = tmp_path / "disk.py"
    file.write_text("import conclave\n@conclave.expert(scope='disk')\ndef look(evidence, job):\n    return {'verdict': 'healthy'}\n")
    report = conclave.consult(case, experts=[file])
    (response,) = report.responses
    assert (response.scope, response.verdict, response.status) == ("disk", "healthy", "answered")
    assert [plugin["sha256"] != "" for plugin in report.receipt["plugins"]] == [True]


def test_a_file_that_only_the_case_names_is_refused(log, tmp_path):
    (tmp_path / "evil.py").write_text("import conclave\n@conclave.expert\ndef look(evidence, job):\n    raise SystemExit\n")
    case = conclave.Case(question="?", logs=log, experts=["./evil.py"], base=tmp_path)
    (response,) = conclave.consult(case).responses
    assert response.status == "refused" and response.error.type == "PermissionError"


def test_settings_and_weights_of_the_case_reach_the_expert(log, tmp_path):
    folder = tmp_path / "plugins" / "picky"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(
        'name = "picky"\nversion = "1.0.0"\napi = 1\nkind = "expert"\nscope = "logs"\nsummary = "Picky."\nentry = "picky:assess"\n'
        '[settings.limit]\ntype = "int"\ndefault = 5\nhelp = "A limit."\n'
    )
    (folder / "picky.py").write_text("def assess(evidence, job):\n    return f'limit {job.settings[\"limit\"]}'\n")
    case = conclave.Case(question="?", logs=log, experts=[{"name": "picky", "settings": {"limit": 7}, "weight": 2}])
    (response,) = conclave.consult(case, plugins=[tmp_path / "plugins"]).responses
    assert (response.content, response.weight) == ("limit 7", 2.0)


def test_a_named_folder_has_to_be_there_and_adds_nobody_unasked(case, tmp_path):
    with pytest.raises(FileNotFoundError):
        conclave.consult(case, plugins=[tmp_path / "nowhere"])
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "extra.py").write_text("import conclave\n@conclave.expert\ndef extra(evidence, job):\n    return 'unasked'\n")
    with pytest.raises(NotADirectoryError):
        conclave.consult(case, plugins=[folder / "extra.py"])
    names = {response.expert_name for response in conclave.consult(case, plugins=[folder]).responses}
    assert "error_bursts" in names and "extra" not in names
    (folder / "plugin.toml").write_text("name = ")
    with pytest.raises(conclave.CircleError, match="TOML"):
        conclave.consult(case, plugins=[folder])


def test_hooks_add_facts_and_change_the_configuration(tmp_path, log):
    folder = tmp_path / "plugins" / "ci"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(
        'name = "ci"\nversion = "1.0.0"\napi = 1\nkind = "hook"\nsummary = "Adds the build."\nentry = "ci:on_evidence"\n'
    )
    (folder / "ci.py").write_text(
        "import conclave\n"
        "@conclave.hook\ndef on_config_loaded(config):\n"
        "    config['services'][0]['replicas'] = 3\n    return config\n"
        "@conclave.hook\ndef on_evidence(evidence):\n    return {'build': 7}\n"
    )
    (tmp_path / "infra.yaml").write_text("services:\n  api: {replicas: 1, ports: [80]}\n")
    case = conclave.Case(question="?", logs=log, config="infra.yaml", base=tmp_path)

    def looking(evidence, job):
        return f"{evidence.facts['build']} {evidence.config.services[0]['replicas']}"

    report = conclave.consult(case, experts=[looking], plugins=[tmp_path / "plugins"])
    assert report.responses[0].content == "7 3"
    assert {hook["hook"] for hook in report.receipt["hooks"]} == {"on_config_loaded", "on_evidence"}


def test_a_failing_hook_is_recorded_and_skipped(tmp_path, case):
    folder = tmp_path / "plugins" / "ci"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(
        'name = "ci"\nversion = "1.0.0"\napi = 1\nkind = "hook"\nsummary = "Fails."\nentry = "ci:on_evidence"\n'
    )
    (folder / "ci.py").write_text("import conclave\n@conclave.hook\ndef on_evidence(evidence):\n    return 3\n")
    report = conclave.consult(case, experts=GOOD, plugins=[tmp_path / "plugins"])
    assert report.verdict == "healthy" and "failed: TypeError" in report.receipt["hooks"][0]["change"]


def test_a_hook_plugin_without_a_hook_is_a_problem_of_the_report(tmp_path, case):
    folder = tmp_path / "plugins" / "ci"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(
        'name = "ci"\nversion = "1.0.0"\napi = 1\nkind = "hook"\nsummary = "Forgot."\nentry = "ci:on_evidence"\n'
    )
    (folder / "ci.py").write_text("import conclave\ndef on_evidence(evidence):\n    return {'build': 3}\n")
    report = conclave.consult(case, experts=GOOD, plugins=[tmp_path / "plugins"])
    assert any("decorated with @conclave.hook" in problem.message for problem in report.problems)


def allowed(evidence, job):
    return repr(job.allowed_endpoints)


def test_endpoints_the_caller_allows_reach_every_expert(case, monkeypatch):
    def told(**more):
        report = conclave.consult(case, experts=[allowed], **more)
        awaited = asyncio.run(conclave.consult_async(case, experts=[allowed], **more))
        assert awaited.responses[0].content == report.responses[0].content
        return report.responses[0].content

    monkeypatch.delenv("CONCLAVE_ALLOWED_ENDPOINTS", raising=False)
    assert told() == "()"
    assert told(allow_endpoints=["https://a", "http://b:1"]) == "('https://a', 'http://b:1')"
    assert told(allow_endpoints="https://a") == "('https://a',)"
    monkeypatch.setenv("CONCLAVE_ALLOWED_ENDPOINTS", "https://c\n\n https://d \n")
    assert told(allow_endpoints=["https://a"]) == "('https://a', 'https://c', 'https://d')"


@pytest.mark.parametrize("endpoints", [[3], [None], [b"https://a"]])
def test_an_endpoint_that_is_no_text_is_a_type_error(case, endpoints):
    with pytest.raises(TypeError, match="an endpoint is a str"):
        conclave.consult(case, experts=GOOD, allow_endpoints=endpoints)


def test_a_case_cannot_allow_an_endpoint(case):
    with pytest.raises(conclave.InfrastructureError, match="unknown key 'allowed_endpoints'"):
        conclave.Case(question="?", logs=case.logs, experts=[{"name": "language_model", "allowed_endpoints": ["https://a"]}])


def test_wrong_experts_are_errors(case):
    with pytest.raises(conclave.CircleError, match="did you mean 'error_bursts'"):
        conclave.consult(case, experts=["eror_bursts"])
    with pytest.raises(conclave.CircleError, match="two experts"):
        conclave.consult(case, experts=[GOOD[0], GOOD[0]])
    with pytest.raises(TypeError):
        conclave.consult(case, experts=[3])
    with pytest.raises(FileNotFoundError):
        conclave.consult(case, experts=["./absent.py"])


@pytest.mark.parametrize(
    "experts, said",
    [
        ("[eror_bursts]", "case.yaml:3:11: there is no expert 'eror_bursts'; did you mean 'error_bursts'?"),
        ("[{name: error_bursts, settings: {min_erors: 3}}]", "case.yaml:3:43: expert 'error_bursts': there is no setting"),
        ("[{name: error_bursts, settings: {min_errors: x}}]", "case.yaml:3:43: expert 'error_bursts': setting 'min_errors'"),
    ],
)
def test_wrong_experts_of_a_case_file_have_their_place(tmp_path, log, experts, said):
    path = tmp_path / "case.yaml"
    path.write_text(f"question: q\nlogs: [{log}]\nexperts: {experts}\n")
    with pytest.raises(conclave.CircleError) as raised:
        conclave.consult(path)
    assert said in str(raised.value)
    assert conclave.Case(question="q", logs=log, experts=["one"]).place_of("one") == ""


def test_a_log_that_the_case_names_and_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        conclave.consult(conclave.Case(question="?", logs=tmp_path / "absent.log"), experts=GOOD)


def test_history_shows_the_last_report(case, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    seen = []

    def remembering(evidence, job):
        seen.append(evidence.previous and evidence.previous["id"])
        return "x"

    first = conclave.consult(case, experts=[remembering], history=True)
    conclave.consult(case, experts=[remembering], history=True)
    assert seen == [None, first.id]


CIRCLE = [saying("healthy", "honest"), saying("failing", "liar"), saying("healthy", "second")]


@pytest.fixture
def history(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return conclave.history.Store()


def test_judgements_weigh_experts_and_calibrate_confidence(case, history):
    for _ in range(32):
        report = conclave.consult(case, experts=CIRCLE, history=True)
        history.judge(report.id, "right", note="as it should be")
    assert [(j["answer"], j["scope"], j["counts"]) for j in history.judgements()] == [("right", None, True)] * 32
    records = {record["expert"]: record for record in history.track_records()}
    assert (records["honest"]["right"], records["liar"]["wrong"]) == (32, 32)
    assert records["liar"]["interval"][1] < 1 / 3 < records["honest"]["interval"][0]
    taught = history.learned()
    assert taught["judged"] == 32 and taught["weights"]["liar"] < 0.1 <= taught["weights"]["honest"]
    report = conclave.consult(case, experts=CIRCLE, history=True)
    assert report.consensus.calibrated and report.consensus.confidence_score > report.consensus.uncalibrated_score
    assert {r.expert_name: r.weight for r in report.responses} == taught["weights"]
    assert report.to_dict()["receipt"]["learned"]["version"] == taught["version"]
    fresh = conclave.consult(case, experts=CIRCLE)
    assert not fresh.consensus.calibrated and {r.weight for r in fresh.responses} == {1.0}


def test_judgements_are_taken_back_and_forgotten_and_audited(case, history, tmp_path):
    report = conclave.consult(case, experts=CIRCLE, history=True)
    with pytest.raises(ValueError, match="did you mean 'failing'"):
        history.judge(report.id, "faling")
    with pytest.raises(KeyError):
        history.judge("0123456789", "right")
    with pytest.raises(KeyError):
        history.take_back(report.id)
    history.judge(report.id, "wrong")
    history.judge(report.id, "failing", scope=report.consensus.scopes[0]["scope"])
    assert len(history.judgements()) == 2
    assert history.take_back(report.id[:8])["answer"] == "wrong"
    assert history.forget() == 1 and history.forget() == 0
    assert history.track_records() == [] and history.learned()["weights"] == {}
    events = [json.loads(line)["event"] for line in (tmp_path / "state/conclave/audit.jsonl").read_text().splitlines()]
    assert [event for event in events if event.startswith("history.")] == [
        "history.judge", "history.judge", "history.unjudge", "history.reset-learning", "history.reset-learning"]


def test_a_stopped_job_is_a_cancelled_error(case):
    job = conclave.Job("mine")

    def stopping(evidence, own):
        job.request_stop()
        return "x"

    with pytest.raises(conclave.CancelledError):
        conclave.consult(case, experts=[stopping, *GOOD], job=job)


def test_async_gives_the_same_report(case):
    async def async_judge(evidence, job):
        await asyncio.sleep(0.001)
        return {"verdict": "healthy", "content": "fine"}

    report = asyncio.run(conclave.consult_async(case, experts=[*GOOD, async_judge]))
    assert report.verdict == "healthy" and len(report.responses) == 4


def test_async_experts_wait_together(case):
    came = []

    def expert(number):
        @conclave.expert(name=f"waiting{number}", timeout_s=30)
        async def waiting(evidence, job):
            came.append(number)
            while len(came) < 10:  # one after the other they would all be late
                await asyncio.sleep(0.01)
            return "met"

        return waiting

    report = asyncio.run(conclave.consult_async(case, experts=[expert(i) for i in range(10)]))
    assert [response.content for response in report.responses] == ["met"] * 10


def test_cancelling_the_task_ends_a_consultation(hanging_target, log):
    case = conclave.Case(question="?", logs=log)

    def stuck(evidence, job):
        while not job.cancelled():
            time.sleep(0.01)

    async def main():
        task = asyncio.create_task(conclave.consult_async(case, experts=[stuck]))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(main(), 20))


def test_consulting_from_a_thread_works(case):
    reports = []
    thread = threading.Thread(target=lambda: reports.append(conclave.consult(case, experts=GOOD)))
    thread.start()
    thread.join(30)
    assert reports[0].verdict == "healthy"


def test_a_case_survives_pickle_and_compares(log):
    case = conclave.Case(
        question="?", logs=[log], services=[("127.0.0.1", 1), "[::1]:2"], change_time=1.5, time_range=("2026-03-01", "2026-03-02"),
        experts=[{"name": "a", "settings": {"x": 1}, "weight": 2}], verdicts=["good", "bad"], gate={"pass": ["good"], "min_answered": 1},
    )
    assert pickle.loads(pickle.dumps(case)) == case == copy.copy(case)
    assert case != conclave.Case(question="?", logs=[log])
    assert case.change_time.timestamp() == 1.5 and case.verdicts == ("good", "bad")
    assert [service["target"] for service in case.services] == ["127.0.0.1:1", "[::1]:2"]


def test_a_file_that_only_the_case_names_runs_while_its_content_is_in_the_lock(tmp_path, log):
    file = tmp_path / "mine.py"
    file.write_text("import conclave\n@conclave.expert\ndef look(e, j): return 'seen'\n")
    case = conclave.Case(question="?", logs=log, experts=["./mine.py"], base=tmp_path)
    digest = conclave._core.read_plugin(file)["sha256"]
    (tmp_path / "conclave.lock").write_text(json.dumps({"lock": 1, "plugins": [{"name": "mine", "sha256": digest}]}))
    assert conclave.consult(case).responses[0].content == "seen"
    file.write_text(file.read_text() + "# changed\n")
    assert conclave.consult(case).responses[0].status == "refused"


def test_a_loaded_case_does_not_move_with_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "app.log").write_text("2026-03-01T12:00:00Z INFO ready\n")
    (tmp_path / "case.yaml").write_text("question: Is it up?\nlogs: [app.log]\n")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    cases = [
        conclave.Case.load("case.yaml"),
        conclave.Case.parse("question: Is it up?\nlogs: [app.log]\n"),
        conclave.Case(question="Is it up?", logs="app.log"),
    ]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert [case.base for case in cases] == [str(tmp_path)] * 3 and cases[0].file == str(tmp_path / "case.yaml")
    for case in cases:
        log, = conclave.consult(case, experts=GOOD, history=True).evidence["logs"]
        assert log["readable"] and log["lines"] == 1
    assert conclave._core.Store().last_report_json(conclave.Case.load("../case.yaml"))


def test_what_the_user_disabled_is_left_out_and_refused(tmp_path, case, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    (tmp_path / "settings" / "conclave").mkdir(parents=True)
    switches = tmp_path / "settings" / "conclave" / "plugins.json"
    switches.write_text('{"plugins": 1, "disabled": ["error_bursts"]}')
    names = {response.expert_name for response in conclave.consult(case).responses}
    assert "error_bursts" not in names and "new_templates" in names
    (refused,) = conclave.consult(case, experts="error_bursts").responses
    assert refused.status == "refused" and "conclave plugins enable error_bursts" in refused.error.message
    switches.write_text("nonsense")
    with pytest.raises(conclave.InfrastructureError, match="plugins.json"):
        conclave.consult(case)


def test_what_a_policy_forbids_does_not_happen(tmp_path, case, monkeypatch):
    bounds = tmp_path / "bounds.toml"
    bounds.write_text("[plugins]\nallow = []\ndeny = ['error_bursts']\n[endpoints]\nallow = []\n[scan]\nallow = []\n")
    bounds.chmod(0o644)
    monkeypatch.setenv("CONCLAVE_POLICY", str(bounds))
    expert = tmp_path / "mine.py"
    expert.write_text("import conclave\n@conclave.expert\ndef mine(evidence, job): return 'fine'\n")
    report = conclave.consult(case, allow_endpoints=["https://api.example.com"])
    assert "error_bursts" not in {response.expert_name for response in report.responses}
    notes = [problem.message for problem in report.problems if problem.rule == "policy"]
    assert any("send evidence to https://api.example.com" in note for note in notes)
    assert any("expert 'error_bursts' did not run" in note for note in notes)
    (refused,) = conclave.consult(case, experts=expert).responses
    assert refused.status == "refused" and "bounds.toml does not allow plugin 'mine'" in refused.error.message
    (refused,) = conclave.consult(case, experts=expert, trust="mine").responses
    assert refused.status == "refused"
    (result,) = conclave.scan.scan("127.0.0.1:9")
    assert result.state == "local_error" and "does not allow to scan 127.0.0.1" in result.detail
    bounds.write_text("nonsense")
    for call in (lambda: conclave.consult(case), lambda: conclave.scan.scan("127.0.0.1:9")):
        with pytest.raises(conclave.InfrastructureError, match="bounds.toml"):
            call()


# Saving what failed


@pytest.fixture
def failing(tmp_path):
    """(a plugin that fails, how to mend it)"""
    file = tmp_path / "picky.py"
    text = "import conclave\n@conclave.expert(scope='logs')\ndef look(evidence, job): return 'seen' if DONE else 1 / 0\n"
    file.write_text(text.replace("DONE", "False"))
    return file, lambda: file.write_text(text.replace("DONE", "True"))


@pytest.mark.parametrize("how", [conclave.consult, lambda *args, **more: asyncio.run(conclave.consult_async(*args, **more))], ids=["sync", "async"])
@pytest.mark.parametrize("trust", [(), ("picky",)], ids=["isolated", "in_process"])
def test_what_a_failing_plugin_was_given_is_saved_as_a_test(case, failing, tmp_path, how, trust):
    file, mend = failing
    folder = tmp_path / "failures"
    report = how(case, experts=[file, lambda evidence, job: 1 / 0], trust=trust, save_failures=folder)
    assert [response.status for response in report.responses] == ["failed", "failed"]
    assert os.listdir(folder) == ["picky"] and sorted(os.listdir(folder / "picky")) == ["evidence.bin", "failure.json", "test_picky.py"]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in [folder / "picky", *(folder / "picky").iterdir()]} == {0}
    assert conclave.testing.replay(folder / "picky").error.type == "ZeroDivisionError"
    mend()
    assert conclave.testing.replay(folder / "picky").content == "seen"
    assert len(conclave.testing.saved_evidence(folder / "picky").logs) == 1


def test_what_a_failing_plugin_was_given_is_as_redacted_as_it_was(case, log, failing, tmp_path):
    file, _ = failing
    log.write_text("2026-03-01T12:00:00Z ERROR login failed password=hunter2\n")
    file.write_text("# /// script\n# [tool.conclave.permissions]\n# network = ['127.0.0.1:9']\n# ///\n" + file.read_text())
    conclave.consult(case, experts=[file], save_failures=tmp_path / "failures")
    assert b"hunter2" not in (tmp_path / "failures/picky/evidence.bin").read_bytes()


def test_a_folder_for_failures_that_cannot_be_made_is_an_error_before_anybody_is_asked(case, tmp_path):
    (tmp_path / "file").write_text("")
    asked = []
    with pytest.raises(OSError) as raised:
        conclave.consult(case, experts=[lambda evidence, job: asked.append(1)], save_failures=tmp_path / "file" / "failures")
    assert raised.value.filename == str(tmp_path / "file" / "failures") or "file" in str(raised.value)
    assert not asked


def test_a_failure_that_cannot_be_saved_costs_no_report(case, failing, tmp_path, caplog):
    file, _ = failing
    folder = tmp_path / "failures"

    def removes(evidence, job):
        folder.rmdir()
        folder.write_text("in the way")

    report = conclave.consult(case, experts=[file, removes], save_failures=folder)
    assert report.responses[0].status == "failed"
    assert "is not saved" in caplog.text and str(folder) in caplog.text


def test_without_failures_nothing_is_saved(case, tmp_path):
    conclave.consult(case, experts=[lambda evidence, job: "fine"], save_failures=tmp_path / "failures")
    assert not os.listdir(tmp_path / "failures")
