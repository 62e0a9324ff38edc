"""Rules of users: what they find is among the problems of a configuration, and what they do wrong costs one problem."""

import asyncio
import os
import time

import conclave
import pytest

CONFIG = """services:
  api:
    image: shop:latest
    cpu_millicores: 500
"""


@conclave.rule
def no_latest(config):
    for name, service in config["tree"]["services"].items():
        if service["image"].endswith(":latest"):
            yield {"message": f"{name} has no version", "path": f"services.{name}.image", "severity": "error", "fix": "name one"}


@pytest.fixture
def case(log):
    (log.parent / "infra.yaml").write_text(CONFIG)
    return conclave.Case(question="?", name="small", logs=[log], config="infra.yaml", base=log.parent)


@pytest.fixture
def rules(tmp_path):
    """Writes rules of one file each, by their bodies, into a folder, which it returns."""

    def write(permissions="", time_s=30, **bodies):
        folder = tmp_path / "rules_of_mine"
        folder.mkdir(exist_ok=True)
        for name, body in bodies.items():
            lines = ["# /// script", "# [tool.conclave]", "# [tool.conclave.limits]", f"# time_s = {time_s}"]
            lines += ["# [tool.conclave.permissions]", f"# {permissions}", "# ///", "import conclave, ctypes, os, time", ""]
            lines += ["@conclave.rule", "def check(config):", f"    {body}"]
            (folder / f"{name}.py").write_text("\n".join(lines) + "\n")
        return folder

    return write


@pytest.fixture(params=["isolated", "in_process"])
def trust(request):
    """Names to trust, in a place where every rule of a test is trusted or none."""
    return lambda *names: names if request.param == "in_process" else ()


def seen(evidence, job):
    """An expert that says what it sees."""
    return "\n".join(problem.message for problem in evidence.config.problems)


def consult(case, folder, **more):
    return conclave.consult(case, experts=[seen], plugins=[folder], **more)


def found(report):
    return {problem.rule: problem for problem in report.problems if problem.rule != "unknown-key"}


def test_the_decorator_leaves_the_function_as_it_is():
    config = {"services": [], "global_settings": {}, "tree": {"services": {"api": {"image": "shop:latest"}}}}
    assert [problem["path"] for problem in no_latest(config)] == ["services.api.image"]
    with pytest.raises(TypeError, match="callable"):
        conclave.rule("no function")


def test_experts_and_the_report_see_what_a_rule_finds_at_its_place(case, rules, trust):
    body = "return {'message': 'no owner', 'path': 'services.api.image', 'severity': 'error', 'fix': 'name one'}"
    report = consult(case, rules(owner=body), trust=trust("owner"))
    problem = found(report)["owner"]
    assert (problem.severity, problem.message, problem.fix) == ("error", "no owner", "name one")
    assert os.path.basename(problem.file) == "infra.yaml" and (problem.line, problem.column) == (3, 12)
    assert "no owner" in report.responses[0].content
    (receipt,) = report.receipt["hooks"]
    assert (receipt["hook"], receipt["plugin"], receipt["change"]) == ("rule", "owner", "found 1 problem")
    assert "owner" in [plugin["name"] for plugin in report.receipt["plugins"]]
    assert report.replay().verdict == report.verdict


def test_a_rule_sees_the_model_that_hooks_left_and_the_file_as_it_is(case, rules, trust):
    folder = rules(both="return f\"{config['services'][0]['replicas']} {config['tree']['services']['api']['image']} {config['file'][-10:]}\"")
    (folder / "more.py").write_text(
        "import conclave\n\n@conclave.hook\ndef on_config_loaded(config):\n"
        "    config['services'][0]['replicas'] = 3\n    return config\n"
    )
    assert found(consult(case, folder, trust=trust("both", "more")))["both"].message == "3 shop:latest infra.yaml"


@pytest.mark.parametrize(
    "body, texts",
    [
        ("return None", []),
        ("return []", []),
        ("return 'one'", ["one"]),
        ("return {'message': 'one'}", ["one"]),
        ("return ['one', {'message': 'two', 'path': None}]", ["one", "two"]),
        ("yield 'one'; yield 'two'", ["one", "two"]),
        ("return {'one': 1, 'message': 'x'}.keys() - {'message'}", ["one"]),
    ],
)
def test_what_a_rule_may_return(case, rules, trust, body, texts):
    report = consult(case, rules(mine=body), trust=trust("mine"))
    assert [problem.message for problem in report.problems if problem.rule == "mine"] == texts
    assert "rule-failed" not in found(report)


FAULTS = {
    "raises": ("raise KeyError('boo')", "KeyError: 'boo'"),
    "exits": ("raise SystemExit(3)", "SystemExit"),
    "raises late": ("yield 'one'; raise KeyError('boo')", "KeyError: 'boo'"),
    "returns a number": ("return 3", "TypeError: a rule must return None, a problem or problems, not int"),
    "returns bytes": ("return b'x'", "TypeError: a rule must return None, a problem or problems, not bytes"),
    "numbers among them": ("return ['x', 3]", "TypeError: a problem must be a text or a mapping, not int"),
    "unknown field": ("return {'message': 'x', 'line': 3}", "not 'line'"),
    "no message": ("return {'path': 'services'}", "ValueError: a problem needs a message"),
    "odd severity": ("return {'message': 'x', 'severity': 'fatal'}", "severity of a problem must be error, warning or note, not 'fatal'"),
    "odd path": ("return {'message': 'x', 'path': ['services']}", "path of a problem must be text"),
    "no JSON": ("return {'message': 'x', 'fix': object()}", "TypeError"),
    "without end": ("return ('x' for _ in iter(int, 1))", "at most 1000"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_warning_and_the_next_rule_runs(case, rules, trust, fault):
    body, why = FAULTS[fault]
    report = consult(case, rules(a_bad=body, b_good="return 'seen'"), trust=trust("a_bad", "b_good"))
    problems = [problem for problem in report.problems if "a_bad" in problem.message + problem.rule]
    (problem,) = problems
    assert (problem.rule, problem.severity) == ("rule-failed", "warning") and why in problem.message
    assert found(report)["b_good"].message == "seen"
    assert report.receipt["hooks"][0]["change"].startswith("failed: ")


@pytest.mark.parametrize("body, why", [("os._exit(3)", "exit code 3"), ("ctypes.string_at(0)", "SIGSEGV"),
                                       ("return open('/etc/passwd').read()", "may not read /etc/passwd")])
def test_what_only_a_worker_survives_costs_one_warning_there(case, rules, body, why):
    problem = found(consult(case, rules(bad=body)))["rule-failed"]
    assert "rule 'bad' failed" in problem.message and why in problem.message


def test_a_looping_one_is_ended(case, rules, trust):
    started = time.monotonic()
    report = consult(case, rules(time_s=0.5, hangs="while True: pass"), trust=trust("hangs"))
    assert "no answer within 0.5 s" in found(report)["rule-failed"].message
    assert time.monotonic() - started < 30


def test_a_plugin_without_a_rule_says_so(case, tmp_path):
    (tmp_path / "forgot.py").write_text("# /// script\n# [tool.conclave]\n# kind = 'rule'\n# ///\ndef check(config): return 'x'\n")
    problem = found(consult(case, tmp_path))["rule-failed"]
    assert "decorated with @conclave.rule; found none" in problem.message


def test_a_folder_with_a_manifest_is_a_rule_by_its_entry(case, tmp_path, trust):
    folder = tmp_path / "rules" / "owned"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text('name = "owned"\nkind = "rule"\nentry = "owned:look"\n')
    (folder / "owned.py").write_text("def look(config):\n    return 'no owner'\n")
    assert found(consult(case, tmp_path, trust=trust("owned")))["owned"].message == "no owner"


def test_with_the_network_it_gets_no_configuration(case, rules):
    report = consult(case, rules(permissions="network = ['127.0.0.1:9']", talks="return 'seen'"))
    assert "raw_evidence = true" in found(report)["rule-failed"].message


def test_without_a_configuration_no_rule_runs(log, rules):
    report = consult(conclave.Case(question="?", logs=[log], base=log.parent), rules(mine="return 'x'"))
    assert found(report) == {} and report.receipt["hooks"] == []


def test_awaited_it_is_the_same(case, rules, trust):
    folder = rules(mine="return 'seen'")
    report = asyncio.run(conclave.consult_async(case, experts=[seen], plugins=[folder], trust=trust("mine")))
    assert found(report)["mine"].message == "seen"
