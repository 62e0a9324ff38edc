"""consult, here, history and replay: the main job as a user starts it."""
import json
import os
import pty
import signal

import pytest

HEALTHY = "return conclave.ExpertResponse(content='all well', verdict='healthy', confidence=0.9)"
FAILING = """line = evidence.logs[0]
    return conclave.ExpertResponse(content='broken', verdict='failing', confidence=0.9,
        claims=[conclave.Claim('it broke', evidence=[conclave.Citation.log(line.path, 3)])])"""


def named(paths):
    return [word for path in paths for word in ("--expert", path)]


def test_a_healthy_case_passes_with_0(conclave, case, experts):
    outcome = conclave("consult", case(), *named(experts(one=HEALTHY, two=HEALTHY)), "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    report = outcome.json
    assert report["schema"] == 1 and report["verdict"] == "healthy" and report["passed"] is True
    assert sorted(response["expert_name"] for response in report["responses"]) == ["one", "two"]


def test_another_verdict_is_1(conclave, case, experts):
    outcome = conclave("consult", case(), *named(experts(one=FAILING, two=FAILING)), "--json")
    assert (outcome.code, outcome.json["verdict"]) == (1, "failing")
    assert outcome.json["responses"][0]["claims"][0]["evidence"][0]["verified"] is True


def test_no_consensus_is_3(conclave, case, experts):
    outcome = conclave("consult", case(), *named(experts(one="raise RuntimeError('boom')")), "--json")
    assert (outcome.code, outcome.json["verdict"]) == (3, None)
    failure, = outcome.json["responses"]
    assert failure["status"] == "failed" and "boom" in failure["error"]["message"] and "Traceback" in failure["error"]["traceback"]


def test_what_an_expert_prints_never_spoils_the_report(conclave, case, experts):
    loud, = experts(loud=f"print('NOISE'); print('NOISE', file=sys.stderr); {HEALTHY}")
    quiet = conclave("consult", case(), "--expert", loud, "--json")
    assert quiet.json["verdict"] == "healthy" and "NOISE" not in quiet.out + quiet.err
    verbose = conclave("consult", case(), "--expert", loud, "--json", "-v")
    assert verbose.json["verdict"] == "healthy" and "NOISE" in verbose.err


def test_what_an_expert_and_its_children_write_to_descriptor_1_never_spoils_the_report(conclave, case, experts):
    loud, = experts(loud=f"import os, subprocess; os.write(1, b'RAW'); subprocess.run(['echo', 'CHILD']); {HEALTHY}")
    outcome = conclave("consult", case(), "--expert", loud, "--trust", "loud", "--json")
    assert outcome.json["verdict"] == "healthy" and "RAW" in outcome.err and "CHILD" in outcome.err


def test_a_named_expert_that_crashes_or_hangs_costs_one_response(conclave, case, experts):
    crash = "import ctypes; ctypes.string_at(0)"
    paths = experts(crash=crash, leaves="import os; os._exit(0)", one=HEALTHY, two=HEALTHY, three=HEALTHY)
    outcome = conclave("consult", case(), *named(paths), "--json")
    assert outcome.code == 0, outcome.err
    responses = {response["expert_name"]: response for response in outcome.json["responses"]}
    assert [responses[name]["status"] for name in ("crash", "leaves", "one")] == ["killed", "killed", "answered"]
    assert "SIGSEGV" in responses["crash"]["error"]["message"] and "crash.py" in responses["crash"]["error"]["traceback"]
    assert outcome.json["problems"] == []


def test_what_only_the_case_names_runs_as_long_as_its_content_is_in_the_lock(conclave, case, experts, tmp_path):
    mine, = experts(mine=HEALTHY)
    path = case("experts: [./mine.py]\n")
    locked = conclave("plugins", "lock", path, "--json")
    assert locked.code == 0 and [p["name"] for p in locked.json["plugins"]] == ["mine"]
    assert [r["status"] for r in conclave("consult", path, "--json").json["responses"]] == ["answered"]
    mine.write_text(mine.read_text() + "# changed\n")
    assert [r["status"] for r in conclave("consult", path, "--json").json["responses"]] == ["refused"]
    lock = tmp_path / "conclave.lock"
    lock.chmod(0o666)
    assert "chmod go-w" in conclave.fails(2, "consult", path)
    lock.chmod(0o600)
    for nonsense in ("", "{", "[]", '{"lock": 2}', '{"lock": 1, "plugins": [{}]}', '{"lock": 1, "plugins": 3}'):
        lock.write_text(nonsense)
        assert "conclave.lock" in conclave.fails(2, "consult", path)


def test_what_only_the_case_names_runs_once_it_is_trusted(conclave, case, experts):
    experts(mine="import os; return str(os.getppid())")
    path = case("experts: [./mine.py]\n")
    refused, = conclave("consult", path, "--json").json["responses"]
    assert refused["status"] == "refused" and "--expert" in refused["error"]["message"]
    trusted, = conclave("consult", path, "--trust", "mine", "--json").json["responses"]
    assert trusted["content"] == str(os.getpid())


def test_an_expert_that_changes_the_folder_or_forks_takes_nobody_along(conclave, case, experts, tmp_path):
    wanders = """import os
    os.chdir('/')
    if os.fork() == 0:
        sys.exit(0)
    assert os.wait()[1] == 0
    return 'wandered'"""
    paths = experts(awanders=wanders, looks=FAILING)
    outcome = conclave("consult", case().name, *[word for path in paths for word in ("--expert", path)], "--trust", "awanders", "--output", "r.json")
    assert outcome.code == 1, outcome.err
    report = json.loads((tmp_path / "r.json").read_text())
    assert {r["expert_name"]: r["status"] for r in report["responses"]} == {"awanders": "answered", "looks": "answered"}
    claims = [claim for response in report["responses"] for claim in response["claims"]]
    assert [claim["evidence"][0]["verified"] for claim in claims] == [True]


def test_a_closed_standard_output_does_not_send_the_report_into_another_file(conclave, case, experts, tmp_path):
    one, = experts(one=HEALTHY)
    process = conclave.start("consult", case(), "--expert", one, stdout=None, preexec_fn=lambda: os.close(1))
    assert "cannot write standard output" in process.communicate(timeout=60)[1].decode()
    assert process.returncode == 2
    assert not [path for path in conclave.state.glob("*") if b"By scope" in path.read_bytes()]


def test_what_an_expert_prints_is_shown_in_whole_lines(conclave, case, experts):
    loud, = experts(loud=f"print('one', 'two'); print('three', end=''); {HEALTHY}")
    said = conclave("consult", case(), "--expert", loud, "-v").err.splitlines()
    assert [line for line in said if line.startswith("[")] == ["[expert loud] one two", "[expert loud] three"]


@pytest.mark.parametrize("form, begins", [([], "small"), (["--markdown"], "#"), (["--html"], "<!"), (["--junit"], "<?xml")])
def test_the_report_comes_in_the_form_asked_for(conclave, case, experts, form, begins):
    outcome = conclave("consult", case(), *named(experts(one=HEALTHY)), *form)
    assert outcome.code == 0 and outcome.out.lstrip().startswith(begins) and "\x1b" not in outcome.out


def test_output_is_written_whole_and_its_suffix_says_the_form(conclave, case, experts, tmp_path):
    outcome = conclave("consult", case(), *named(experts(one=HEALTHY)), "--output", "report.json")
    assert (outcome.code, outcome.out) == (0, "")
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "healthy"
    assert not list(tmp_path.glob("report.json.*"))


@pytest.mark.parametrize("place", ["missing/report.json", ".", "/dev/full"])
def test_output_to_an_unwritable_place_is_2(conclave, case, experts, place):
    outcome = conclave("consult", case(), *named(experts(one=HEALTHY)), "--json", "--output", place)
    assert outcome.code == 2 and outcome.out == "" and "cannot write" in outcome.err


def test_weights_decide_a_tie(conclave, case, experts, tmp_path):
    paths = named(experts(good=HEALTHY, bad=FAILING))
    for heavy, verdict in (("good", "healthy"), ("bad", "failing")):
        (tmp_path / "weights.yaml").write_text(f"{heavy}: 9\n")
        report = conclave("consult", case(), *paths, "--weights", "weights.yaml", "--json").json
        assert report["verdict"] == verdict and report["receipt"]["weights"][heavy] == 9


@pytest.mark.parametrize("weights", ["one: -1", "one: many", "[1]", "one: .nan", "{", "one: 0"])
def test_wrong_weights_are_2_with_their_place(conclave, case, tmp_path, weights):
    (tmp_path / "w.yaml").write_text(weights)
    assert "w.yaml:1:" in conclave.fails(2, "consult", case(), "--weights", "w.yaml")


def test_a_weight_for_nobody_is_remarked(conclave, case, experts, tmp_path):
    (tmp_path / "w.yaml").write_text("onne: 2\n")
    outcome = conclave("consult", case(), *named(experts(one=HEALTHY)), "--weights", "w.yaml", "--json")
    assert outcome.code == 0 and "did you mean 'one'?" in outcome.err


def test_errors_of_a_case_are_lines_with_place(conclave, case):
    outcome = conclave("consult", case("verdicts: 3\nserivces: [a:1]\n"), "--json")
    assert outcome.code == 2 and outcome.out == ""
    assert "case.yaml:5:" in outcome.err and "case.yaml:6:" in outcome.err and "services" in outcome.err
    assert all(line.startswith("conclave: ") for line in outcome.err.splitlines())


@pytest.mark.parametrize("experts, said", [
    ("[eror_bursts]", "case.yaml:5:11: there is no expert 'eror_bursts'; did you mean 'error_bursts'?"),
    ("\n- time_gaps\n- name: error_bursts\n  settings:\n    min_erors: 3", "case.yaml:9:5: expert 'error_bursts' has no setting"),
    ("[{name: error_bursts, settings: {min_errors: many}}]", "case.yaml:5:43: setting 'min_errors'"),
    ("[./missing.py]", "case.yaml:5:11: "),
])
def test_wrong_experts_of_a_case_have_their_place(conclave, case, experts, said):
    assert said in conclave.fails(2, "consult", case(f"experts: {experts}\n"))


@pytest.mark.parametrize("arguments, said", [
    (["consult", "missing.yaml"], "missing.yaml"),
    (["consult", "."], "."),
    (["consult", "case.yaml", "--expert", "eror_bursts"], "did you mean 'error_bursts'?"),
    (["consult", "case.yaml", "--expert", "missing.py"], "missing.py"),
    (["consult", "case.yaml", "--weights", "missing.yaml"], "missing.yaml"),
    (["replay", "missing.json"], "missing.json"),
    (["replay", "app.log"], "not JSON"),
    (["replay", "/"], "Is a directory"),
    (["history", "show", "abcd"], "no report 'abcd'"),
    (["consult", "case.yaml", "--plugins", "missing"], "missing"),
    (["consult", "case.yaml", "--plugins", "app.log"], "app.log"),
    (["plugins", "list", "--plugins", "missing"], "missing"),
    (["plugins", "check", "missing"], "missing"),
    (["run", "missing.py"], "missing.py"),
    (["run", "/"], "Is a directory"),
    (["case", "check", "missing.yaml"], "missing.yaml"),
])
def test_unreadable_input_is_one_line_and_2(conclave, case, arguments, said):
    case()
    assert said in conclave.fails(2, *arguments)


def test_named_evidence_that_is_missing_is_2_unless_told_to_go_on(conclave, case, experts, tmp_path):
    path = case("config: missing.yaml\n")
    paths = named(experts(one=HEALTHY, two=HEALTHY))
    assert "missing.yaml" in conclave.fails(2, "consult", path, *paths, "--json")
    outcome = conclave("consult", path, *paths, "--json", "--keep-going")
    assert outcome.code == 3 and outcome.json["coverage"] < 1 and outcome.json["problems"]
    assert outcome.json["verdict"] is None


def test_ctrl_c_stops_a_consultation_with_130(conclave, case, experts):
    slow, = experts(slow="pathlib.Path('running').touch(); time.sleep(600)")
    process = conclave.start("consult", case(), "--expert", slow, "--trust", "slow", "--json")
    conclave.wait_for_file("running")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == b"" and b"Traceback" not in err


def test_a_second_ctrl_c_leaves_at_once(conclave, case, experts):
    stubborn, = experts(stubborn="""pathlib.Path('running').touch()
    end = time.monotonic() + 600
    while time.monotonic() < end:
        try:
            time.sleep(1)
        except BaseException:
            pathlib.Path('interrupted').touch()""")
    process = conclave.start("consult", case(), "--expert", stubborn, "--trust", "stubborn")
    conclave.wait_for_file("running")
    process.send_signal(signal.SIGINT)
    conclave.wait_for_file("interrupted")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130


def test_a_terminal_sees_progress_and_nothing_of_it_remains(conclave, case, experts):
    slow, = experts(slow=f"""while not os.path.exists('seen'):
        time.sleep(0.02)
    {HEALTHY}""")
    master, slave = pty.openpty()
    process = conclave.start("consult", case(), "--expert", slow, "--json", stderr=slave)
    os.close(slave)
    shown = b""
    while True:
        try:
            shown += os.read(master, 65536)
        except OSError:
            break
        if b"experts" in shown:
            (conclave.folder / "seen").touch()
    out = process.stdout.read()
    process.wait(60)
    assert json.loads(out)["verdict"] == "healthy"
    assert b"experts" in shown and shown.endswith(b"\r\x1b[K")


def test_history_keeps_shows_replays_and_purges(conclave, case, experts, tmp_path):
    paths = named(experts(one=HEALTHY))
    report = conclave("consult", case(), *paths, "--json").json
    assert conclave("consult", case(), *paths, "--no-history", "--json").code == 0
    row, = conclave("history", "list", "--json").json
    assert (row["id"], row["verdict"], row["case"], row["passed"]) == (report["id"], "healthy", "small", True)
    assert report["id"][:8] in conclave("history", "list").out
    shown = conclave("history", "show", report["id"][:8], "--json")
    assert shown.code == 0 and shown.json == report
    (tmp_path / "report.json").write_text(shown.out)
    again = conclave("replay", "report.json", "--json")
    assert again.code == 0 and again.json["verdict"] == "healthy"
    assert again.json["confidence_score"] == report["confidence_score"]
    assert "removed 0" in conclave("history", "purge", "--older-than", "1d").out
    assert "removed 1" in conclave("history", "purge", "--older-than", "0s").out
    assert conclave("history", "list", "--json").json == []


def test_an_expert_sees_the_report_before(conclave, case, experts):
    paths = named(experts(one="""before = evidence.previous
    return conclave.ExpertResponse(content='before: ' + str(before and before['verdict']), verdict='healthy', confidence=0.9)"""))
    contents = [conclave("consult", case(), *paths, "--json").json["responses"][0]["content"] for _ in range(2)]
    assert contents == ["before: None", "before: healthy"]


def test_replay_says_when_a_report_was_edited(conclave, case, experts, tmp_path):
    report = conclave("consult", case(), *named(experts(one=FAILING, two=FAILING)), "--json").json
    report["verdict"], report["passed"] = "healthy", True
    (tmp_path / "edited.json").write_text(json.dumps(report))
    outcome = conclave("replay", "edited.json", "--json")
    assert outcome.code == 1 and outcome.json["verdict"] == "failing"
    assert "does not follow" in outcome.err and "verdict" in outcome.err


@pytest.mark.parametrize("content", ["{}", "[]", "{\"schema\": 99}", "null", "{\"schema\": 1, \"responses\": 3}", "\xff"])
def test_replay_refuses_what_is_not_a_report(conclave, tmp_path, content):
    (tmp_path / "r.json").write_text(content, encoding="latin-1")
    conclave.fails(2, "replay", "r.json")


def test_a_damaged_history_is_left_alone_and_loses_no_report(conclave, case, experts):
    conclave.state.mkdir(parents=True)
    (conclave.state / "history.db").write_bytes(b"x" * 5000)
    outcome = conclave("consult", case(), *named(experts(one=HEALTHY)), "--json")
    assert outcome.code == 0 and outcome.json["verdict"] == "healthy" and "history.db" in outcome.err
    assert (conclave.state / "history.db").read_bytes() == b"x" * 5000
    assert "damaged" in conclave.fails(2, "history", "list", "--json")


def test_who_ran_and_what_was_refused_is_audited(conclave, case, experts):
    conclave("consult", case(), *named(experts(one=HEALTHY)), "--allow-endpoint", "https://api.example.com")
    events = [json.loads(line) for line in (conclave.state / "audit.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == ["endpoint.allow", "plugin.run"]
    assert events[1]["subject"].startswith("one ") and len(events[1]["detail"]) == 64
    assert os.stat(conclave.state / "audit.jsonl").st_mode & 0o777 == 0o600


def test_only_endpoints_named_on_the_command_line_are_allowed(conclave, case, experts):
    paths = named(experts(one="return ' '.join(job.allowed_endpoints) or 'none'"))
    conclave.env["CONCLAVE_ALLOWED_ENDPOINTS"] = "https://elsewhere.example"
    responses = conclave("consult", case(), *paths, "--json", "--allow-endpoint", "https://a", "--allow-endpoint", "https://b").json["responses"]
    assert responses[0]["content"].split() == ["https://a", "https://b"]
    assert conclave("consult", case(), *paths, "--json").json["responses"][0]["content"] == "none"


def test_the_language_model_takes_consent_from_the_command_line_alone(conclave, case):
    settings = "{provider: openai, model: test, base_url: 'http://127.0.0.1:9/v1'}"
    path = case(f"experts: [{{name: language_model, settings: {settings}}}]\n")
    conclave.env["CONCLAVE_ALLOWED_ENDPOINTS"] = "http://127.0.0.1:9"
    conclave.env.pop("OPENAI_API_KEY", None)
    refused, = conclave("consult", path, "--json").json["responses"]
    assert refused["status"] == "abstained" and "not agreed to http://127.0.0.1:9" in refused["content"]
    agreed, = conclave("consult", path, "--json", "--allow-endpoint", "http://127.0.0.1:9").json["responses"]
    assert agreed["status"] == "abstained" and "no key" in agreed["content"]


def test_neither_log_holds_evidence(conclave, case, experts, log):
    log.write_text(log.read_text() + "2026-03-01T04:00:00Z ERROR password=hunter2 SECRETLINE\n")
    conclave("consult", case(), *named(experts(one=HEALTHY)), "-vv")
    for name in ("conclave.log", "audit.jsonl"):
        text = (conclave.state / name).read_text()
        assert text and "SECRETLINE" not in text and "hunter2" not in text


def test_the_shipped_experts_judge_a_quiet_log_healthy(conclave, case):
    outcome = conclave("consult", case(), "--json")
    assert outcome.code == 0 and outcome.json["verdict"] == "healthy", outcome.out + outcome.err


def test_here_judges_this_machine(conclave):
    outcome = conclave("here", "--json", "--expert", "time_gaps", "--no-history")
    assert outcome.code in (0, 1, 3) and outcome.json["schema"] == 1, outcome.err


def test_plugins_in_a_named_folder_are_found(conclave, case, experts, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    experts(mine=HEALTHY)[0].rename(folder / "mine.py")
    listed = conclave("plugins", "list", "--plugins", folder, "--json").json
    assert next(p for p in listed["plugins"] if p["name"] == "mine")["trust"] == "named"
    outcome = conclave("consult", case("experts: [mine]\n"), "--plugins", folder, "--json")
    assert (outcome.code, outcome.json["verdict"]) == (0, "healthy")


def test_shipped_plugins_are_sound(conclave):
    outcome = conclave("plugins", "check", "--json")
    assert outcome.code == 0 and outcome.json["problems"] == []
    assert {"error_bursts", "language_model"} <= {plugin["name"] for plugin in outcome.json["plugins"]}


def test_a_broken_plugin_is_a_finding(conclave, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "plugin.toml").write_text("name = 3\n")
    outcome = conclave("plugins", "check", folder)
    assert outcome.code == 1 and "broken" in outcome.err


def test_what_is_wrong_with_a_plugin_has_its_place(conclave, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "plugin.toml").write_text('name = "broken"\nkind = \n')
    assert "empty: there is no plugin.toml in it" in conclave("plugins", "check", "empty").err
    assert "plugin.toml:2:" in conclave("plugins", "check", "broken").err
    assert "there is no plugin.toml in it" in conclave.fails(2, "here", "--expert", "./empty")


def test_run_gives_the_script_its_arguments_and_its_exit_code_back(conclave, tmp_path):
    (tmp_path / "s.py").write_text("import sys, conclave\nprint(sys.argv[1:])\nprint('e', file=sys.stderr)\nsys.exit(7)\n")
    outcome = conclave("run", "s.py", "-v", "--help", "--", "x y")
    assert (outcome.code, outcome.out, outcome.err) == (7, "['-v', '--help', '--', 'x y']\n", "e\n")


def test_run_shows_the_traceback_of_the_script_and_none_of_ours(conclave, tmp_path):
    (tmp_path / "s.py").write_text("def f():\n    1 / 0\nf()\n")
    outcome = conclave("run", "s.py")
    assert outcome.code == 1 and "ZeroDivisionError" in outcome.err and 's.py", line 2' in outcome.err
    assert "_terminal" not in outcome.err and "site-packages" not in outcome.err


def test_ctrl_c_interrupts_a_script(conclave, tmp_path):
    (tmp_path / "s.py").write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    process = conclave.start("run", "s.py")
    assert process.stdout.readline() == b"up\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130 and b"KeyboardInterrupt" in err


def test_the_console_has_the_case_or_report_it_is_given(conclave, tmp_path):
    (tmp_path / "app.log").write_text("2026-03-01T12:00:00Z INFO start\n")
    (tmp_path / "case.yaml").write_text("question: Is it well?\nlogs: [app.log]\n")
    outcome = conclave("console", "case.yaml", input="print(case.question, report)\napp.consult()\nprint(report.case_name)\n")
    assert outcome.code == 0, outcome.err
    assert "Is it well? None" in outcome.out
    (tmp_path / "report.json").write_text(conclave("consult", "case.yaml", "--json").out)
    outcome = conclave("console", "report.json", input="print(case, report.question)\n")
    assert (outcome.code, outcome.out) == (0, "None Is it well?\n"), outcome.err


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("none.yaml", None, "none.yaml"), ("bad.yaml", "logs: 7\n", "bad.yaml"), ("bad.json", "{", "JSON"), ("dir", "", "dir")],
)
def test_a_console_on_what_cannot_be_opened_is_a_usage_error(conclave, tmp_path, name, text, said):
    if text:
        (tmp_path / name).write_text(text)
    elif text == "":
        (tmp_path / name).mkdir()
    outcome = conclave("console", name, input="print('not reached')\n")
    assert outcome.code == 2
    assert "not reached" not in outcome.out
    assert said in outcome.err and "Traceback" not in outcome.err


def test_the_console_reads_a_pipe(conclave):
    outcome = conclave("console", input="import conclave\nprint(6 * 7)\n")
    assert outcome.code == 0 and "42" in outcome.out
