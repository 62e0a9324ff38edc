"""TaskExecutor and AsyncProcessor: callables on threads of Python, engine operations by name on those of the engine."""

import asyncio
import concurrent.futures
import contextvars
import copy
import pickle
import subprocess
import sys
import threading
import time

import conclave
import pytest
from conclave import performance, tasks
from conclave.tasks import AsyncProcessor, TaskExecutor, TaskResult


def test_the_names_of_the_seed_lead_here():
    assert performance.TaskExecutor is conclave.TaskExecutor is TaskExecutor
    assert performance.AsyncProcessor is conclave.AsyncProcessor is AsyncProcessor


def test_callables_run_on_threads_of_python():
    with TaskExecutor(2) as executor:
        future = executor.submit(lambda a, b=0: (a + b, threading.current_thread()), 1, b=2)
        assert isinstance(future, concurrent.futures.Future)
        value, thread = future.result(10)
        assert value == 3 and thread is not threading.current_thread() and thread.name.startswith("conclave-task")


def test_engine_operations_run_by_name(log):
    with TaskExecutor() as executor:
        assert executor.submit("summarize", log).result(30) == conclave.logs.summarize(log)
        assert executor.submit("mine_templates", log, max_templates=1).result(30) == conclave.logs.mine_templates(log, max_templates=1)
        assert executor.submit("scan", "127.0.0.1:1").result(30)[0].state == "closed"
        assert executor.submit("text_similarity", "a b", "a b", algorithm="jaccard").result(30) == 1
        assert executor.submit("open_log", log).result(30).lines == 600
        assert executor.submit("conclude", [{"content": "x", "expert_name": "a"}]).result(30).groups == [["a"]]
        assert executor.submit("cosine_matrix", memoryview(bytes(16)).cast("d", (2, 1))).result(30).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("name", tasks.OPERATIONS)
def test_every_operation_refuses_wrong_arguments_at_once(name):
    with TaskExecutor() as executor:
        with pytest.raises((TypeError, ValueError)):
            executor.submit(name, object(), object(), object(), object(), object(), object(), object(), object())


def test_unknown_operations_are_named_with_a_near_miss():
    with TaskExecutor() as executor:
        with pytest.raises(ValueError, match="did you mean 'summarize'"):
            executor.submit("sumarize", "x")
        with pytest.raises(TypeError, match="callable"):
            executor.submit(3)
        with pytest.raises(TypeError):
            executor.execute_batch([(3, len)])


def test_higher_priorities_start_first():
    order, started, gate = [], threading.Event(), threading.Event()

    def hold():
        started.set()
        gate.wait(30)

    with TaskExecutor(1) as executor:
        executor.submit(hold)
        started.wait(30)
        for name, priority in [("low", -1), ("a", 0), ("b", 0), ("high", 5)]:
            executor.submit(order.append, name, priority=priority)
        gate.set()
    assert order == ["high", "a", "b", "low"]


def test_exceptions_are_the_same_objects():
    error = LookupError("mine")

    def fail():
        raise error

    def leave():
        sys.exit(3)

    with TaskExecutor(1) as executor:
        assert executor.submit(fail).exception(10) is error
        with pytest.raises(SystemExit):
            executor.submit(leave).result(10)
        assert executor.submit(int, "7").result(10) == 7  # the thread lives on
        with pytest.raises(FileNotFoundError):
            executor.submit("open_log", "/absent").result(10)


def test_a_task_sees_the_context_it_was_submitted_in():
    variable = contextvars.ContextVar("variable", default=0)
    with TaskExecutor(1) as executor:
        variable.set(1)
        future = executor.submit(variable.get)
        variable.set(2)
        assert future.result(10) == 1


def test_map_gives_results_in_order_and_cancels_what_nobody_wants():
    with TaskExecutor(2) as executor:
        assert list(executor.map(pow, [1, 2, 3], [2, 2, 2])) == [1, 4, 9]
        assert list(executor.map("text_similarity", ["a", "b"], ["a", "c"])) == [1, 0]
        gate = threading.Event()
        results = executor.map(lambda n: (gate.wait(30), n)[1] if n else n, range(50))
        assert next(results) == 0
        results.close()
        gate.set()
    assert executor.get_stats()["cancelled"] >= 40
    with TaskExecutor(1) as executor:
        stop = threading.Event()
        with pytest.raises(concurrent.futures.TimeoutError):
            list(executor.map(stop.wait, [30], timeout=0.05))
        stop.set()


def test_a_batch_is_timed_and_failures_are_results():
    def fail():
        raise ValueError("no")

    with TaskExecutor() as executor:
        results = executor.execute_batch(
            [("sleep", lambda: time.sleep(0.05)), ("fail", fail), ("sum", sum, [1, 2]), ("engine", "text_similarity", "a", "a")]
        )
        assert [name for name, seconds in results] == ["sleep", "fail", "sum", "engine"]
        sleep, failed, total, engine = results
        assert sleep.seconds >= 0.05 and sleep.error is None and 0 < engine.seconds < 5
        assert isinstance(failed.error, ValueError) and failed.value is None
        assert (total.value, engine.value) == (3, 1.0)
        assert executor.execute_batch([]) == []


def test_results_are_values():
    result = TaskResult("a", 0.5, 3, None)
    for twin in (copy.copy(result), copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
        assert twin == result and repr(twin) == repr(result) == "TaskResult(name='a', seconds=0.5, value=3, error=None)"
    name, seconds = result
    assert (name, seconds) == ("a", 0.5) and not hasattr(result, "__dict__")
    with pytest.raises(AttributeError):
        result.name = "b"


def test_what_waits_can_be_cancelled_and_what_the_engine_does_is_stopped(hanging_target):
    gate = threading.Event()
    with TaskExecutor(1, 1) as executor:
        executor.submit(gate.wait, 30)
        waiting = executor.submit(print)
        assert waiting.cancel() and waiting.cancelled()
        started = time.monotonic()
        scan = executor.submit("scan", [hanging_target], timeout_ms=60_000)
        time.sleep(0.1)
        assert scan.cancel()
        with pytest.raises(concurrent.futures.CancelledError):
            scan.result(1)
        gate.set()
    assert time.monotonic() - started < 20
    concurrent.futures.wait([scan, waiting], 10)
    assert executor.get_stats()["cancelled"] >= 1


def test_statistics_add_up():
    with TaskExecutor(2, 1) as executor:
        futures = [executor.submit(time.sleep, 0.01) for _ in range(3)] + [executor.submit("text_similarity", "a", "b")]
        futures.append(executor.submit("open_log", "/absent"))
        futures.append(executor.submit(int, "x"))
        concurrent.futures.wait(futures)
    stats = executor.get_stats()
    assert (stats["submitted"], stats["completed"], stats["failed"], stats["cancelled"]) == (6, 6, 2, 0)
    assert stats["queued"] == stats["running"] == 0 and stats["busy_seconds"] >= 0.03
    assert (stats["thread_pool_size"], stats["async_pool_size"]) == (2, 1)


def test_after_shutdown_nothing_is_taken():
    executor = TaskExecutor(1)
    executor.shutdown()
    for operation in ("text_similarity", len):
        with pytest.raises(RuntimeError):
            executor.submit(operation, "a", "b")
    gate, executor = threading.Event(), TaskExecutor(1)
    executor.submit(gate.wait, 30)
    waiting = executor.submit(len, "a")
    executor.shutdown(wait=False, cancel_futures=True)
    gate.set()
    assert waiting.cancelled()
    for wrong in ({"thread_pool_size": 0}, {"async_pool_size": -1}):
        with pytest.raises(ValueError):
            TaskExecutor(**wrong)


def test_a_loop_goes_on_while_an_executor_is_left():
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        async with TaskExecutor(1) as executor:
            slow = executor.submit(time.sleep, 0.3)
            failing = executor.submit(int, "x")
            assert await asyncio.wrap_future(executor.submit("text_similarity", "a", "a")) == 1
        assert slow.done() and failing.done() and ticks > 5
        ticking.cancel()

    asyncio.run(main())


def test_the_processor_awaits_one_operation(log):
    async def double(n):
        await asyncio.sleep(0)
        return 2 * n

    async def main():
        async with AsyncProcessor() as processor:
            assert await processor.process_async("summarize", log, max_gaps=0) == conclave.logs.summarize(log, max_gaps=0)
            assert await processor.process_async(double, 4) == 8
            assert await processor.process_async(threading.current_thread) is not threading.current_thread()
            with pytest.raises(ValueError):
                await processor.process_async("absent")
            with pytest.raises(TypeError):
                await processor.process_async(3)

    asyncio.run(main())


def test_python_ends_with_tasks_unfinished():
    code = (
        "import conclave, time; executor = conclave.TaskExecutor(1); executor.submit(time.sleep, 0.2);"
        "executor.submit('text_similarity', 'a', 'a'); executor.submit(print, 'done')"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout == "done\n"


def test_a_forked_child_leaves_the_parents_tasks_alone(hanging_target):
    code = (
        "import asyncio, conclave, os, sys, warnings\n"
        "executor = conclave.TaskExecutor(1)\n"
        f"executor.submit('scan', [{hanging_target!r}], timeout_ms=1000)\n"
        "if os.fork() == 0:\n"
        "    del executor\n"
        "    os._exit(0)\n"
        "print(os.waitstatus_to_exitcode(os.wait()[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60).stdout == "0\n"
