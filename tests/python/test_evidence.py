import copy
import datetime
import gc
import os
import pathlib
import pickle
import re
import struct

import conclave
import pytest
from conclave import _core
from conclave.evidence import CaseEvidence, ConfigValue

UTC = datetime.timezone.utc


def test_a_log_is_seen_with_its_numbers(evidence, log):
    (seen,) = evidence.logs
    assert (seen.path, seen.name, seen.lines, seen.error_lines, seen.readable) == (str(log), "app.log", 600, 12, True)
    assert seen.first_time == datetime.datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert seen.last_time == datetime.datetime(2026, 3, 1, 12, 9, 59, tzinfo=UTC)
    assert seen.levels["error"] == 12 and seen.levels["info"] == 588
    assert sum(bucket.lines for bucket in seen.buckets) == 600
    assert seen.bucket_seconds == 60.0 and seen.samples[0].text.endswith("ERROR request 0 failed") and seen.samples[0].fields == {}


def test_templates_count_their_lines_and_name_their_log(evidence, log):
    counts = {template.text: template.count for template in evidence.templates}
    assert sum(counts.values()) == 600
    assert {template.source for template in evidence.templates} == {str(log)}
    assert evidence.logs[0].templates == evidence.templates


def test_templates_know_what_was_there_before_the_change(log):
    changed = conclave.Case(question="?", logs=log, change_time=datetime.datetime(2026, 3, 1, 12, 5, tzinfo=UTC))
    evidence = conclave.Evidence(conclave.case.gather(changed).evidence)
    assert sum(template.count_before for template in evidence.templates) == 300
    assert evidence.case.change_time == datetime.datetime(2026, 3, 1, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "verdicts, badness, expected",
    [
        ("ab", [0, 0.01, 0.5, 1], "abbb"),
        ("abc", [0, 0.5, 0.51, 1], "abcc"),
        ("abcde", [0, 0.25, 0.3, 0.5, 1], "abcce"),
        ("abcdefghijk", [0.1, 0.3, 0.7, 0.9], "bdhj"),  # not one worse for the rounding of 0.7 * 10
        ("a", [0, 1], "aa"),
    ],
)
def test_a_case_grades_in_its_own_words(verdicts, badness, expected):
    case = CaseEvidence("", "?", tuple(verdicts), True, None, None)
    assert "".join(map(case.grade, badness)) == expected


@pytest.mark.parametrize("badness", [-0.1, 1.1, 2, float("nan")])
def test_a_grade_outside_zero_to_one_is_a_mistake_of_the_expert(badness):
    for ordered in (True, False):
        with pytest.raises(ValueError, match="from 0 to 1"):
            CaseEvidence("", "?", ("a", "b"), ordered, None, None).grade(badness)


def test_verdicts_without_order_have_no_grade(log):
    case = conclave.Case(question="?", logs=log, verdicts=["disk", "network"], ordered=False)
    assert conclave.Evidence(conclave.case.gather(case).evidence).case.grade(1) is None


def test_lines_are_read_and_searched_in_the_file(evidence):
    (log,) = evidence.logs
    assert log.line(1).endswith("ERROR request 0 failed")
    assert [line for line, _ in log.search("ERROR", limit=3)] == [1, 51, 101]
    assert log.search(re.compile(r"request 5[01]0? failed")) == [(51, log.line(51)), (501, log.line(501))]
    assert log.search("no such text") == []
    assert bytes(log.view()[:4]) == b"2026" and log.view().readonly
    for number in (0, -1, 601):
        with pytest.raises(IndexError):
            log.line(number)


def test_a_log_that_is_gone_is_an_os_error(evidence, log):
    log.unlink()
    with pytest.raises(FileNotFoundError) as raised:
        evidence.logs[0].line(1)
    assert raised.value.filename == str(log)
    assert evidence.logs[0].lines == 600


def test_columns_are_views_without_a_copy_that_keep_the_blob_alive(case):
    core = conclave.case.gather(case).evidence
    column = core.column("buckets.lines")
    assert column.format == "q" and column.readonly and column.obj is not None
    expected = column.tolist()
    del core
    gc.collect()
    assert column.tolist() == expected and sum(expected) == 600
    with pytest.raises(TypeError):
        column[0] = 1


def test_columns_of_the_wrong_kind_or_name_are_errors(evidence):
    core = evidence.core
    with pytest.raises(KeyError):
        core.column("no.such")
    with pytest.raises(TypeError, match="text"):
        core.column("logs.path")
    with pytest.raises(TypeError, match="int64"):
        core.text("logs.lines", 0)
    for row in (-1, 1):
        with pytest.raises(IndexError):
            core.text("logs.path", row)
    assert core.rows("no.such") == 0
    assert core.columns()["logs.path"] == ("text", 1)


def test_evidence_survives_pickle_copy_bytes_and_a_descriptor(evidence):
    for twin in (
        pickle.loads(pickle.dumps(evidence)),
        copy.deepcopy(evidence),
        conclave.Evidence.from_bytes(bytes(evidence)),
        conclave.Evidence(_core.Evidence.from_descriptor(evidence.core.fileno())),
    ):
        assert twin == evidence and hash(twin) == hash(evidence)
        assert twin.templates == evidence.templates and twin.case == evidence.case
    assert pickle.loads(pickle.dumps(evidence.logs[0])) == evidence.logs[0]


def test_the_memory_behind_a_descriptor_is_sealed(evidence):
    with pytest.raises(OSError):
        os.pwrite(evidence.core.fileno(), b"x", 0)


def test_evidence_cannot_be_changed(evidence):
    with pytest.raises(AttributeError):
        evidence.logs[0].lines = 3
    with pytest.raises(AttributeError):
        evidence.case.name = "other"
    with pytest.raises(TypeError):
        evidence.facts["x"] = 1
    with pytest.raises(TypeError):
        evidence.core.blob()[0] = 1


def test_facts_and_the_previous_report_are_added_to_new_evidence(evidence):
    more = conclave.Evidence(evidence.core.with_facts([("build", '{"id": 7}', "ci"), ("spare", "null", "ci")]))
    assert dict(more.facts) == {"build": {"id": 7}, "spare": None} and dict(evidence.facts) == {}
    again = conclave.Evidence(more.core.with_facts([("build", "8", "ci")]))
    assert dict(again.facts) == {"spare": None, "build": 8}
    later = conclave.Evidence(again.core.with_previous('{"verdict": null}'))
    assert later.previous == {"verdict": None} and evidence.previous is None
    assert later.templates == evidence.templates and dict(later.facts) == dict(again.facts)


def test_damaged_blobs_are_serialization_errors(evidence):
    blob = bytes(evidence)
    for damaged in (b"", b"CONCEVID", blob[:100], b"X" + blob[1:], blob[:12] + struct.pack("<I", 2**31) + blob[16:]):
        with pytest.raises(conclave.SerializationError):
            conclave.Evidence.from_bytes(damaged)


@pytest.mark.parametrize(
    "path, keys",
    [
        ("services.api.ports[0]", ("services", "api", "ports", 0)),
        ('services."api.v2".x', ("services", "api.v2", "x")),
        ('"".[0]', ("", 0)),
        ('"[0]"', ("[0]",)),
        (r'"say \"x\\y\""', ('say "x\\y"',)),
        ("", ()),
    ],
)
def test_a_value_knows_its_keys(path, keys):
    assert ConfigValue(path, "", 1, 1).keys == keys


def test_the_keys_of_a_value_lead_to_it_in_the_tree(tmp_path):
    (tmp_path / "infra.yaml").write_text('x-a: {b.c: 1, b: {c: 2}, "": [3, {"]": 4, "d\\"e": 5}]}\n')
    evidence = conclave.Evidence(conclave.case.gather(conclave.Case(question="?", config="infra.yaml", base=tmp_path)).evidence)
    values = evidence.config.values
    assert len({value.path for value in values}) == 5
    for value in values:
        found = evidence.config.tree
        for key in value.keys:
            found = found[key]
        assert str(found) == value.value


def test_services_and_configuration_are_seen(tmp_path):
    (tmp_path / "infra.yaml").write_text("services:\n  api: {cpu_millicores: 50, ports: [80]}\n")
    case = conclave.Case(question="?", services=["127.0.0.1:1"], config="infra.yaml", base=tmp_path)
    evidence = conclave.Evidence(conclave.case.gather(case).evidence)
    (service,) = evidence.services
    assert (service.target, service.state, service.expect) == ("127.0.0.1:1", "closed", "open")
    config = evidence.config
    assert pathlib.Path(config.file).name == "infra.yaml" and config.tree["services"]["api"]["ports"] == [80]
    assert config.services[0]["name"] == "api" and config.services[0]["cpu_millicores"] == 50
    assert [value.line for value in config.values if value.path == "services.api.cpu_millicores"] == [2]
    assert [problem.rule for problem in config.problems] == ["cpu-too-low"]
    assert evidence.logs == () and evidence.templates == []


def test_a_wrong_core_is_a_type_error():
    with pytest.raises(TypeError):
        conclave.Evidence(b"bytes")
