"""Hooks that are not trusted run in workers: what they do wrong costs what they would have changed, and nothing else."""

import asyncio
import json
import os
import threading
import time

import conclave
import pytest

PATIENCE = 30
CONFIG = "services:\n  api: {replicas: 1, cpu_millicores: 500, memory_mb: 512, ports: [80]}\n"


@pytest.fixture
def case(log):
    (log.parent / "infra.yaml").write_text(CONFIG)
    return conclave.Case(question="?", name="small", logs=[log], config="infra.yaml", base=log.parent)


@pytest.fixture
def hooks(tmp_path):
    """Writes hooks of one file each into a folder, which it returns."""

    def write(permissions="", time_s=PATIENCE, **code):
        folder = tmp_path / "hooks_of_mine"
        folder.mkdir(exist_ok=True)
        for name, body in code.items():
            lines = ["# /// script", "# [tool.conclave]", "# kind = 'hook'", "# [tool.conclave.limits]", f"# time_s = {time_s}"]
            lines += ["# [tool.conclave.permissions]", f"# {permissions}", "# ///", "import conclave, ctypes, os, time", body]
            (folder / f"{name}.py").write_text("\n".join(lines) + "\n")
        return folder

    return write


def facts_of(evidence, job):
    return str(dict(evidence.facts))


def replicas_of(evidence, job):
    return str(evidence.config.services[0]["replicas"])


def consult(case, folder, **more):
    return conclave.consult(case, experts=[facts_of], plugins=[folder], **more)


def on_evidence(body):
    return f"@conclave.hook\ndef on_evidence(evidence):\n    {body}"


def on_config(body):
    return f"@conclave.hook\ndef on_config_loaded(config):\n    {body}"


def changes(report):
    return [hook["change"] for hook in report.receipt["hooks"]]


def test_a_named_hook_runs_in_another_process_and_a_trusted_one_in_this(case, hooks):
    folder = hooks(where=on_evidence("return {'process': os.getpid()}"))
    named = consult(case, folder)
    assert changes(named) == ["added facts: process"]
    assert str(os.getpid()) not in named.responses[0].content
    assert str(os.getpid()) in consult(case, folder, trust="where").responses[0].content


def test_it_changes_the_configuration_that_experts_see(case, hooks):
    folder = hooks(more=on_config("config['services'][0]['replicas'] = 3\n    return config"))
    report = conclave.consult(case, experts=[replicas_of], plugins=[folder])
    assert report.responses[0].content == "3"
    assert changes(report) == ["changed the configuration"]


def test_each_sees_what_the_one_before_added(case, hooks):
    folder = hooks(a=on_evidence("return {'n': 1, 'tree': {'a': [None, 1.5, 'é']}}"), b=on_evidence("return {'n': evidence.facts['n'] + 1}"))
    assert consult(case, folder).responses[0].content == str({"tree": {"a": [None, 1.5, "é"]}, "n": 2})


FAULTS = {
    "raises": ("raise KeyError('boo')", "KeyError: 'boo'"),
    "exits": ("raise SystemExit(3)", "SystemExit"),
    "leaves": ("os._exit(3)", "exit code 3"),
    "crashes": ("ctypes.string_at(0)", "SIGSEGV"),
    "reads": ("return {'users': open('/etc/passwd').read()}", "may not read /etc/passwd"),
    "returns nonsense": ("return 3", "TypeError: on_evidence must return None or a mapping of facts, not int"),
    "names nonsense": ("return {3: 3}", "TypeError: the name of a fact must be text"),
    "is no JSON": ("return {'f': float('nan')}", "ValueError"),
    "is too much": ("return {'f': 'x' * (20 << 20)}", "too large"),
    "speaks nonsense": ("os.write(3, b'\\x20\\0\\0\\0{\"say\": \"answer\", \"returned\": 7}'); time.sleep(100)", "nonsense"),
    "lies about facts": ("os.write(3, b'\\x2e\\0\\0\\0{\"say\": \"answer\", \"returned\": {\"value\":[1,2]}}'); time.sleep(100)", "nonsense"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_recorded_and_the_next_hook_runs(case, hooks, fault):
    body, why = FAULTS[fault]
    report = consult(case, hooks(a_bad=on_evidence(body), b_good=on_evidence("return {'build': 7}")))
    bad, good = changes(report)
    assert bad.startswith("failed: ") and why in bad
    assert good == "added facts: build" and report.responses[0].content == "{'build': 7}"
    assert [problem.rule for problem in report.problems if "a_bad" in problem.message] == ["hook-failed"]


@pytest.mark.parametrize("body", ["time.sleep(1000)", "while True: pass", "while True:\n        try: time.sleep(9)\n        except BaseException: pass"])
def test_one_that_hangs_is_ended(case, hooks, body):
    (change,) = changes(consult(case, hooks(time_s=0.5, hangs=on_evidence(body))))
    assert change.startswith("failed: TimeoutError: no answer within 0.5 s")


def test_a_damaged_configuration_is_not_taken(case, hooks):
    folder = hooks(damages=on_config("return {'services': 'none'}"))
    report = conclave.consult(case, experts=[replicas_of], plugins=[folder])
    assert changes(report)[0].startswith("failed: ")
    assert report.responses[0].content == "1"


def test_with_the_network_it_gets_redacted_evidence_and_no_configuration(case, log, hooks):
    log.write_text("2026-03-01T12:00:00Z ERROR login failed password=hunter2\n")
    code = on_config("return config") + "\n" + on_evidence("return {'text': evidence.logs[0].samples[0].text}")
    report = consult(case, hooks(permissions="network = ['127.0.0.1:9']", talks=code))
    assert "raw_evidence = true" in changes(report)[0]
    assert "text" in report.responses[0].content and "hunter2" not in report.responses[0].content
    report = consult(case, hooks(permissions="network = ['127.0.0.1:9']\n# raw_evidence = true", talks=code))
    assert changes(report)[0] == "changed nothing" and "hunter2" in report.responses[0].content


def test_stopping_the_job_ends_it(case, hooks):
    job = conclave.Job("stops")
    threading.Timer(1, job.request_stop).start()
    started = time.monotonic()
    with pytest.raises(conclave.CancelledError):
        consult(case, hooks(hangs=on_evidence("while True: pass")), job=job)
    assert time.monotonic() - started < PATIENCE


def test_cancelling_the_task_ends_it(case, hooks):
    folder = hooks(hangs=on_evidence("while True: pass"))

    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(conclave.case.consult_async(case, experts=[facts_of], plugins=[folder]), 2)

    started = time.monotonic()
    asyncio.run(main())  # waits for the thread that the hook is called on
    assert time.monotonic() - started < PATIENCE


# The other fixed points, in workers and in this process


@pytest.fixture(params=[True, False], ids=["isolated", "in_process"])
def trust(request):
    return () if request.param else ("every",)


def test_hooks_change_what_was_scanned_and_answered_and_note_on_the_report(log, hooks, trust):
    case = conclave.Case(question="?", name="small", logs=[log], services=["127.0.0.1:9"], base=log.parent)
    folder = hooks(every="""
@conclave.hook
def on_scan_result(result):
    return {"detail": "in maintenance since " + result["target"]}

@conclave.hook
def on_response(response):
    return {"confidence": 0.25, "metadata": {"process": os.getpid()}}

@conclave.hook
def on_consensus(report):
    return [f"{len(report.responses)} answered", "told the team"]
""")

    def scanned(evidence, job):
        (service,) = evidence.services
        return conclave.ExpertResponse("scanned", service.detail, 0.9, verdict="healthy")

    report = conclave.consult(case, experts=[scanned], plugins=[folder], trust=trust)
    (response,) = report.responses
    assert response.content == "in maintenance since 127.0.0.1:9" and response.confidence == 0.25
    assert (response.metadata["process"] == os.getpid()) is bool(trust)
    (service,) = report.evidence["services"]
    assert service["detail"] == "in maintenance since 127.0.0.1:9"
    notes = [problem.message for problem in report.problems if problem.rule == "hook-note"]
    assert notes == ["every: 1 answered", "every: told the team"]
    assert [(hook["hook"], hook["change"]) for hook in report.receipt["hooks"]] == [
        ("on_scan_result", "changed 127.0.0.1:9 (detail)"),
        ("on_response", "changed scanned (confidence, metadata)"),
        ("on_consensus", "added 2 notes"),
    ]
    assert report.replay().verdict == report.verdict == "healthy"


def test_a_hook_sees_the_case_before_anything_is_gathered_and_notes_on_it(log, hooks, trust):
    case = conclave.Case(question="Why?", name="small", logs=[log], services=["[::1]:9"], base=log.parent, verdicts=["up", "down"])
    folder = hooks(every="""
@conclave.hook
def on_case_opened(case):
    assert isinstance(case, conclave.Case) and case.verdicts == ("up", "down") and case.services[0]["target"] == "[::1]:9"
    return f"{case.question} {os.getpid()}"

@conclave.hook
def on_evidence(evidence): ...
""", silent="@conclave.hook\ndef on_case_opened(case): pass", wrong="@conclave.hook\ndef on_case_opened(case): return {}")
    report = conclave.consult(case, experts=[lambda evidence, job: "fine"], plugins=[folder], trust=trust)
    (note,) = [problem.message for problem in report.problems if problem.rule == "hook-note"]
    assert note.startswith("every: Why? ") and (note == f"every: Why? {os.getpid()}") is bool(trust)
    receipt = [(hook["hook"], hook["plugin"], hook["change"]) for hook in report.receipt["hooks"]]
    assert receipt[:2] == [("on_case_opened", "every", "added 1 note"), ("on_case_opened", "silent", "changed nothing")]
    assert receipt[2][:2] == ("on_case_opened", "wrong") and "failed: TypeError: on_case_opened must return" in receipt[2][2]
    assert receipt[3][0] == "on_evidence"
    assert all(hook["seconds"] > 0 for hook in report.receipt["hooks"])
    again = asyncio.run(conclave.consult_async(case, experts=[lambda evidence, job: "fine"], plugins=[folder], trust=trust))
    assert [hook["change"] for hook in again.receipt["hooks"]] == [hook["change"] for hook in report.receipt["hooks"]]


def test_a_hook_beside_the_case_runs_once_its_content_is_in_the_lock(tmp_path, log, hooks):
    (tmp_path / "case.yaml").write_text(f"question: Is it?\nlogs: [{log}]\n")
    code = hooks(mine=f"@conclave.hook\ndef on_case_opened(case): return case.question + ' ' + str(os.getpid())")
    code.rename(tmp_path / "plugins")
    case = conclave.Case.load(tmp_path / "case.yaml")

    def notes():
        report = conclave.consult(case, experts=[lambda evidence, job: "fine"])
        return [(problem.rule, problem.message) for problem in report.problems if problem.rule in ("hook-note", "consent")]

    assert notes() == [("consent", "hook 'mine' did not run: it comes with the case, and nobody agreed to its content")]
    digest = conclave._core.read_plugin(tmp_path / "plugins/mine.py")["sha256"]
    (tmp_path / "conclave.lock").write_text(json.dumps({"lock": 1, "plugins": [{"name": "mine", "sha256": digest}]}))
    ((rule, note),) = notes()
    assert rule == "hook-note" and note.startswith("mine: Is it? ") and str(os.getpid()) not in note


def test_hooks_that_return_nonsense_change_nothing(log, hooks, trust):
    case = conclave.Case(question="?", name="small", logs=[log], services=["127.0.0.1:9"], base=log.parent)
    folder = hooks(every="""
@conclave.hook
def on_scan_result(result): return {"state": "splendid"}

@conclave.hook
def on_response(response): return {"weight": 100}

@conclave.hook
def on_consensus(report): return {"verdict": "healthy"}
""")
    report = conclave.consult(case, experts=[lambda evidence, job: "fine"], plugins=[folder], trust=trust)
    assert report.responses[0].weight == 1
    changes = [hook["change"] for hook in report.receipt["hooks"]]
    assert len(changes) == 3 and all(change.startswith("failed: ") for change in changes)
    assert "splendid" in changes[0] and "may not change 'weight'" in changes[1] and "a text or texts" in changes[2]
