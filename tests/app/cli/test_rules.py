"""conclave config check with rules of the user; rules in a consultation."""
import signal

import pytest

CONFIG = "services:\n  api:\n    image: shop:latest\n    cpu_millicores: 500\n    memory_mb: 256\n    health_check: curl\n"
NO_LATEST = """
    for name, service in config["tree"]["services"].items():
        if service["image"].endswith(":latest"):
            yield {"message": name + " has no version", "path": f"services.{name}.image", "severity": "error", "fix": "name one"}
"""


@pytest.fixture
def rules(tmp_path):
    """Writes rules, by their bodies, into the folder `rules`."""
    def write(header="", **bodies):
        folder = tmp_path / "rules"
        folder.mkdir(exist_ok=True)
        (tmp_path / "infra.yaml").write_text(CONFIG)
        for name, body in bodies.items():
            (folder / f"{name}.py").write_text(f"{header}import conclave, os, time\n\n@conclave.rule\ndef check(config):\n    {body}\n")
        return folder
    return write


def found(outcome):
    return {problem["rule"]: problem for problem in outcome.json["problems"]}


@pytest.mark.parametrize("trust", [(), ("--trust", "no_latest")], ids=["isolated", "in_process"])
def test_a_rule_finds_an_error_at_its_place(conclave, rules, trust):
    rules(no_latest=NO_LATEST)
    outcome = conclave("config", "check", "infra.yaml", "--plugins", "rules", *trust)
    assert outcome.code == 1, outcome
    assert "infra.yaml:3:12: error: api has no version; name one [no_latest]" in outcome.out.splitlines()
    assert conclave("config", "check", "infra.yaml", "--fail-on", "error").code == 0


def test_as_json_it_stands_among_the_others(conclave, rules):
    rules(no_latest=NO_LATEST)
    outcome = conclave("config", "check", "infra.yaml", "--plugins", "rules", "--json")
    problem = found(outcome)["no_latest"]
    assert (outcome.code, problem["severity"], problem["line"], problem["fix"]) == (1, "error", 3, "name one")
    assert sorted(problem["rule"] for problem in outcome.json["problems"]) == ["image-latest", "no_latest"]


def test_what_it_prints_is_no_part_of_the_answer(conclave, rules):
    rules(chatty="print('looking'); os.write(1, b'here')")
    outcome = conclave("config", "check", "infra.yaml", "--plugins", "rules", "--trust", "chatty", "--json")
    assert outcome.code == 1 and found(outcome).keys() == {"image-latest"}
    assert "looking" in conclave("-v", "config", "check", "infra.yaml", "--plugins", "rules").err


def test_a_rule_that_fails_costs_a_warning_and_not_the_check(conclave, rules):
    limits = "# /// script\n# [tool.conclave.limits]\n# time_s = 0.5\n# ///\n"
    rules(limits, a_raises="raise KeyError('image')", b_leaves="os._exit(3)", c_hangs="time.sleep(1000)", d_good="return 'seen'")
    outcome = conclave("config", "check", "infra.yaml", "--plugins", "rules", "--fail-on", "error", "--json")
    assert outcome.code == 0
    failed = [problem for problem in outcome.json["problems"] if problem["rule"] == "rule-failed"]
    assert [problem["severity"] for problem in failed] == ["warning"] * 3
    for problem, text in zip(failed, ["'a_raises' failed: KeyError: 'image'", "'b_leaves'", "'c_hangs' failed: TimeoutError"]):
        assert text in problem["message"]
    assert found(outcome)["d_good"]["message"] == "seen"


def test_an_installed_rule_looks_at_every_configuration_until_it_is_disabled(conclave, rules):
    folder = rules(owner="return 'no owner'")
    assert conclave("plugins", "install", folder / "owner.py").code == 0
    assert found(conclave("config", "check", "infra.yaml", "--json"))["owner"]["message"] == "no owner"
    assert conclave("plugins", "disable", "owner").code == 0
    after = found(conclave("config", "check", "infra.yaml", "--json"))
    assert "owner" not in after and "rule 'owner' did not run: you disabled it" in after["disabled"]["message"]


def test_a_rule_that_the_policy_denies_does_not_run(conclave, rules, tmp_path):
    rules(owner="return 'no owner'")
    policy = tmp_path / "bounds.toml"
    policy.write_text('[plugins]\ndeny = ["owner"]\n')
    policy.chmod(0o644)
    conclave.env["CONCLAVE_POLICY"] = str(policy)
    after = found(conclave("config", "check", "infra.yaml", "--plugins", "rules", "--json"))
    assert "owner" not in after and "denies plugin 'owner'" in after["policy"]["message"]


def test_a_folder_that_is_not_there_is_refused_and_a_broken_plugin_is_said(conclave, rules):
    rules(owner="return 'no owner'")
    assert "nowhere" in conclave.fails(2, "config", "check", "infra.yaml", "--plugins", "nowhere")
    (conclave.folder / "rules" / "broken.py").write_text("# /// script\n# [tool.conclave]\n# kind = 'rul'\n# ///\n")
    after = found(conclave("config", "check", "infra.yaml", "--plugins", "rules", "--json"))
    assert "did you mean" in after["plugin"]["message"] and "owner" in after


def test_ctrl_c_ends_a_rule(conclave, rules):
    rules(hangs="open('/dev/null'); print('begun', flush=True); time.sleep(1000)")
    process = conclave.start("-v", "config", "check", "infra.yaml", "--plugins", "rules")
    line = b""
    while b"begun" not in line:
        line = process.stderr.readline()
        assert line, "it ended before"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and out == b""


def test_the_audit_log_names_the_rules_that_ran(conclave, rules):
    rules(owner="return None")
    conclave("config", "check", "infra.yaml", "--plugins", "rules")
    (line,) = [line for line in (conclave.state / "audit.jsonl").read_text().splitlines() if "plugin.run" in line]
    assert '"owner' in line


def test_a_consultation_shows_the_problems_of_rules(conclave, rules, case):
    rules(no_latest=NO_LATEST)
    outcome = conclave("consult", case("config: infra.yaml\n"), "--plugins", "rules", "--json")
    assert found(outcome)["no_latest"]["line"] == 3
    assert [hook["change"] for hook in outcome.json["receipt"]["hooks"]] == ["found 1 problem"]
