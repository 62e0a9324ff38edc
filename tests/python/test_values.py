"""What every type of value has: a readable form, comparison, hash or a clear refusal, copies, pickles, no stray attributes."""

import copy
import datetime
import gzip
import importlib
import inspect
import pathlib
import pickle
import pkgutil
import tempfile

import conclave
import pytest
from conclave import evidence as found
from conclave import logs, scan, tasks

TIME = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
LATER = TIME + datetime.timedelta(minutes=1)
TARGET = scan.Target("db", "db.local", 5432)


CONFIG = "services:\n  api: {replicas: 1, cpu_millicores: 50, memory_mb: 64, ports: [80, 80]}\nregion: north\n"


def gathered(text):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "a.log").write_text(text)
        (pathlib.Path(folder) / "infra.yaml").write_text(CONFIG)
        return conclave.case.gather(conclave.Case(question="?", logs=["a.log"], config="infra.yaml", base=folder))


def consensus():
    return conclave.process_expert_responses([{"expert_name": "a", "content": "x", "verdict": "healthy"}])


def verdicts(labels):
    return conclave.consensus.aggregate_verdicts([1, 1], ["x", "y"], list(labels))


# (value, another of its type that comes later where there is an order, hashable, ordered)
VALUES = [
    (conclave.Citation.log("/a.log", 3), conclave.Citation.log("/a.log", 4), True, True),
    (conclave.Claim("t", severity=0.25), conclave.Claim("u"), True, False),
    (conclave._core.ResponseError("E", "m", "t"), conclave._core.ResponseError("F"), True, False),
    (conclave.ExpertResponse("a", "x", metadata={"n": [1]}), conclave.ExpertResponse("b", "x"), False, False),
    (conclave.Problem("error", "r", "m", "", "a", 3, 1), conclave.Problem("note", "r", "m", "", "a", 12, 1), True, True),
    (consensus().agreement_matrix, conclave.process_expert_responses([]).agreement_matrix, False, False),
    (conclave.CircleConfig(0.5), conclave.CircleConfig(0.6), False, False),
    (consensus(), conclave.process_expert_responses([{"expert_name": "b", "content": "x"}]), False, False),
    (conclave.Case(question="?", services=["h:1"]), conclave.Case(question="!", services=["h:1"]), True, False),
    (conclave.Job("x").progress(), None, False, False),
    (conclave.Abstain("a"), conclave.Abstain("b"), True, False),
    (tasks.TaskResult("a", 1.0, 2, None), tasks.TaskResult("b", 1.0, 2, None), True, False),
    (TARGET, scan.Target("db", "db.local", 5433), True, False),
    (scan.Difference(TARGET, "open", "closed", "x"), scan.Difference(TARGET, None, "closed", "x"), True, False),
    (scan.AddressResult("::1", "open", 1.5, ""), scan.AddressResult("::1", "closed", 1.5, ""), True, False),
    (scan.ScanResult(TARGET, "open", 1.5, "10.0.0.1", "", TIME), scan.ScanResult(TARGET, "closed", None, "", "", None), True, False),
    (scan.Service("ssh", "OpenSSH", "9.2p1"), scan.Service("http"), True, False),
    (conclave.history.Scan(1, TIME, 0.5, "script", "a:1", 1, 0), conclave.history.Scan(2, LATER, 0.5, "script", "a:1", 1, 1), True, False),
    (scan.Certificate("CN=a", "CN=b", TIME, LATER, "00"), scan.Certificate("CN=b", "CN=b", TIME, LATER, "00"), True, False),
    (scan.Tls("TLSv1.3", names=("a",)), scan.Tls("TLSv1.2"), True, False),
    (scan.Http("https", 200), scan.Http("http", 200), True, False),
    (found.Bucket(TIME, 3, 1, 0, 2), found.Bucket(LATER, 1, 0, 0, 0), True, True),
    (found.Gap(TIME, LATER, 60.0, 1, 2), found.Gap(LATER, LATER, 0.0, 3, 4), True, True),
    (found.Sample(3, TIME, "error", "x"), found.Sample(12, None, "error", "a"), True, True),
    (found.Template("00", "x <*>", 2, 1, TIME, LATER, 1, 2, "info", 1, "/a"), None, True, False),
    (found.ServiceEvidence("db", "h", 1, "h:1", "open", "open", None, "", ""), None, True, False),
    (found.ServiceHistory(2, TIME, LATER, True, TIME, False, 1.0, 0, 0.0, False, 2, 1.0, 2.0, 2.0), None, True, False),
    (found.ConfigValue("a.b", "1", 2, 3), None, True, False),
    (found.Problem("log", "error", "r", "m", "", "f", 1, 0), None, True, False),
    (found.CaseEvidence("n", "?", ("healthy",), True, None, None), None, True, False),
    (conclave.config.read(CONFIG), conclave.config.read("services: {}\n"), True, False),
    (gathered("2026-03-01T12:00:00Z ERROR x\n"), gathered(""), False, False),
    (conclave._core.log_text("one\ntwo \udcff"), conclave._core.log_text("one\ntwo \udcff", "other"), True, False),
    (logs.summarize("2026-03-01T12:00:00Z ERROR x\n"), logs.summarize("x"), False, False),
    (logs.Followed("a.log", "text", ("x",)), logs.Followed("a.log", "vanished"), True, False),
    (logs.search("ERROR x\nWARN y\n", "ERROR OR WARN")[0], logs.search("ERROR x\nWARN y\n", "WARN")[0], True, False),
    (logs.template_table("user 17 left\n").parameters[0][0], logs.template_table("to 10.0.0.1\n").parameters[0][0], True, False),
    (logs.TemplateChange("00", "x", "info", "new", 0, 9, 9.0, 4.0, 0.01, 0.02), None, True, False),
    (verdicts("ab"), verdicts("aa"), False, False),
    (conclave.consensus.krippendorff_alpha([1, 1, 2, 2], [1, 2, 1, 2], list("aabb")), None, True, False),
    (logs.TemplateBurst("00", "x", "info", TIME, LATER, 9, 1.5, 4.0), None, True, False),
    (logs.TemplateSilence("00", "x", "info", TIME, LATER, 9.0, 0.01), None, True, False),
    (logs.compare("a b\n", "a b\nc d\n"), logs.compare("a b\n", "a b\n"), True, False),
    (logs.summarize("2026-03-01T12:00:00Z x\n").histogram()[0], logs.summarize("2026-03-02T12:00:00Z x\n").histogram()[0], True, True),
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


# Public classes that are no plain values, and why: what they are instead, and which tests see to them.
NO_VALUES = {
    **dict.fromkeys(("ConfigParser", "CircleOfExperts", "LogAnalyzer", "PatternAnalyzer", "ServiceScanner", "AsyncProcessor"), "a tool"),
    **dict.fromkeys(("TaskExecutor", "Job", "ExpertJob", "SecureVault", "Store"), "a resource of this process"),
    **dict.fromkeys(("Evidence", "Report"), "compared below"),
    **dict.fromkeys(("LogEvidence", "ConfigEvidence"), "a view of evidence, which is compared below"),
    **dict.fromkeys(("Matches", "TemplateTable"), "a view of the engine's memory; tests of logs compare them"),
}


def public_classes():
    for found_module in pkgutil.iter_modules(conclave.__path__):
        if not found_module.name.startswith(("_", "lib")):  # in the wheel the engine's library lies there, too
            module = importlib.import_module(f"conclave.{found_module.name}")
            for name in module.__all__:
                if inspect.isclass(kind := getattr(module, name)) and not issubclass(kind, BaseException):
                    yield kind


def test_the_table_has_every_public_class_that_is_a_value():
    listed = {type(value) for value, *_ in VALUES}
    missing = {kind.__name__ for kind in public_classes() if kind not in listed and kind.__name__ not in NO_VALUES}
    assert not missing, "no row in VALUES"
    assert {kind.__name__ for kind in public_classes()} >= {"Gathered", "ConfigFile", "LogText", "Citation", "Case"}


def test_every_public_class_shows_itself_and_compares_as_it_hashes():
    for kind in public_classes():
        assert kind.__repr__ is not object.__repr__, kind
        if kind.__eq__ is not object.__eq__:
            assert kind.__hash__ is not object.__hash__, f"{kind} compares by value and hashes by identity"
        order = {name for name in ("__lt__", "__le__", "__gt__", "__ge__") if getattr(kind, name) is not getattr(object, name)}
        assert order in (set(), {"__lt__"}, {"__lt__", "__le__", "__gt__", "__ge__"}), kind


def test_citations_are_ordered_by_kind_place_and_what_was_found():
    log, config = conclave.Citation.log, conclave.Citation.config
    in_order = [config("b", 9), log("/a", 2), log("/a", 10), log("/b", 1), conclave.Citation.service("a")]
    assert sorted(reversed(in_order)) == in_order
    checked = conclave.case.verify_claims([{"content": "x", "claims": [{"text": "t", "evidence": [log("/a", 2)]}]}], gathered("").evidence)
    (found,) = checked[0].claims[0].evidence
    assert found != log("/a", 2) and log("/a", 2) < found and not found <= log("/a", 2) and found >= found
    for a in in_order:
        for b in in_order:
            assert (a == b) + (a < b) + (a > b) == 1 and (a <= b) is not (a > b) and (a == b) <= (hash(a) == hash(b))


def test_a_log_that_is_damaged_says_so_after_a_pickle_too(tmp_path):
    packed = gzip.compress(b"2026-03-01T12:00:00Z ERROR x\n" * 10_000)
    (tmp_path / "cut.log.gz").write_bytes(packed[: len(packed) // 2])
    log = logs.open_log(tmp_path / "cut.log.gz")
    twin = pickle.loads(pickle.dumps(log))
    assert log.problem and twin.problem == log.problem
    assert (twin.file_bytes, twin.lines, bytes(twin.view())) == (log.file_bytes, log.lines, bytes(log.view()))
    assert twin == log and log.file_bytes != len(log.view())


def test_what_was_gathered_may_change_and_its_copies_do_not():
    first = gathered("2026-03-01T12:00:00Z ERROR x\n")
    twin = copy.copy(first)
    first.evidence = first.evidence.with_facts([("a", "1", "test")])
    assert twin != first and twin.evidence.rows("facts.name") == 0
    assert len(first.inputs) == 2 and pickle.loads(pickle.dumps(first)).inputs == first.inputs


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
