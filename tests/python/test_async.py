"""Awaiting the engine: no thread of Python waits, and cancelling the task stops the engine's job."""

import asyncio
import gc
import os
import socket
import threading
import time

import conclave
import pytest
from conclave import _async, _core


def test_a_scan_is_awaited_and_kept():
    async def main():
        with socket.create_server(("127.0.0.1", 0)) as server:
            scanner = conclave.ServiceScanner(timeout_ms=500, cache_s=60)
            target = ("127.0.0.1", server.getsockname()[1])
            first = await scanner.scan_async([target, "127.0.0.1:1"])
            assert [result.state for result in first] == ["open", "closed"]
            assert await scanner.scan_async([target]) == first[:1] == scanner.scan([target])

    asyncio.run(main())


def test_results_come_in_batches_as_they_are_decided(hanging_target):
    async def main():
        seen = []
        scanner = conclave.ServiceScanner(timeout_ms=60_000)
        async for batch in scanner.scan_iter(["127.0.0.1:1", hanging_target, "127.0.0.1:2"]):
            assert batch
            seen += batch
            if len(seen) == 2:  # the third would take a minute
                break
        assert sorted(result.target.port for result in seen) == [1, 2]
        assert [result.state for batch in [b async for b in scanner.scan_iter(["127.0.0.1:1"])] for result in batch] == ["closed"]

    asyncio.run(asyncio.wait_for(main(), 30))


def test_every_result_of_an_iteration_is_told_once():
    async def main():
        targets = [f"127.0.0.1:{port}" for port in range(1, 200)]
        told = [result async for batch in conclave.scan.scan_iter(targets, max_in_flight=8) for result in batch]
        assert sorted(result.target.port for result in told) == list(range(1, 200))
        assert [batch async for batch in conclave.scan.scan_iter([])] == []

    asyncio.run(main())


def test_a_summary_is_awaited(log):
    async def main():
        for source in (log, log.read_text(), log.read_bytes(), conclave.logs.open_log(log)):
            assert (await conclave.logs.summary_async(source)).lines == 600
        assert await conclave.LogAnalyzer().summary_async(log) == conclave.logs.summarize(log)
        assert await conclave.logs.mine_templates_async(log) == conclave.logs.mine_templates(log)

    asyncio.run(main())


def test_failures_are_raised_where_they_are_awaited(tmp_path):
    async def main():
        with pytest.raises(FileNotFoundError) as raised:
            await conclave.logs.summary_async(tmp_path / "absent")
        assert raised.value.filename == str(tmp_path / "absent")
        with pytest.raises(TypeError, match="a log is text"):
            await conclave.logs.summary_async(3)
        job = conclave.Job("stopped")
        job.request_stop()
        with pytest.raises(conclave.CancelledError):
            await conclave.logs.summary_async("text", job=job)
        with pytest.raises(ValueError, match="timeout_ms"):
            [batch async for batch in conclave.scan.scan_iter(["127.0.0.1:1"], timeout_ms=0)]

    asyncio.run(main())


def test_cancelling_the_task_stops_the_job(hanging_target):
    async def main():
        job = conclave.Job("scan")
        task = asyncio.create_task(conclave.scan.scan_async([hanging_target], timeout_ms=60_000, job=job))
        await asyncio.sleep(0.1)
        assert not job.stopped
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert job.stopped
        return job

    started = time.monotonic()
    asyncio.run(main())
    gc.collect()  # the loop is gone, and with it what still ran
    assert time.monotonic() - started < 20


def test_a_time_out_stops_the_job(hanging_target):
    async def main():
        job = conclave.Job("scan")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(conclave.scan.scan_async([hanging_target], timeout_ms=60_000, job=job), 0.1)
        assert job.stopped

    asyncio.run(main())


def test_many_wait_without_a_thread_of_python_each(hanging_target):
    async def main():
        before = threading.active_count()
        tasks = [asyncio.create_task(conclave.scan.scan_async([hanging_target], timeout_ms=60_000)) for _ in range(20)]
        await asyncio.sleep(0.2)
        assert threading.active_count() == before
        assert (await conclave.logs.summary_async("one\ntwo\n")).lines == 2  # and nobody stands in the way of others
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    asyncio.run(asyncio.wait_for(main(), 30))


def test_loops_do_not_get_in_each_others_way(log):
    async def main():
        return [(await conclave.logs.summary_async(log)).lines for _ in range(20)]

    found = []
    threads = [threading.Thread(target=lambda: found.append(asyncio.run(main()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [[600] * 20] * 4


def test_loops_that_are_gone_leave_nothing_behind():
    async def main():
        await conclave.logs.summary_async("x")

    for _ in range(20):
        asyncio.run(main())
    gc.collect()
    assert len(_async._bridges) == 0


def test_an_operation_runs_only_once():
    pool, completions = _core.EnginePool(1), _core.Completions()
    operation = _core._operations["text_similarity"]("a", "a")
    ticket = completions.start(pool, operation)
    with pytest.raises(RuntimeError, match="once"):
        completions.start(pool, operation)
    completions.wait(10)
    assert completions.take() == ([], [ticket]) and len(completions) == 1
    assert completions.result(ticket) == 1.0 and len(completions) == 0 and operation.seconds > 0
    with pytest.raises(KeyError):
        completions.result(ticket)


def test_what_still_runs_is_stopped_when_nobody_can_ask_for_it_any_more(hanging_target):
    pool, completions = _core.EnginePool(1), _core.Completions()
    name, (host, port) = "x", hanging_target
    operation = _core._operations["scan"]([(name, host, port, None)], 60_000)
    completions.start(pool, operation)
    started = time.monotonic()
    del completions
    assert operation.job.stopped and time.monotonic() - started < 10


def test_a_consultation_awaits_the_engine(hanging_target):
    async def main():
        task = asyncio.create_task(conclave.consult_async(conclave.Case(question="?", services=[hanging_target]), experts=[]))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(main(), 20))


# Consultations


@pytest.fixture
def slow_plugins(tmp_path):
    """An expert and a folder with a hook, each in a worker, that leave a file when they begin and then hang."""
    header = "# /// script\n# [tool.conclave]\n# kind = 'KIND'\n# [tool.conclave.permissions]\n# write = ['{0}']\n# ///\nimport conclave, os, time\n"
    code = "    open(os.path.join('{0}', NAME + str(os.getpid())), 'w').close()\n    time.sleep(600)\n"
    begun = tmp_path / "begun"
    (tmp_path / "hooks").mkdir()
    begun.mkdir()
    text = header + "@conclave.expert\ndef look(evidence, job):\n" + code
    (tmp_path / "slow.py").write_text(text.format(begun).replace("KIND", "expert").replace("NAME", "'expert'"))
    text = header + "@conclave.hook\ndef on_evidence(evidence):\n" + code
    (tmp_path / "hooks" / "hangs.py").write_text(text.format(begun).replace("KIND", "hook").replace("NAME", "'hook'"))
    return tmp_path / "slow.py", tmp_path / "hooks", begun


async def until(condition, seconds=60):
    for _ in range(seconds * 20):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize("what", ["expert", "hook"])
def test_consultations_wait_for_workers_without_a_thread_of_python_each(case, slow_plugins, what):
    expert, hooks, begun = slow_plugins
    count = 8

    def consult():
        if what == "expert":
            return conclave.consult_async(case, experts=[expert])
        return conclave.consult_async(case, experts=[lambda evidence, job: "x"], plugins=[hooks])

    async def main():
        before = threading.active_count()
        waiting = [asyncio.ensure_future(consult()) for _ in range(count)]
        await until(lambda: len(list(begun.glob(f"{what}*"))) >= 2)  # as many as run at a time even on a small machine
        await asyncio.sleep(0.5)
        assert threading.active_count() == before and not any(task.done() for task in waiting)
        workers = [int(path.name.removeprefix(what)) for path in begun.iterdir()]
        for task in waiting:
            task.cancel()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
        await until(lambda: not any(os.path.exists(f"/proc/{worker}") for worker in workers))

    asyncio.run(main())


def test_cancelling_while_a_case_is_gathered_stops_the_engine(hanging_target, monkeypatch):
    jobs = []
    load = _core._operations["gather"]
    monkeypatch.setitem(_core._operations, "gather", lambda case, config, job, *more: jobs.append(job) or load(case, config, job, *more))

    async def main():
        case = conclave.Case(question="?", services=[hanging_target], name="hangs")
        task = asyncio.ensure_future(conclave.consult_async(case, experts=[lambda evidence, job: "x"]))
        await until(lambda: jobs)
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert jobs[0].stopped

    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_case_file_that_is_wrong_is_said_as_by_consult(tmp_path):
    (tmp_path / "case.yaml").write_text("logs: [a.log]\nquestion: 7\nnonsense: 1\n")
    with pytest.raises(conclave.InfrastructureError) as waited:
        conclave.consult(tmp_path / "case.yaml")
    with pytest.raises(conclave.InfrastructureError) as awaited:
        asyncio.run(conclave.consult_async(tmp_path / "case.yaml"))
    assert str(awaited.value) == str(waited.value) and awaited.value.problems == waited.value.problems
    with pytest.raises(FileNotFoundError):
        asyncio.run(conclave.consult_async(tmp_path / "no.yaml"))


def test_history_is_read_and_kept_from_a_loop_too(case, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    async def main():
        first = await conclave.consult_async(case, experts=[lambda evidence, job: "x"], history=True)
        second = await conclave.consult_async(case, experts=[lambda evidence, job: evidence.previous["id"]], history=True)
        assert second.responses[0].content == first.id

    asyncio.run(main())
