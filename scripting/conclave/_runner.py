"""Runs one expert: loads its code, calls it, ends it when its time is up, and turns whatever happens into a response.

`info` describes the expert as a plain dict, made by the host from the plugin catalogue or by `consult` from a function:

    name            as reports call it                      scope, weight       defaults "overall" and 1.0
    path, module    where the code is: a .py file, or a folder and the module in it; with `function`, the name in it
                    ("" or missing: the one thing decorated with @conclave.expert)
    callable        instead of path: the expert itself      sha256              of the plugin's content; a change reloads it
    settings        mapping of what the case says           setting_specs       list of {name, type, default_value, help}
    timeout_s       seconds (default 60)                    grace_s             from a stop to the interrupt (default 1)
    requirements, locked    packages of its environment; those of requirements.lock
    secrets         names it may ask for; None or missing: any  secret_settings     names of settings that name one more
    find_secret     who looks them up, str -> str | None (default _core.find_secret)
    isolated        it runs in a worker process             on_job              called with its own _core.Job
    allowed_endpoints   addresses the user agreed that evidence may be sent to (default none)

An expert runs on the thread that calls `run_expert`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from conclave import _async, _core, _deadlines
from conclave._deadlines import CLEANUP_S, Outcome, bounded, guarded, run_loop
from conclave._expert_job import ExpertJob, Secrets, settings_of
from conclave._loading import load_expert
from conclave.evidence import Evidence
from conclave.experts import Abstain

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_GRACE_S = 1.0
_OWN_FILES = (__file__, _deadlines.__file__)


def to_response(answer: Any) -> _core.ExpertResponse:
    """An ExpertResponse, `Abstain`, None (abstains), a str (text without a label at confidence 0.5), a mapping, or any object
    with those attributes. TypeError or ValueError for anything else, or values out of range."""
    if answer is None or answer is Abstain:
        answer = Abstain()
    if isinstance(answer, Abstain):
        return _core.ExpertResponse(content=answer.reason, status="abstained")
    if isinstance(answer, str):
        return _core.ExpertResponse(content=answer)
    if isinstance(answer, type):
        raise TypeError(f"an expert should return a response, not the class {answer.__name__}")
    return _core.ExpertResponse.coerce(answer)


def _failure(status: str, error_type: str, message: str, trace: str = "") -> _core.ExpertResponse:
    return _core.ExpertResponse(status=status, error=_core.ResponseError(error_type, message, trace))


def _traceback_of(error: BaseException) -> str:
    """Without the runner's own frames at the top."""
    frames = error.__traceback__
    while frames is not None and frames.tb_next is not None and frames.tb_frame.f_code.co_filename in _OWN_FILES:
        frames = frames.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, frames))
    except Exception:  # an exception whose __str__ raises, or a recursion that is still deep
        return f"{type(error).__name__} (its traceback could not be formatted)"


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(its message could not be formatted)"


def _from_exception(error: BaseException) -> _core.ExpertResponse:
    return _failure("failed", type(error).__name__, _message_of(error), _traceback_of(error))


def _finished(response: _core.ExpertResponse, info: Mapping[str, Any], started: float) -> _core.ExpertResponse:
    """Name, weight and scope are those of the expert, unless it named another scope."""
    response.expert_name = str(info.get("name") or "expert")
    response.weight = float(info.get("weight", 1.0))
    if response.scope in ("", "overall"):
        response.scope = info.get("scope") or "overall"
    response.seconds = time.monotonic() - started
    if response.timestamp == 0:
        response.timestamp = time.time()
    if response.status == "answered":
        response.validate()
    return response


def _answer(answer: Any, info: Mapping[str, Any], started: float) -> _core.ExpertResponse:
    try:
        return _finished(to_response(answer), info, started)
    except Exception as error:  # also an attribute of the object that raises
        return _finished(_failure("failed", type(error).__name__, _nonsense(answer, error), _traceback_of(error)), info, started)


def _nonsense(answer: Any, error: Exception) -> str:
    return f"the expert returned nonsense ({type(answer).__name__}): {_message_of(error)}"


def _limits(info: Mapping[str, Any]) -> tuple[float, float]:
    timeout = info.get("timeout_s")
    grace = info.get("grace_s")
    return float(DEFAULT_TIMEOUT_S if timeout is None else timeout), float(DEFAULT_GRACE_S if grace is None else grace)


def _response(outcome: Outcome, info: Mapping[str, Any], started: float) -> _core.ExpertResponse:
    state, value = outcome
    if state == "answered":
        return _answer(value, info, started)
    if state == "failed":
        response = _from_exception(value)
    else:
        trace = _traceback_of(value) if value is not None else ""
        reason = f"no answer within {_limits(info)[0]:g} s" if state == "timed_out" else "the job was stopped"
        response = _failure(state, "TimeoutError" if state == "timed_out" else "Cancelled", reason, trace)
    return _finished(response, info, started)


async def _kept(awaitable: Any, kept: list[Any]) -> None:
    kept.append(await awaitable)


def _prepare(
    info: Mapping[str, Any], evidence: Any, job: _core.Job | None, secrets: Secrets
) -> tuple[Evidence, ExpertJob, _core.Job]:
    name = str(info.get("name") or "expert")
    own = _core.Job(name, job)  # its own, because the deadline stops it: the circle's job goes on
    if info.get("on_job") is not None:
        info["on_job"](own)
    view = evidence if isinstance(evidence, Evidence) else Evidence(evidence)
    settings = settings_of(info)
    secrets.allow(settings.get(setting) for setting in info.get("secret_settings") or ())
    return view, ExpertJob(own, settings, name, info.get("allowed_endpoints") or (), secrets), own


def worker_printed(descriptor: int, text: str) -> None:
    stream = sys.stderr if descriptor == 2 else sys.stdout
    if stream is not None:
        stream.write(text)


def _secret_values(names: set[Any], secrets: Secrets) -> dict[str, dict[str, str | None]]:
    """The worker is given the secrets it may have, or why it cannot have them, when it starts."""
    values: dict[str, dict[str, str | None]] = {}
    for name in [name for name in names if name]:
        try:
            values[name] = {"value": secrets.find(name)}
        except _core.SecurityError as error:
            values[name] = {"error": str(error)}
    return values


async def _ask_worker(
    info: Mapping[str, Any], evidence: Any, job: _core.Job | None, secrets: Secrets, way: _async.Way
) -> _core.ExpertResponse:
    """As `judge`, in a worker process. What interrupts the waiting stops the worker."""
    started = time.monotonic()
    own = _core.Job(str(info.get("name") or "expert"), job)
    logger = logging.getLogger(f"conclave.expert.{info.get('name')}")
    try:
        settings = settings_of(info)
        names = {*(info.get("secrets") or ()), *(settings.get(setting) for setting in info.get("secret_settings") or ())}
        secrets.allow(names)
        # Opening the key ring takes time.
        values = await way.python(_secret_values, names, secrets) if names else {}
        worker = await way.engine("start_isolated", {**info, "secret_values": values}, evidence, own)
        await way.ended(worker, worker_printed, logger.log)
        return secrets.clean(worker.response())
    except Exception as error:
        return _response(_unanswered(error), info, started)
    finally:
        own.request_stop()


def _unanswered(error: Exception) -> Outcome:
    """What kept a worker from being asked; a stop while its environment was made is the user's."""
    return Outcome("cancelled" if isinstance(error, _core.CancelledError) else "failed", error)


def judge(info: Mapping[str, Any], evidence: Any, job: _core.Job | None = None) -> _core.ExpertResponse:
    """Runs the expert on this thread, or in a worker if it is isolated, until it answers, fails or is interrupted. Only the
    user's KeyboardInterrupt gets out."""
    return _judge(info, evidence, job, Secrets.of(info))


def _judge(info: Mapping[str, Any], evidence: Any, job: _core.Job | None, secrets: Secrets) -> _core.ExpertResponse:
    if info.get("isolated"):
        return _async.now(_ask_worker(info, evidence, job, secrets, _async.Here()))
    started = time.monotonic()
    try:
        view, expert_job, own = _prepare(info, evidence, job, secrets)
        seconds, grace = _limits(info)
        outcome = guarded(lambda: load_expert(info)(view, expert_job), own, seconds, grace)
        if outcome.state == "answered" and inspect.isawaitable(outcome.value):
            # The loop ends the coroutine in time; the deadline around it ends a coroutine that blocks its loop.
            left = max(0.001, seconds - (time.monotonic() - started))
            ended: list[Outcome] = []
            running = _kept(bounded(outcome.value, own, left, grace), ended)
            outcome = guarded(lambda: run_loop(running), own, left + CLEANUP_S + 0.5, grace + CLEANUP_S + 0.5)
            if ended and (outcome.state == "answered" or ended[0].state in ("timed_out", "cancelled")):
                outcome = ended[0]
    except Exception as error:
        outcome = Outcome("failed", error)
    return secrets.clean(_response(outcome, info, started))


def run_expert(info: Mapping[str, Any], evidence: Any, job: _core.Job | None = None) -> _core.ExpertResponse:
    """As `judge`, for the host: the user's KeyboardInterrupt is a cancelled response too."""
    started = time.monotonic()
    secrets = Secrets.of(info)
    try:
        return _judge(info, evidence, job, secrets)
    except KeyboardInterrupt as error:
        return secrets.clean(_response(Outcome("cancelled", error), info, started))


async def run_expert_async(info: Mapping[str, Any], evidence: Any, job: _core.Job | None = None) -> _core.ExpertResponse:
    """As `run_expert`, from a running loop: async experts run on the loop, others on a thread of their own. Cancelling the
    task stops the expert and raises asyncio.CancelledError."""
    started = time.monotonic()
    own = None
    secrets = Secrets.of(info)
    if info.get("isolated"):
        return await _ask_worker(info, evidence, job, secrets, _async.OnLoop())
    try:
        view, expert_job, own = _prepare(info, evidence, job, secrets)
        seconds, grace = _limits(info)
        loaded = guarded(lambda: load_expert(info), own, seconds, grace)
        if loaded.state != "answered":
            return _response(loaded, info, started)
        if not _is_async(loaded.value):
            return await asyncio.to_thread(run_expert, info, view, own)
        outcome = await bounded(loaded.value(view, expert_job), own, seconds, grace)
    except asyncio.CancelledError:
        if own is not None:
            own.request_stop()
        raise
    except Exception as error:
        outcome = Outcome("failed", error)
    return secrets.clean(_response(outcome, info, started))


def run_hook(
    info: Mapping[str, Any], call: Callable[[], Any], job: _core.Job
) -> tuple[Any, _core.ExpertResponse | None]:
    """(what `call` returned, None), or (None, how it failed), within the time of the plugin `info`."""
    started = time.monotonic()
    own = _core.Job(str(info.get("name")), job)
    outcome = guarded(call, own, *_limits(info))
    if outcome.state == "answered":
        return outcome.value, None
    return None, _response(outcome, info, started)


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))
