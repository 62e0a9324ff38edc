"""conclave.logs.compare() and the table of templates."""
import asyncio
import datetime
import pickle

import pytest

import conclave
from conclave import logs

def usual(seconds, start=0):
    lines = []
    for i in range(start, start + seconds):
        stamp = f"2026-03-01T12:{i // 60:02d}:{i % 60:02d}Z"
        lines += [f"{stamp} INFO app: kind{' more' * kind} done in {i} ms\n" for kind in range(10)]
    return "".join(lines)


def test_a_log_has_not_changed_from_itself():
    found = logs.compare(usual(30), usual(30))
    assert found.changes == () and found.records_before == found.records_after == 300


def test_what_is_new_comes_first():
    after = usual(30) + "2026-03-01T12:05:00Z ERROR app: disk full on /dev/sda\n" * 9
    found = logs.compare(usual(30), after)
    (change,) = found.changes
    assert (change.kind, change.before, change.after, change.level) == ("new", 0, 9, "error")
    assert change.statistic > 0 and 0 <= change.p_value <= change.q_value <= 1
    assert pickle.loads(pickle.dumps(found)) == found


def test_one_log_is_compared_at_a_time():
    log = usual(30) + "2026-03-01T12:00:40Z WARN app: deployed\n" + usual(30, 60)
    found = logs.compare(log, split=datetime.datetime(2026, 3, 1, 12, 0, 35, tzinfo=datetime.timezone.utc))
    assert [(change.kind, change.text) for change in found.changes] == [("new", "deployed")]
    with pytest.raises(ValueError, match="no record"):
        logs.compare(log, split="2020-01-01")


@pytest.mark.parametrize("arguments", [{}, {"after": "b", "split": "2026-03-01"}])
def test_either_another_log_or_a_time_is_needed(arguments):
    with pytest.raises(TypeError):
        logs.compare("a", **arguments)


def test_other_ways_to_compare_are_named():
    assert logs.compare(usual(30), usual(60), by="time").changes == ()
    with pytest.raises(ValueError, match="typical"):
        logs.compare("a", "b", by="magic")


def test_a_comparison_can_be_awaited():
    log = usual(20)
    assert asyncio.run(logs.compare_async(log, log)) == logs.compare(log, log)


def test_a_silence_is_found():
    log = usual(100) + usual(100, 400)
    found = logs.compare(log, log)
    assert {silence.level for silence in found.silences} == {"info"} and len(found.silences) == 10
    assert found.silences[0].end > found.silences[0].start and found.silences[0].expected > 10


def test_columns_are_buffers_of_numbers():
    table = logs.template_table(usual(30))
    assert table.count.format == "Q" and table.count.readonly and table.count.tolist() == [30] * 10
    assert table.first_time_us.format == "q" and table.levels.shape == (10, len(table.LEVELS))
    assert len(table) == 10 and len(table.assignments) == 300 and set(table.assignments) == set(range(10))


def test_columns_go_to_numpy_without_a_copy():
    numpy = pytest.importorskip("numpy")
    table = logs.template_table(usual(30))
    counts = numpy.asarray(table.count)
    assert counts.dtype == numpy.uint64 and counts.tolist() == [30] * 10 == [30] * len(table)
    assert not counts.flags.owndata and not counts.flags.writeable
    levels = numpy.asarray(table.levels)
    assert levels.shape == (10, len(table.LEVELS)) and levels[:, table.LEVELS.index("info")].tolist() == [30] * 10
    assert numpy.asarray(table.first_time_us).dtype == numpy.int64
    assert numpy.asarray(table.assignments).size == 300
    assert numpy.array_equal(numpy.bincount(numpy.asarray(table.assignments)), counts)


def test_a_table_tells_what_parameters_are():
    table = logs.template_table("took 1 ms on 10.0.0.1\ntook 2 ms on 10.0.0.1\n", content=True)
    assert list(table.typed_text) == ["took <num> ms on <ip>"] and list(table.text) == ["took <*> ms on <*>"]
    number, address = table.parameters[0]
    assert (number.distinct, number.exact) == (2, True)
    assert (address.kind, address.top) == ("ip", (("10.0.0.1", 2),))
    assert asyncio.run(logs.template_table_async("a\n")).text == ["a"]


def test_a_comparison_can_be_stopped():
    job = conclave.Job("stopped")
    job.request_stop()
    with pytest.raises(conclave.CancelledError):
        logs.compare("a\n", "b\n", job=job)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_logs_are_compared_however_they_write_letters(tmp_path, encoding):
    text = "".join(f"2026-03-01T12:00:{i:02d}Z INFO app: requ\xeate trait\xe9e en {i} ms\n" for i in range(30))
    other = tmp_path / "after.log"
    other.write_bytes((text + "2026-03-01T12:05:00Z ERROR app: \xe9chec\n").encode(encoding))
    (change,) = logs.compare(text, other).changes
    assert (change.kind, change.text) == ("new", "\xe9chec")
    assert logs.compare(text, text.encode("latin-1")).changes == ()
