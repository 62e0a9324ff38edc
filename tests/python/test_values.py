"""What every type of value has: a readable form, comparison, hash or a clear refusal, copies, pickles, no stray attributes."""

import copy
import datetime
import inspect
import pickle

import conclave
import pytest
from conclave import evidence as found
from conclave import logs, scan, tasks

TIME = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
LATER = TIME + datetime.timedelta(minutes=1)
TARGET = scan.Target("db", "db.local", 5432)


def consensus():
    return conclave.process_expert_responses([{"expert_name": "a", "content": "x", "verdict": "healthy"}])


# (value, another of its type that comes later where there is an order, hashable, ordered)
VALUES = [
    (conclave.Citation.log("/a.log", 3), conclave.Citation.log("/a.log", 4), True, False),
    (conclave.Claim("t", severity=0.25), conclave.Claim("u"), True, False),
    (conclave._core.ResponseError("E", "m", "t"), conclave._core.ResponseError("F"), True, False),
    (conclave.ExpertResponse("a", "x", metadata={"n": [1]}), conclave.ExpertResponse("b", "x"), False, False),
    (conclave.Problem("error", "r", "m", "", "a", 3, 1), conclave.Problem("note", "r", "m", "", "a", 12, 1), True, True),
    (conclave.CircleConfig(0.5), conclave.CircleConfig(0.6), False, False),
    (consensus(), conclave.process_expert_responses([{"expert_name": "b", "content": "x"}]), False, False),
    (conclave.Case(question="?", services=["h:1"]), conclave.Case(question="!", services=["h:1"]), True, False),
    (conclave.Job("x").progress(), None, False, False),
    (conclave.Abstain("a"), conclave.Abstain("b"), True, False),
    (tasks.TaskResult("a", 1.0, 2, None), tasks.TaskResult("b", 1.0, 2, None), True, False),
    (TARGET, scan.Target("db", "db.local", 5433), True, False),
    (scan.ScanResult(TARGET, "open", 1.5, "10.0.0.1", "", TIME), scan.ScanResult(TARGET, "closed", None, "", "", None), True, False),
    (found.Bucket(TIME, 3, 1, 0, 2), found.Bucket(LATER, 1, 0, 0, 0), True, True),
    (found.Gap(TIME, LATER, 60.0, 1, 2), found.Gap(LATER, LATER, 0.0, 3, 4), True, True),
    (found.Sample(3, TIME, "error", "x"), found.Sample(12, None, "error", "a"), True, True),
    (found.Template("00", "x <*>", 2, 1, TIME, LATER, 1, 2, "info", 1, "/a"), None, True, False),
    (found.ServiceEvidence("db", "h", 1, "h:1", "open", "open", None, "", ""), None, True, False),
    (found.ConfigValue("a.b", "1", 2, 3), None, True, False),
    (found.Problem("log", "error", "r", "m", "", "f", 1, 0), None, True, False),
    (found.CaseEvidence("n", "?", ("healthy",), True, None, None), None, True, False),
    (logs.summarize("2026-03-01T12:00:00Z ERROR x\n"), logs.summarize("x"), False, False),
]  # fmt: skip


@pytest.mark.parametrize("value, later, hashable, ordered", VALUES, ids=lambda item: type(item).__name__ if item else "")
def test_a_value_is_complete(value, later, hashable, ordered):
    kind = type(value)
    for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value)), pickle.loads(pickle.dumps(value, 2))):
        assert type(twin) is kind and twin == value and not twin != value and repr(twin) == repr(value)
        assert not hashable or hash(twin) == hash(value)
    assert kind.__name__ in repr(value) and value != 3 and value != object() and not value == "x"
    assert kind.__match_args__
    assert not hasattr(value, "__dict__")
    with pytest.raises((AttributeError, TypeError)):
        value.no_such_attribute = 1
    if not hashable:
        with pytest.raises(TypeError):
            hash(value)
    if later is not None:
        assert value != later
    if ordered:
        assert value < later and later > value and sorted([later, value]) == [value, later]
    with pytest.raises(TypeError):
        value < 3


def test_the_table_has_every_type_of_value():
    listed = {type(value).__name__ for value, *_ in VALUES}
    resources = {"ConfigParser", "CircleOfExperts", "LogAnalyzer", "PatternAnalyzer", "ServiceScanner", "TaskExecutor", "AsyncProcessor",
                 "Job", "ExpertJob", "Evidence", "Report", "SecureVault", "KeyRing"}  # fmt: skip
    for module in (conclave, logs, scan, tasks, found, conclave.config, conclave.consensus):
        for name in module.__all__:
            kind = getattr(module, name)
            if inspect.isclass(kind) and not issubclass(kind, BaseException):
                assert name in listed | resources | {"LogText", "LogEvidence", "ConfigEvidence", "ConfigFile"}, name


def test_evidence_and_reports_are_values_too(case):
    report = conclave.consult(case, experts=[lambda evidence, job: "x"])
    core = conclave.case.gather(case).evidence
    for value in (report, core, conclave.Evidence(core)):
        assert pickle.loads(pickle.dumps(value)) == value == copy.deepcopy(value) and hash(copy.copy(value)) == hash(value)


@pytest.mark.parametrize("resource", [conclave.ConfigParser(), conclave.LogAnalyzer({"a": "b"}), conclave.PatternAnalyzer(),
                                      conclave.ServiceScanner(), conclave.CircleOfExperts(), conclave.AsyncProcessor()])  # fmt: skip
def test_tools_show_themselves_and_have_no_stray_attributes(resource):
    assert type(resource).__name__ in repr(resource) and not hasattr(resource, "__dict__")
    with pytest.raises(AttributeError):
        resource.no_such_attribute = 1
