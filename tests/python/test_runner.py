"""Whatever an expert does becomes one response."""

import asyncio
import os
import signal
import sys
import textwrap
import threading
import time
import types

import conclave
import pytest
from conclave import _core, _deadlines, _runner
from sanitizers import not_sanitized

# Far above any interrupt, far below what a hanging test would take.
PATIENCE = 20


def info(function, **more):
    return {"name": "it", "callable": function, "scope": "disk", "weight": 2.0, "timeout_s": PATIENCE, **more}


def run(function, evidence, **more):
    return _runner.run_expert(info(function, **more), evidence)


def returning(value):
    return lambda evidence, job: value


# What it returns


@pytest.mark.parametrize(
    "value, status, content, verdict",
    [
        (conclave.ExpertResponse(content="x", verdict="healthy"), "answered", "x", "healthy"),
        ({"content": "x", "verdict": "failing", "confidence": 1}, "answered", "x", "failing"),
        (types.SimpleNamespace(content="x", verdict=None), "answered", "x", None),
        ("just text", "answered", "just text", None),
        (None, "abstained", "", None),
        (conclave.Abstain("nothing to see"), "abstained", "nothing to see", None),
        (conclave.Abstain, "abstained", "", None),
    ],
)
def test_every_form_of_answer_is_understood(evidence, value, status, content, verdict):
    response = run(returning(value), evidence)
    assert (response.status, response.content, response.verdict) == (status, content, verdict)
    assert (response.expert_name, response.scope, response.weight, response.error) == ("it", "disk", 2.0, None)
    assert response.timestamp > 1.7e9 and response.seconds >= 0


def test_an_expert_may_name_another_scope(evidence):
    assert run(returning({"content": "x", "scope": "net"}), evidence).scope == "net"


class Hostile:
    @property
    def content(self):
        raise RuntimeError("do not look")


NONSENSE = [1, 1.5, True, b"x", [], {}, {"a": 1}, {"content": 3}, {"content": "x", "confidence": "high"}]
NONSENSE += [{"content": "x", "confidence": 2}, {"content": "x", "confidence": float("nan")}, object(), str, Hostile()]
NONSENSE += [{"content": "x", "claims": "y"}, {"content": "x", "claims": [{"text": "y", "severity": 7}]}, iter("x"), {1: 2}]
NONSENSE += [{"content": "x", "metadata": {"a": object()}}, {"content": "x", "claims": [{"text": "y", "stance": "maybe"}]}]


@pytest.mark.parametrize("value", NONSENSE, ids=[repr(value)[:40] for value in NONSENSE])
def test_nonsense_is_a_failed_response_that_says_so(evidence, value):
    response = run(returning(value), evidence)
    assert response.status == "failed" and "nonsense" in response.error.message


@pytest.mark.parametrize("line", [-1, 0, 2**63, -(2**70), 10**30])
def test_a_line_that_no_file_has_costs_its_citation_and_not_the_answer(evidence, line):
    claims = [{"text": "y", "evidence": [{"kind": "log", "source": "a", "line": n}]} for n in (line, 1)]
    response = run(returning({"content": "x", "verdict": "failing", "claims": claims}), evidence)
    assert response.status == "answered"
    assert [claim.evidence[0].line for claim in response.claims] == [0, 1]


# How it fails


def failing(evidence, job):
    raise KeyError("boo")


def test_an_exception_is_recorded_with_the_experts_own_frames(evidence):
    response = run(failing, evidence)
    assert (response.status, response.error.type) == ("failed", "KeyError")
    assert "in failing" in response.error.traceback and "conclave/_runner.py" not in response.error.traceback


class Unprintable(Exception):
    def __str__(self):
        raise ValueError


def deep(evidence, job):
    return deep(evidence, job)


def leaving(evidence, job):
    sys.exit(0)


def interrupting(evidence, job):
    raise KeyboardInterrupt


def unprintable(evidence, job):
    raise Unprintable


def cancelling(evidence, job):
    raise asyncio.CancelledError


def stopping(evidence, job):
    raise conclave.Cancelled


def as_async(function):
    async def coroutine(evidence, job):
        function(evidence, job)

    return coroutine


OWN_DOING = [deep, leaving, unprintable, interrupting, cancelling, stopping]


@pytest.mark.parametrize("function", OWN_DOING)
def test_whatever_an_expert_raises_by_itself_is_a_failure_with_its_traceback(evidence, function):
    on_a_loop = asyncio.run(_runner.run_expert_async(info(as_async(function)), evidence))
    on_a_thread = asyncio.run(_runner.run_expert_async(info(function), evidence))
    for response in [run(function, evidence), run(as_async(function), evidence), on_a_loop, on_a_thread]:
        assert response.status == "failed"
        assert f"in {function.__name__}" in response.error.traceback or function is unprintable


def pressing(evidence, job):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(PATIENCE)


async def async_pressing(evidence, job):
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(PATIENCE)


@pytest.mark.parametrize("function", [pressing, async_pressing])
def test_control_c_while_an_expert_runs_is_the_users(evidence, function):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        _runner.judge(info(function), evidence)
    assert run(function, evidence).status == "cancelled"
    assert signal.getsignal(signal.SIGINT) == before


def test_control_c_ends_a_loop_on_which_experts_wait(evidence):
    async def main():
        await asyncio.gather(*(_runner.run_expert_async(info(function), evidence) for function in (async_sleeping, async_pressing)))

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_wrong_arguments_are_a_failure(evidence):
    assert run(lambda: None, evidence).error.type == "TypeError"


# When it is late


def looping(evidence, job):
    while True:
        pass


def sleeping(evidence, job):
    time.sleep(PATIENCE)


def waiting(evidence, job):
    threading.Event().wait(PATIENCE)


def swallowing(evidence, job):
    for _ in range(4):
        try:
            time.sleep(PATIENCE)
        except BaseException:
            pass
    return "an answer after all"


async def async_sleeping(evidence, job):
    await asyncio.sleep(PATIENCE)


async def async_blocking(evidence, job):
    time.sleep(PATIENCE)


async def async_stubborn(evidence, job):
    for _ in range(2):
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            pass


looping_alone = not_sanitized("it delivers a signal where C is called, and a loop of Python calls none", looping, by="t")


@pytest.mark.parametrize("function", [looping_alone, sleeping, waiting, swallowing, async_sleeping, async_blocking, async_stubborn])
def test_a_late_expert_is_interrupted(evidence, function):
    started = time.monotonic()
    response = run(function, evidence, timeout_s=0.2)
    assert response.status == "timed_out" and "0.2 s" in response.error.message
    assert time.monotonic() - started < PATIENCE / 2


def test_the_place_where_it_hung_is_in_the_traceback(evidence):
    assert "time.sleep" in run(sleeping, evidence, timeout_s=0.2).error.traceback


@pytest.mark.parametrize("function", [looping, async_sleeping])
def test_a_late_expert_is_interrupted_on_another_thread_too(evidence, function):
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(run(function, evidence, timeout_s=0.2)))
    thread.start()
    thread.join(PATIENCE)
    assert outcome[0].status == "timed_out"


def test_engine_work_of_a_late_expert_is_stopped(evidence, hanging_target):
    def scanning(evidence, job):
        return str(conclave.scan.scan([hanging_target], timeout_ms=PATIENCE * 1000))

    started = time.monotonic()
    assert run(scanning, evidence, timeout_s=0.2).status == "timed_out"
    assert time.monotonic() - started < PATIENCE / 2


def test_an_interrupt_that_comes_as_an_expert_ends_is_its_own_and_nobody_elses():
    def ending_when_it_is_late():
        while not job.stopped:  # the interrupt is sent a moment later
            pass

    for _ in range(20):
        job = conclave.Job("expert")
        assert _deadlines.guarded(ending_when_it_is_late, job, 0.001, 1.0).state == "timed_out"
        assert not _core.interrupt_pending()


def test_an_expert_whose_job_is_stopped_is_interrupted_after_the_grace(evidence):
    job = conclave.Job("circle")
    timer = threading.Timer(0.1, job.request_stop)
    timer.start()
    response = _runner.run_expert(info(sleeping, grace_s=0.1), evidence, job)
    timer.join()
    assert response.status == "cancelled"


def test_an_expert_that_asks_may_end_by_itself(evidence):
    def polite(evidence, job):
        while not job.cancelled():
            time.sleep(0.005)
        return "stopped in time"

    job = conclave.Job("circle")
    timer = threading.Timer(0.1, job.request_stop)
    timer.start()
    response = _runner.run_expert(info(polite, grace_s=PATIENCE), evidence, job)
    timer.join()
    assert (response.status, response.content) == ("answered", "stopped in time")


def test_a_time_out_stops_one_expert_and_not_the_circle(evidence):
    job = conclave.Job("circle")
    assert _runner.run_expert(info(sleeping, timeout_s=0.1), evidence, job).status == "timed_out"
    assert not job.stopped


def test_the_signal_handler_is_put_back_when_nothing_fired(evidence):
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        run(returning("x"), evidence)
        assert signal.getsignal(signal.SIGUSR2) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGUSR2, before)


# What it is given


def test_the_job_carries_settings_progress_and_a_log(evidence, caplog):
    caplog.set_level("INFO")

    def curious(evidence, job):
        job.progress(3, 10)
        job.progress(5, 10)
        job.log("half way")
        with pytest.raises(TypeError):
            job.settings["window"] = 1
        return str(dict(job.settings))

    specs = [{"name": "window", "type": "int", "default_value": 5, "help": ""}, {"name": "cut", "type": "float", "default_value": 0.5}]
    response = run(curious, evidence, settings={"cut": 1}, setting_specs=specs)
    assert response.content == str({"window": 5, "cut": 1.0}) and "half way" in caplog.text


@pytest.mark.parametrize("settings, message", [({"windw": 1}, "did you mean 'window'"), ({"window": "5"}, "must be int"), ({"window": True}, "must be int")])
def test_wrong_settings_are_a_failure_that_names_them(evidence, settings, message):
    specs = [{"name": "window", "type": "int", "default_value": 5}]
    response = run(returning("x"), evidence, settings=settings, setting_specs=specs)
    assert response.status == "failed" and message in response.error.message


# Async


async def async_answering(evidence, job):
    await asyncio.sleep(0.001)
    return {"content": "x", "verdict": "healthy"}


class AsyncExpert:
    async def __call__(self, evidence, job):
        return "x"


def test_async_experts_answer_with_and_without_a_loop(evidence):
    assert run(async_answering, evidence).verdict == "healthy"
    assert run(AsyncExpert, evidence).content == "x"

    async def beside_a_loop():
        return run(async_answering, evidence), await _runner.run_expert_async(info(async_answering), evidence)

    assert [response.verdict for response in asyncio.run(beside_a_loop())] == ["healthy", "healthy"]


@pytest.mark.parametrize("function", [looping, async_sleeping, async_stubborn])
def test_late_experts_are_ended_on_a_running_loop(evidence, function):
    response = asyncio.run(_runner.run_expert_async(info(function, timeout_s=0.2), evidence))
    assert response.status == "timed_out"


def test_cancelling_the_task_cancels_the_expert(evidence):
    ended = []

    async def noticing(evidence, job):
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            ended.append(job.cancelled())

    async def main():
        task = asyncio.create_task(_runner.run_expert_async(info(noticing), evidence))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended == [True]


# Loading


def write(path, text):
    path.write_text(textwrap.dedent(text))
    return path


def test_a_file_is_loaded_by_its_decorated_function_and_again_when_it_changes(tmp_path, evidence):
    file = write(tmp_path / "one.py", "import conclave\n@conclave.expert\ndef look(evidence, job):\n    return 'old'\n")
    assert _runner.run_expert({"name": "one", "path": file}, evidence).content == "old"
    write(file, "import conclave\n@conclave.expert\ndef look(evidence, job):\n    return 'newer'\n")
    assert _runner.run_expert({"name": "one", "path": file}, evidence).content == "newer"
    assert not (tmp_path / "__pycache__").exists()


def test_two_plugins_may_have_helpers_of_one_name(tmp_path, evidence):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "helpers.py", f"NAME = {name!r}\n")
        write(tmp_path / name / "main.py", "from . import helpers\ndef assess(evidence, job):\n    return helpers.NAME\n")
    infos = [{"name": n, "path": tmp_path / n, "module": "main", "function": "assess"} for n in ("a", "b")]
    assert [_runner.run_expert(one, evidence).content for one in infos] == ["a", "b"]


@pytest.mark.parametrize(
    "text, error",
    [
        ("def f(:\n", "SyntaxError"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("import no_such_module_at_all\n", "ModuleNotFoundError"),
        ("x = 1\n", "AttributeError"),
        ("import sys; sys.exit(1)\n", "SystemExit"),
        ("\0", "SyntaxError"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_a_failed_response(tmp_path, evidence, text, error):
    response = _runner.run_expert({"name": "bad", "path": write(tmp_path / "bad.py", text)}, evidence)
    assert response.status == "failed" and response.error.type in (error, "ValueError")


def test_a_file_that_is_not_there_is_a_failed_response(tmp_path, evidence):
    assert _runner.run_expert({"name": "x", "path": tmp_path / "absent.py"}, evidence).error.type == "FileNotFoundError"


def test_code_that_hangs_while_it_loads_is_interrupted(tmp_path, evidence):
    file = write(tmp_path / "slow.py", f"import time\ntime.sleep({PATIENCE})\n")
    assert _runner.run_expert({"name": "slow", "path": file, "timeout_s": 0.2}, evidence).status == "timed_out"


@not_sanitized("it ends a forked process that starts threads")
def test_a_forked_child_has_deadlines_of_its_own():
    with _core.Deadline(PATIENCE):
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGUSR2, _deadlines.on_interrupt_signal)
            signal.alarm(PATIENCE)
            try:
                with _core.Deadline(0.1):
                    time.sleep(PATIENCE)
            except BaseException as error:
                os._exit(7 if isinstance(error, conclave.Cancelled) else 8)
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_deadline_without_a_handler_does_not_end_the_process():
    before = signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    try:
        with pytest.raises(conclave.Cancelled):
            with _core.Deadline(0.1):
                while True:
                    pass
    finally:
        signal.signal(signal.SIGUSR2, before)
