"""Long calls into the engine: interrupted by Ctrl-C, without the GIL; callbacks that raise."""

import array
import dataclasses
import datetime
import os
import signal
import socket
import threading
import time

import conclave
import pytest


def test_ctrl_c_ends_a_long_scan(hanging_target):
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        conclave.scan.scan([hanging_target], timeout_ms=60_000)
    assert time.monotonic() - started < 50
    timer.join()


def test_ctrl_c_ends_a_consultation_while_it_gathers(hanging_target):
    case = conclave.Case(question="?", services=[hanging_target])
    job = conclave.Job("consult")
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        while True:  # the scan of a case has a time-out of its own
            conclave.consult(case, experts=[lambda evidence, job: None], job=job)
    timer.join()


def test_python_runs_while_the_engine_works():
    text = conclave.logs._core.log_text("2026-03-01T12:00:00Z ERROR something failed again\n" * 400_000)
    counted = 0
    stop = threading.Event()

    def count():
        nonlocal counted
        while not stop.is_set():
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted
        summary = conclave.logs.summarize(text)
        during = counted - before
    finally:
        stop.set()
        thread.join()
    assert summary.lines == 400_000 and during > 10_000


def test_results_are_told_as_they_come_and_what_the_callback_raises_is_the_same_object():
    told = []
    results = conclave.scan.scan(["127.0.0.1:1", "127.0.0.1:2"], on_result=told.append)
    assert sorted(told, key=lambda result: result.target.port) == results
    error = LookupError("mine")

    def raising(result):
        raise error

    with pytest.raises(LookupError) as raised:
        conclave.scan.scan(["127.0.0.1:1"], on_result=raising)
    assert raised.value is error and "raising" in [frame.name for frame in raised.traceback]


def test_a_job_stops_a_scan_from_another_thread(hanging_target):
    job = conclave.Job("scan")
    timer = threading.Timer(0.1, job.request_stop)
    timer.start()
    (result,) = conclave.scan.scan([hanging_target], timeout_ms=60_000, job=job)
    assert result.state == "cancelled"
    timer.join()


def test_few_connections_at_a_time_reach_every_target():
    results = conclave.scan.scan([f"127.0.0.1:{port}" for port in range(1, 8)], max_in_flight=1, timeout_ms=2000)
    assert [result.target.port for result in results] == list(range(1, 8))
    assert {result.state for result in results} <= {"open", "closed"}


def test_late_answers_are_told_as_suspect_to_those_who_ask(hanging_target):
    told = []
    (result,) = conclave.scan.scan([hanging_target], timeout_ms=600, suspects=True, on_result=told.append)
    assert [each.state for each in told] == ["suspect", "filtered"] and result.state == "filtered"
    (result,) = conclave.scan.scan([hanging_target], timeout_ms=300, on_result=told.append)
    assert [each.state for each in told[2:]] == ["filtered"]


def test_each_address_of_a_name_is_judged():
    with socket.create_server(("127.0.0.1", 0)) as server:
        (result,) = conclave.scan.scan([("localhost", server.getsockname()[1])], seed=1, per_second=1000)
    assert result.state == "open" and result.address == "127.0.0.1"
    assert [each.address for each in result.addresses] == ["127.0.0.1", "::1"]
    assert result.addresses[0].state == "open" and result.addresses[1].state in ("closed", "unreachable")


def test_two_scans_are_compared():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        before = conclave.scan.scan(f"127.0.0.1:{port} 127.0.0.9:{port}")
    after = conclave.scan.scan(f"127.0.0.1:{port} 127.0.0.8:{port}")
    assert [(each.target.host, each.before, each.after) for each in conclave.scan.differences(before, after)] == [
        ("127.0.0.1", "open", "closed"), ("127.0.0.8", None, "closed"), ("127.0.0.9", "closed", None)]  # fmt: skip
    assert conclave.scan.differences(after, after) == []


def test_an_interrupted_scan_goes_on_where_it_was(hanging_target):
    job = conclave.Job("scan")
    targets = ["127.0.0.1:1", hanging_target]
    first = conclave.scan.scan(targets, timeout_ms=60_000, job=job, on_result=lambda result: job.request_stop())
    assert [each.state for each in first] == ["closed", "cancelled"]
    told = []
    second = conclave.scan.scan(targets, timeout_ms=300, earlier=first, on_result=told.append)
    assert second[0] is first[0] and second[1].state == "filtered" and told == second[1:]


def test_targets_come_from_files_networks_and_hosts_without_ports(tmp_path):
    (tmp_path / "hosts.txt").write_text("a:1 # one\n10.0.0.8/31\n")
    names = [target.name for target in conclave.scan.parse_targets(f"@{tmp_path / 'hosts.txt'}", ports="7,8")]
    assert names == ["a:1", "10.0.0.8:7", "10.0.0.8:8", "10.0.0.9:7", "10.0.0.9:8"]
    with pytest.raises(FileNotFoundError):
        conclave.scan.parse_targets("@" + str(tmp_path / "absent"))


@pytest.mark.parametrize("wrong", [{"max_in_flight": 0}, {"per_second": 0.0}, {"per_second": float("nan")}, {"timeout_ms": 0}])
def test_bounds_of_a_scan_are_above_zero(wrong):
    with pytest.raises(ValueError, match="must be above 0"):
        conclave.scan.scan("127.0.0.1:1", **wrong)


def test_a_job_stops_when_its_parent_does():
    parent = conclave.Job("parent")
    child = conclave.Job("child", parent)
    parent.request_stop()
    assert child.stopped
    child.begin("phase", 10, "steps")
    child.advance(3)
    progress = child.progress()
    assert (progress.phase, progress.done, progress.total, progress.unit) == ("phase", 3, 10, "steps")


# Functions written by hand


def test_arguments_are_taken_and_refused_as_pythons_own_functions_do():
    level_of, response = conclave.logs.level_of, conclave.ExpertResponse
    assert level_of("ERROR x") == level_of(line="ERROR x") == level_of(b"ERROR x") == "error"
    assert level_of("plain") == "unknown"
    for call, text in [
        (lambda: level_of(), "missing required argument: 'line'"),
        (lambda: level_of("x", "y"), "at most 1 positional"),
        (lambda: level_of("x", line="y"), "multiple values for argument 'line'"),
        (lambda: level_of(lines="x"), "unexpected keyword argument 'lines'"),
        (lambda: level_of(3), "line must be str or bytes, not int"),
        (lambda: response(1, 2, 3, 4, 5, 6, 7, 8, 9), "at most 8 positional"),
        (lambda: response(contents="x"), "unexpected keyword argument 'contents'"),
        (lambda: response("a", expert_name="b"), "multiple values"),
        (lambda: response.coerce(), "missing required argument: 'value'"),
        (lambda: response.coerce(3), "content, verdict or claims"),
    ]:
        with pytest.raises(TypeError, match=text):
            call()
    assert level_of(**{"".join(["li", "ne"]): "WARN x"}) == "warning"  # a name that is not interned


def test_lines_are_found_by_number_and_place():
    log = conclave.logs._opened("one\nzwölf\n\nlast")
    assert [log.line(n) for n in range(1, 5)] == ["one", "zwölf", "", "last"]
    assert log.line(number=2) == "zwölf" and log.line_at(offset=5) == 2 and log.line_at(0) == 1

    class Two:
        def __index__(self):
            return 2

    assert log.line(Two()) == "zwölf"
    for wrong in (0, 5, -1, 2**70, -(2**70)):
        with pytest.raises(IndexError):
            log.line(wrong)
    with pytest.raises(TypeError):
        log.line("1")
    with pytest.raises(TypeError):
        type(log).line(3, 1)


def test_vectors_have_a_length_and_dimensions():
    norm, normalized, dimensions = conclave.vectors.norm, conclave.vectors.normalized, conclave.vectors.dimensions
    for code in "fd":
        a = array.array(code, [3, 4])
        assert norm(a) == 5 and normalized(a).tolist() == pytest.approx([0.6, 0.8]) and normalized(a).format == code
        assert norm(memoryview(a)[::-1]) == 5 and dimensions(a) == 1
    assert normalized(array.array("d")).tolist() == [] and norm(array.array("d")) == 0
    assert dimensions(memoryview(bytes(64)).cast("d", (2, 2, 2))) == 3
    for call in (norm, normalized, dimensions):
        with pytest.raises(TypeError):
            call(array.array("i", [1]))
    with pytest.raises(ValueError, match="1 dimension"):
        norm(memoryview(bytes(16)).cast("d", (2, 1)))
    with pytest.raises(TypeError, match="aligned"):
        norm(memoryview(bytearray(17))[1:].cast("d"))


def test_results_keep_their_memory_and_are_read_only():
    view = conclave.vectors.normalized(array.array("d", [3.0, 4.0] * 500))
    exporter = view.obj
    del view
    assert memoryview(exporter)[1] == pytest.approx(0.8 / 500**0.5) and len(exporter) == 1000
    with pytest.raises(TypeError):
        memoryview(exporter)[0] = 1.0
    with pytest.raises(TypeError):
        type(exporter)()
    matrix = conclave.vectors.cosine_matrix(memoryview(array.array("d", [1, 2, 3, 4])).cast("B").cast("d", (2, 2)))
    assert matrix.c_contiguous and matrix.tobytes() == memoryview(matrix.obj).tobytes() and matrix.nbytes == 32


def test_agreement_of_judges_is_counted_from_pairs_of_any_form():
    agreement = conclave.consensus.agreement
    pairs = [("a", "a"), ("b", "b"), ("ä", "a"), ("b", "b")]
    expected = agreement(pairs)
    assert expected[0] == 0.75 and 0 < expected[1] < 1
    for form in (tuple(pairs), iter(pairs), [list(pair) for pair in pairs], [pairs[0], *map(list, pairs[1:])]):
        assert agreement(form) == expected
    assert all(number != number for number in agreement([]))
    for wrong in (3, [3], [("a", 3)], [("a", "b", "c")], ["a"]):
        with pytest.raises((TypeError, ValueError)):
            agreement(wrong)


def test_scans_are_kept_and_compared_later(tmp_path):
    history = conclave.history.Store(tmp_path / "history.db")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        targets = f"127.0.0.1:{port} 127.0.0.9:{port}"
        assert history.last_scan(targets) is None and history.services(targets) == [None, None]
        first = history.add_scan(conclave.scan.scan(targets), occasion="a test", seconds=0.5)
        before = datetime.datetime.now(datetime.timezone.utc)
    after = conclave.scan.scan(f"127.0.0.9:{port} 127.0.0.1:{port}")
    assert history.last_scan(after[0].target) is None and history.last_scan([each.target for each in after]) == first
    (change,) = conclave.scan.differences(history.scan(first), after)
    assert (change.target.host, change.before, change.after) == ("127.0.0.1", "open", "closed")
    second = history.add_scan(after)
    newest, oldest = history.scans()
    assert (newest.id, oldest.id, oldest.occasion, oldest.seconds, oldest.count, oldest.open) == (second, first, "a test", 0.5, 2, 1)
    assert oldest.targets == f"127.0.0.1:{port} 127.0.0.9:{port}" and oldest.started < before
    known, other = history.services([("127.0.0.1", port), ("127.0.0.9", port)])
    assert (known["scans"], known["up"], known["since_known"], known["uptime"], known["changes"]) == (2, False, True, 0.5, 1)
    assert known["latency_ms"]["count"] == 1 and known["latency_ms"]["p50"] == known["latency_ms"]["p99"] > 0
    assert (other["uptime"], other["latency_ms"]["p95"]) == (0.0, None)
    with pytest.raises(KeyError):
        history.scan(99)
    assert history.add_scan([]) is None and history.scans(limit=0) == []
    with pytest.raises(ValueError):
        history.add_scan([dataclasses.replace(after[0], state="sleepy")])
