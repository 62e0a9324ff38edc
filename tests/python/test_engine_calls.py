"""Long calls into the engine: interrupted by Ctrl-C, without the GIL; callbacks that raise."""

import os
import signal
import threading
import time

import conclave
import pytest


def test_ctrl_c_ends_a_long_scan(hanging_target):
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    started = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        conclave.scan.scan([hanging_target], timeout_ms=60_000)
    assert time.monotonic() - started < 20
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


def test_a_job_stops_when_its_parent_does():
    parent = conclave.Job("parent")
    child = conclave.Job("child", parent)
    parent.request_stop()
    assert child.stopped
    child.begin("phase", 10, "steps")
    child.advance(3)
    progress = child.progress()
    assert (progress.phase, progress.done, progress.total, progress.unit) == ("phase", 3, 10, "steps")
