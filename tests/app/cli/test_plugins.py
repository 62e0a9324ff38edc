"""conclave plugins new, test, enable, disable; consult --save-failures."""
import json
import os
import signal
import stat

import pytest

ERRORS = "2026-03-01T12:00:00Z ERROR disk full\n"


def responses(outcome):
    return {response["expert_name"]: response for response in outcome.json["responses"]}


# new and test


def test_a_new_plugin_passes_its_check_and_its_tests_at_once(conclave):
    made = conclave("plugins", "new", "disk_full")
    assert (made.code, made.out) == (0, "disk_full\n")
    assert sorted(os.listdir(conclave.folder / "disk_full")) == ["disk_full.py", "plugin.toml", "test_disk_full.py"]
    checked = conclave("plugins", "check", "disk_full", "--json")
    assert checked.code == 0, checked
    (plugin,) = checked.json["plugins"]
    assert (plugin["name"], plugin["kind"], plugin["scope"]) == ("disk_full", "expert", "disk_full")
    tested = conclave("plugins", "test", "disk_full")
    assert tested.code == 0 and "2 passed" in tested.out, tested


def test_its_tests_leave_the_plugin_as_it_was(conclave):
    conclave("plugins", "new", "mine")
    conclave("plugins", "test", "mine")
    assert sorted(os.listdir(conclave.folder / "mine")) == ["mine.py", "plugin.toml", "test_mine.py"]


def test_a_new_plugin_judges_a_case(conclave, case, log):
    conclave("plugins", "new", "mine", "--in", conclave.folder)
    log.write_text(ERRORS + "2026-03-01T12:00:01Z ERROR write: No space left on device\n")
    outcome = conclave("consult", case(), "--expert", "./mine", "--json")
    (response,) = outcome.json["responses"]
    assert (response["status"], response["verdict"], response["claims"][0]["evidence"][0]["line"]) == ("answered", "failing", 2)


@pytest.mark.parametrize("name", ["", "Disk", "9lives", "a-b", "a b", "../up", "x" * 65, "é", "class", ".hidden"])
def test_a_name_that_is_no_modules_is_refused(conclave, name):
    assert conclave("plugins", "new", name).code == 2
    assert [entry.name for entry in conclave.folder.iterdir() if entry.name not in ("state", "config", "data", "cache")] == []


def test_a_name_that_is_taken_is_refused_and_what_is_there_stays(conclave):
    (conclave.folder / "mine").mkdir()
    (conclave.folder / "mine" / "notes").write_text("keep")
    assert "File exists" in conclave.fails(2, "plugins", "new", "mine")
    assert (conclave.folder / "mine" / "notes").read_text() == "keep"
    assert "shipped plugin" in conclave.fails(2, "plugins", "new", "error_bursts")
    assert "No such file" in conclave.fails(2, "plugins", "new", "mine", "--in", "nowhere")


def test_failing_and_broken_tests_are_findings(conclave):
    folder = conclave.folder / "tests of mine"
    folder.mkdir()
    (folder / "test_it.py").write_text("def test_it(): assert 1 + 1 == 3\n")
    outcome = conclave("plugins", "test", folder)
    assert outcome.code == 1 and "assert (1 + 1) == 3" in outcome.out
    (folder / "test_it.py").write_text("import not_there\n")
    assert conclave("plugins", "test", folder).code == 1


def test_nothing_to_test_is_wrong_usage(conclave, experts):
    (conclave.folder / "empty").mkdir()
    outcome = conclave("plugins", "test", "empty")
    assert outcome.code == 2 and "there are no tests in it" in outcome.err
    assert "did you mean 'error_bursts'" in conclave.fails(2, "plugins", "test", "error_burst")
    assert "No such file" in conclave.fails(2, "plugins", "test", "no/where")
    experts(single="return 'x'")
    assert "single file" in conclave.fails(2, "plugins", "test", "single", "--plugins", conclave.folder)
    assert "cannot open" in conclave.fails(2, "plugins", "test", "single", "--plugins", "nowhere")


def test_tests_see_the_package_and_no_display(conclave):
    folder = conclave.folder / "sees"
    folder.mkdir()
    (folder / "test_it.py").write_text(
        "import os, conclave\ndef test_it(): assert conclave.__version__ and os.environ['QT_QPA_PLATFORM'] == 'offscreen'\n")
    assert conclave("plugins", "test", "sees").code == 0


def test_ctrl_c_ends_the_tests(conclave):
    folder = conclave.folder / "slow"
    folder.mkdir()
    (folder / "test_it.py").write_text("import pathlib, time\ndef test_it():\n    pathlib.Path('begun').touch()\n    time.sleep(100)\n")
    process = conclave.start("plugins", "test", "slow", start_new_session=True)
    conclave.wait_for_file("begun")
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


# enable and disable


def test_a_disabled_expert_is_left_out_of_the_circle_and_the_report_says_so(conclave, case):
    assert conclave("plugins", "disable", "error_bursts").code == 0
    outcome = conclave("consult", case(), "--json")
    assert "error_bursts" not in responses(outcome) and "new_templates" in responses(outcome)
    (problem,) = [problem for problem in outcome.json["problems"] if problem["rule"] == "disabled"]
    assert "error_bursts" in problem["message"] and problem["fix"] == "conclave plugins enable error_bursts"
    assert conclave("plugins", "enable", "error_bursts").code == 0
    assert responses(conclave("consult", case(), "--json"))["error_bursts"]["status"] == "answered"


def test_who_asks_for_a_disabled_expert_is_refused(conclave, case, experts):
    (path,) = experts(mine="return 'x'")
    conclave("plugins", "disable", "mine", "error_bursts")
    outcome = conclave("consult", case("experts: [error_bursts]\n"), "--json")
    assert responses(outcome)["error_bursts"]["status"] == "refused"
    outcome = conclave("consult", case(), "--expert", path, "--trust", "mine", "--json")
    refused = responses(outcome)["mine"]
    assert refused["status"] == "refused" and "conclave plugins enable mine" in refused["error"]["message"]


def test_a_disabled_hook_does_not_run(conclave, case, experts):
    folder = conclave.folder / "hooks"
    folder.mkdir()
    (folder / "adds.py").write_text("import conclave\n@conclave.hook\ndef on_evidence(evidence): return {'build': 7}\n")
    arguments = ("consult", case(), "--plugins", folder, "--json")
    assert [hook["plugin"] for hook in conclave(*arguments).json["receipt"]["hooks"]] == ["adds"]
    conclave("plugins", "disable", "adds")
    assert conclave(*arguments).json["receipt"]["hooks"] == []


def test_the_list_says_what_is_disabled(conclave):
    conclave("plugins", "disable", "error_bursts")
    state = {plugin["name"]: plugin["enabled"] for plugin in conclave("plugins", "list", "--json").json["plugins"]}
    assert state["error_bursts"] is False and state["new_templates"] is True
    (line,) = [line for line in conclave("plugins", "list").out.splitlines() if line.startswith("error_bursts")]
    assert "shipped, disabled" in line


def test_a_name_that_nobody_has_is_remembered_with_a_remark(conclave):
    outcome = conclave("plugins", "disable", "error_burst")
    assert outcome.code == 0 and "did you mean 'error_bursts'" in outcome.err
    assert json.loads((conclave.folder / "config" / "conclave" / "plugins.json").read_text())["disabled"] == ["error_burst"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"plugins": 2}', '{"plugins": 1, "disabled": "x"}', '{"plugins": 1, "disabled": [1]}', "\xff\x00"])
def test_with_damaged_settings_nothing_runs_that_might_be_disabled(conclave, case, text):
    file = conclave.folder / "config" / "conclave" / "plugins.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(text.encode("latin-1"))
    assert "plugins.json" in conclave.fails(2, "consult", case())
    assert "plugins.json" in conclave.fails(2, "plugins", "disable", "error_bursts")
    assert file.read_bytes() == text.encode("latin-1")
    listed = conclave("plugins", "list")
    assert listed.code == 1 and "plugins.json" in listed.err


def test_settings_that_cannot_be_kept_are_an_error(conclave):
    (conclave.folder / "config").write_text("a file where the folder would be")
    assert "cannot make: Not a directory" in conclave.fails(2, "plugins", "disable", "error_bursts")


# failures saved as tests


@pytest.fixture
def failing(conclave, case):
    """A plugin that fails on this case, and its failure as saved."""
    conclave("plugins", "new", "mine")
    code = conclave.folder / "mine" / "mine.py"
    good = code.read_text()
    code.write_text(good.replace("    words =", "    evidence.logs[0].line(1)\n    print(1 / (len(evidence.logs) - 1))\n    words ="))
    outcome = conclave("consult", case(), "--expert", "./mine", "--expert", "error_bursts", "--save-failures", "failures", "--json")
    assert responses(outcome)["mine"]["status"] == "failed"
    return code, good, outcome


def test_a_failure_is_saved_as_a_test_that_fails_until_the_expert_is_mended(conclave, failing):
    code, good, outcome = failing
    saved = conclave.folder / "failures" / "mine"
    assert sorted(os.listdir(conclave.folder / "failures")) == ["mine"]
    assert "conclave plugins test failures/mine" in outcome.err
    outcome = conclave("plugins", "test", saved)
    assert outcome.code == 1 and "ZeroDivisionError" in outcome.out
    code.write_text(good)
    outcome = conclave("plugins", "test", saved)
    assert outcome.code == 0 and "1 passed" in outcome.out, outcome


def test_only_the_user_may_read_what_was_saved(conclave, failing):
    for folder, _, names in os.walk(conclave.folder / "failures" / "mine"):
        for path in [folder, *(os.path.join(folder, name) for name in names)]:
            assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0


def test_saving_again_leaves_what_was_saved(conclave, case, failing):
    conclave("consult", case(), "--expert", "./mine", "--save-failures", "failures")
    assert sorted(os.listdir(conclave.folder / "failures")) == ["mine", "mine_2"]
    assert conclave("plugins", "test", "failures").code == 1


def test_a_log_that_is_gone_is_said(conclave, failing, log):
    code, good, _ = failing
    code.write_text(good)
    log.unlink()
    outcome = conclave("plugins", "test", "failures/mine")
    assert "app.log is not what the expert read: it is gone" in outcome.out


@pytest.mark.parametrize("file", ["evidence.bin", "failure.json"])
def test_a_damaged_failure_is_said(conclave, failing, file):
    path = conclave.folder / "failures" / "mine" / file
    path.write_bytes(path.read_bytes()[:100])
    outcome = conclave("plugins", "test", "failures/mine")
    assert outcome.code == 1 and "SerializationError" in outcome.out


def test_crashes_and_time_outs_are_saved_and_answers_are_not(conclave, case, experts):
    paths = experts(crash="os.abort()", hang="time.sleep(100)", fine="return 'x'")
    paths[1].write_text("# /// script\n# [tool.conclave.limits]\n# time_s = 0.5\n# ///\n" + paths[1].read_text())
    arguments = [argument for path in paths for argument in ("--expert", path)]
    conclave("consult", case(), *arguments, "--save-failures", "failures")
    assert sorted(os.listdir(conclave.folder / "failures")) == ["crash", "hang"]
    assert "TimeoutError" in conclave("plugins", "test", "failures/hang").out


def test_without_failures_nothing_is_saved(conclave, case):
    conclave("consult", case(), "--expert", "error_bursts", "--save-failures", "failures")
    assert not (conclave.folder / "failures").exists()


def test_a_folder_that_cannot_be_made_is_an_error(conclave, case, experts):
    (path,) = experts(bad="return 1 / 0")
    (conclave.folder / "failures").write_text("a file")
    outcome = conclave("consult", case(), "--expert", path, "--save-failures", "failures", "--json")
    assert outcome.code == 2 and "failures" in outcome.err and outcome.json["verdict"] is None


# the user's own plugin folder


HOOK = "import conclave\n@conclave.hook\ndef on_evidence(evidence): return {'build': 7}\n"


def installed(conclave):
    return conclave.folder / "data" / "conclave" / "plugins"


def test_an_installed_expert_is_asked_by_every_case_that_names_none(conclave, case, experts):
    (path,) = experts(mine="return conclave.ExpertResponse(content=str(os.getpid()), verdict='healthy', confidence=0.9)")
    outcome = conclave("plugins", "install", path)
    assert outcome.code == 0 and "Runs in a process of its own" in outcome.out and "No network." in outcome.out
    path.unlink()
    answers = responses(conclave("consult", case(), "--json"))
    assert answers["mine"]["status"] == "answered" and "error_bursts" in answers
    answers = responses(conclave("consult", case("experts: [error_bursts]\n"), "--json"))
    assert list(answers) == ["error_bursts"]
    answers = responses(conclave("consult", case("experts: [mine]\n"), "--json"))
    assert list(answers) == ["mine"]
    conclave("plugins", "disable", "mine")
    assert "mine" not in responses(conclave("consult", case(), "--json"))


def test_an_installed_hook_runs_in_a_worker_unless_it_is_trusted(conclave, case):
    (conclave.folder / "adds.py").write_text(HOOK.replace("7", "open('/etc/hostname').read()"))
    assert conclave("plugins", "install", "adds.py").code == 0
    (hook,) = conclave("consult", case(), "--json").json["receipt"]["hooks"]
    assert hook["plugin"] == "adds" and "PermissionError" in hook["change"]
    (hook,) = conclave("consult", case(), "--trust", "adds", "--json").json["receipt"]["hooks"]
    assert hook["change"] == "added facts: build"


def test_a_plain_python_consults_what_is_installed_too(conclave, case, experts):
    (path,) = experts(mine="return 'x'")
    conclave("plugins", "install", path)
    (conclave.folder / "script.py").write_text(
        "import conclave\nreport = conclave.consult(conclave.Case.load('case.yaml'))\n"
        "print(sorted(response.expert_name for response in report.responses))\n")
    case()
    assert "'mine'" in conclave("run", "script.py").out


def test_the_list_says_where_each_comes_from(conclave, case, experts):
    mine, folders, beside = experts(mine="return 'x'", folders="return 'x'", beside="return 'x'")
    conclave("plugins", "install", mine)
    for name, path in [("more", folders), ("plugins", beside)]:
        (conclave.folder / name).mkdir()
        path.rename(conclave.folder / name / path.name)
    outcome = conclave("plugins", "list", "--plugins", "more", "--case", case(), "--json")
    origins = {plugin["name"]: (plugin["from"], plugin["trust"]) for plugin in outcome.json["plugins"]}
    assert origins["error_bursts"] == ("shipped", "shipped")
    assert origins["mine"] == ("user", "named")
    assert origins["folders"] == ("folder", "named")
    assert origins["beside"] == ("case", "untrusted")
    lines = conclave("plugins", "list", "--case", case()).out.splitlines()
    assert any(line.startswith("beside") and "case, not agreed to" in line for line in lines)


def test_one_that_is_installed_is_replaced_only_on_demand_and_removed(conclave):
    conclave("plugins", "new", "mine")
    assert conclave("plugins", "install", "mine/").code == 0
    assert "--replace" in conclave.fails(2, "plugins", "install", "mine")
    assert conclave("plugins", "install", "mine", "--replace").code == 0
    assert os.listdir(installed(conclave)) == ["mine"]
    assert conclave("plugins", "test", "mine").code == 0
    assert conclave("plugins", "remove", "mine").code == 0
    assert os.listdir(installed(conclave)) == []
    assert "there is no plugin 'mine'" in conclave.fails(2, "plugins", "remove", "mine")
    events = [json.loads(line)["event"] for line in (conclave.state / "audit.jsonl").read_text().splitlines()]
    assert events == ["plugin.install", "plugin.install", "plugin.remove"]


def test_what_is_no_plugin_is_not_installed(conclave):
    (conclave.folder / "plain.py").write_text("x = 1\n")
    assert "no expert in it" in conclave.fails(2, "plugins", "install", "plain.py")
    assert "cannot open" in conclave.fails(2, "plugins", "install", "missing")
    conclave("plugins", "new", "mine")
    manifest = conclave.folder / "mine" / "plugin.toml"
    manifest.write_text(manifest.read_text().replace('"mine"', '"error_bursts"'))
    assert "shipped plugin" in conclave.fails(2, "plugins", "install", "mine", "--replace")
    assert not installed(conclave).exists() or os.listdir(installed(conclave)) == []


def test_nothing_runs_of_a_folder_that_others_may_write(conclave, case, experts):
    (path,) = experts(mine="return 'x'")
    conclave("plugins", "install", path)
    installed(conclave).chmod(0o777)
    listed = conclave("plugins", "list")
    assert listed.code == 1 and "others than you may write it" in listed.err and "mine" not in listed.out
    assert "mine" not in responses(conclave("consult", case(), "--json"))


def test_plugins_beside_a_case_run_once_they_are_agreed_to(conclave, case, experts):
    (path,) = experts(mine="return 'x'")
    (conclave.folder / "plugins").mkdir()
    path = path.rename(conclave.folder / "plugins" / path.name)
    named = case("experts: [mine]\n")
    assert responses(conclave("consult", named, "--json"))["mine"]["status"] == "refused"
    assert "mine" not in responses(conclave("consult", case(name="other.yaml"), "--json"))
    assert conclave("plugins", "lock", named).code == 0
    assert responses(conclave("consult", named, "--json"))["mine"]["status"] == "answered"
    path.write_text(path.read_text() + "# changed\n")
    assert responses(conclave("consult", named, "--json"))["mine"]["status"] == "refused"


def test_a_hook_beside_a_case_runs_once_it_is_agreed_to(conclave, case):
    folder = conclave.folder / "beside"
    (folder / "plugins").mkdir(parents=True)
    path = folder / "case.yaml"
    path.write_text(case().read_text().replace("app.log", str(case().parent / "app.log")))
    (folder / "plugins" / "greets.py").write_text("import conclave\n@conclave.hook\ndef on_case_opened(case): return 'look into ' + case.name\n")
    outcome = conclave("consult", path, "--json")
    (note,) = [problem for problem in outcome.json["problems"] if problem["rule"] == "consent"]
    assert "hook 'greets' did not run" in note["message"] and note["fix"] == f"conclave plugins lock {path}"
    assert outcome.json["receipt"]["hooks"] == []
    assert conclave("plugins", "lock", path).code == 0
    outcome = conclave("consult", path, "--json")
    (hook,) = outcome.json["receipt"]["hooks"]
    assert (hook["hook"], hook["plugin"], hook["change"]) == ("on_case_opened", "greets", "added 1 note") and hook["seconds"] > 0
    assert "greets: look into small" in [problem["message"] for problem in outcome.json["problems"]]
