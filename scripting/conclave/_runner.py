"""Runs one expert: loads its code, calls it, ends it when its time is up, and turns whatever happens into a response.

`info` describes the expert as a plain dict, made by the host from the plugin catalogue or by `consult` from a function:

    name            as reports call it                      scope, weight       defaults "overall" and 1.0
    path, module    where the code is: a .py file, or a folder and the module in it; with `function`, the name in it
                    ("" or missing: the one thing decorated with @conclave.expert)
    callable        instead of path: the expert itself      sha256              of the plugin's content; a change reloads it
    settings        mapping of what the case says           setting_specs       list of {name, type, default_value, help}
    timeout_s       seconds (default 60)                    grace_s             from a stop to the interrupt (default 1)
    secrets         names it may ask for; None or missing: any  secret_settings     names of settings that name one more
    find_secret     who looks them up, str -> str | None (default _core.find_secret)
    isolated        it runs in a worker process             on_job              called with its own _core.Job
    allowed_endpoints   addresses the user agreed that evidence may be sent to (default none)

An expert runs on the thread that calls `run_expert`. On Python's main thread it is interrupted by SIGUSR2, elsewhere by an
asynchronous exception (see `_core.Deadline`).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import difflib
import hashlib
import importlib.machinery
import importlib.util
import inspect
import logging
import os
import signal
import sys
import threading
import time
import traceback
import types
from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple

from conclave import _core
from conclave.evidence import Evidence
from conclave.experts import Abstain

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_GRACE_S = 1.0
# Secrets shorter than this many characters are not looked for in what an expert says.
LEAST_SECRET = 8
# How long a coroutine that was cancelled may take to clean up.
CLEANUP_S = 2.0


class Secrets:
    """The secrets one expert may have, and those it was given. `names`: None for any, as for a caller's own function. Any thread."""

    __slots__ = ("_find", "_given", "_names")

    def __init__(self, names: Iterable[str] | None = (), find: Callable[[str], str | None] = _core.find_secret) -> None:
        self._names = None if names is None else set(names)
        self._find = find
        self._given: dict[str, str] = {}

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Secrets:
        return cls(info.get("secrets"), info.get("find_secret") or _core.find_secret)

    def allow(self, names: Iterable[Any]) -> None:
        if self._names is not None:
            self._names.update(name for name in names if name)

    def find(self, name: str) -> str | None:
        if self._names is not None and name not in self._names:
            raise _core.SecurityError(
                f"this expert may not have the secret {name!r}; its manifest would have to name it: "
                f'[permissions] secrets = ["{name}"]'
            )
        value = self._find(name)
        if value is not None:
            self._given = {**self._given, name: value}
        return value

    def without(self, text: str) -> str:
        """`text` with every value that was handed out replaced."""
        for name, value in self._given.items():
            for form in {value, value.strip(), *value.splitlines()}:
                if len(form) >= LEAST_SECRET:
                    text = text.replace(form, f"[redacted {name}]")
        return text

    def clean(self, response: _core.ExpertResponse) -> _core.ExpertResponse:
        """The response without values that were handed out, wherever they are in it."""
        if not self._given:
            return response
        said = response.to_dict()
        clean = self._clean(said)
        if clean == said:
            return response
        try:
            return _core.ExpertResponse.from_dict(clean)
        except _core.SerializationError:  # in a field that has a few values only, such as the status
            return _core.ExpertResponse(
                response.expert_name,
                scope=response.scope,
                weight=response.weight,
                status="failed",
                error=_core.ResponseError("SecurityError", "the answer held a secret where it cannot be taken out"),
            )

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.without(value)
        if isinstance(value, dict):
            return {self.without(key): self._clean(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._clean(item) for item in value]
        return value


class ExpertJob:
    """What an expert sees of its job: `settings`, and ways to report and to learn that it should end. Any thread.

    `allowed_endpoints` is a tuple of str: addresses, as the user wrote them, that the user agreed evidence may be sent to. An
    expert that sends evidence anywhere else breaks its word; comparing scheme, host and port is its own work."""

    __slots__ = ("_job", "_logger", "_secrets", "allowed_endpoints", "settings")

    def __init__(
        self,
        job: _core.Job,
        settings: Mapping[str, Any],
        name: str,
        allowed_endpoints: Iterable[str] = (),
        secrets: Secrets | None = None,
    ) -> None:
        self._job = job
        self._secrets = secrets if secrets is not None else Secrets()
        self._logger = logging.getLogger(f"conclave.expert.{name}")
        self.settings = types.MappingProxyType(dict(settings))
        self.allowed_endpoints = tuple(allowed_endpoints)

    def cancelled(self) -> bool:
        """Whether the expert should end soon. Long loops ask now and then."""
        return self._job.stopped

    def progress(self, done: int, total: int = 0) -> None:
        """Tells how far the expert is: `done` of `total` steps; total 0 if unknown."""
        now = self._job.progress()
        if total != now.total or done < now.done:
            self._job.begin(self._logger.name, total, "steps")
            now = self._job.progress()
        self._job.advance(int(done) - now.done)

    def log(self, text: object) -> None:
        """Writes a line to the logger `conclave.expert.NAME`."""
        self._logger.info("%s", self._secrets.without(str(text)))

    def secret(self, name: str) -> str | None:
        """The environment variable `name`, else the value kept by `conclave keys set NAME`, else None.

        Only what the plugin's manifest names under [permissions] as secrets = ["NAME"], or what a setting with
        names_secret = true holds: SecurityError for other names, and when the key ring cannot be opened, for example for want
        of its passphrase (nobody is asked during a run). Values handed out are taken out of what the expert reports."""
        return self._secrets.find(name)

    def __repr__(self) -> str:
        return f"<ExpertJob {self._logger.name}{' cancelled' if self.cancelled() else ''}>"


# --- loading -----------------------------------------------------------------------------------------------------------


class _SourceLoader(importlib.machinery.SourceFileLoader):
    """Compiles anew every time: a cached .pyc of the same second and size would hide an edit."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


_loading = threading.Lock()


def _source_file(info: Mapping[str, Any]) -> tuple[str, str]:
    path = os.path.abspath(os.fspath(info["path"]))
    if os.path.isdir(path):
        module = info.get("module") or os.path.basename(path)
        return os.path.join(path, *module.split(".")) + ".py", path
    return path, os.path.dirname(path)


def load_module(info: Mapping[str, Any]) -> types.ModuleType:
    """The module of a plugin, under a package name of its own, so that two plugins may both have a `helpers.py` (reached by
    `from . import helpers`). OSError if the file cannot be read; whatever its code raises passes through."""
    file, folder = _source_file(info)
    stat = os.stat(file)
    identity = f"{file}\0{info.get('sha256', '')}\0{stat.st_mtime_ns}\0{stat.st_size}"
    package = "conclave_plugin_" + hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    name = f"{package}.{os.path.splitext(os.path.basename(file))[0]}"
    if name in sys.modules:
        return sys.modules[name]
    parent = types.ModuleType(package)
    parent.__path__ = [folder]
    loader = _SourceLoader(name, file)
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = parent
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        for loaded in [key for key in sys.modules if key == package or key.startswith(package + ".")]:
            del sys.modules[loaded]
        raise
    return module


def _marked(module: types.ModuleType, mark: str) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(module).items()
        if hasattr(value, mark) and getattr(value, "__module__", None) == module.__name__
    }


def _find_function(module: types.ModuleType, info: Mapping[str, Any]) -> Callable:
    wanted = info.get("function")
    if wanted:
        function = getattr(module, wanted, None)
        if function is None:
            raise AttributeError(f"{module.__file__} has no function '{wanted}'")
        return function
    marked = _marked(module, "__conclave_expert__")
    if len(marked) != 1:
        found = "none" if not marked else ", ".join(sorted(marked))
        raise AttributeError(f"{module.__file__} should have exactly one function decorated with @conclave.expert; found {found}")
    return next(iter(marked.values()))


def load_hooks(info: Mapping[str, Any]) -> dict[str, Callable]:
    """The functions of a hook plugin decorated with @conclave.hook, by fixed point; AttributeError if there is none."""
    with _loading:
        module = load_module(info)
    functions = {value.__conclave_hook__: value for value in _marked(module, "__conclave_hook__").values()}
    if not functions:
        raise AttributeError(f"no function in {module.__file__} is decorated with @conclave.hook, so this hook never runs")
    return functions


def load_expert(info: Mapping[str, Any]) -> Callable:
    """The callable of an expert, `(evidence, job)`. The same code is loaded once; a class is instantiated each time."""
    if info.get("callable") is not None:
        function = info["callable"]
    else:
        with _loading:
            function = _find_function(load_module(info), info)
    if inspect.isclass(function):
        function = function()
    if not callable(function):
        raise TypeError(f"{function!r} is not callable")
    return function


# --- settings ----------------------------------------------------------------------------------------------------------

_SETTING_TYPES = {"int": int, "float": float, "bool": bool, "str": str}


def _checked(spec: Mapping[str, Any], value: Any) -> Any:
    wanted = _SETTING_TYPES.get(spec.get("type", "str"), str)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise TypeError(f"setting '{spec['name']}' must be {wanted.__name__}, not {type(value).__name__}")
    return value


def settings_of(info: Mapping[str, Any]) -> dict[str, Any]:
    """What the case says over the defaults; TypeError or ValueError for what the plugin does not know. Without
    `setting_specs` (experts without a manifest) everything the case says is passed on."""
    given = dict(info.get("settings") or {})
    specs = info.get("setting_specs")
    if not specs:
        return given
    settings = {spec["name"]: spec.get("default_value") for spec in specs}
    by_name = {spec["name"]: spec for spec in specs}
    for name, value in given.items():
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise ValueError(f"there is no setting '{name}'{hint}")
        settings[name] = _checked(by_name[name], value)
    return settings


# --- from what an expert returned to a response ------------------------------------------------------------------------


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
    while frames is not None and frames.tb_next is not None and frames.tb_frame.f_code.co_filename == __file__:
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


# --- interrupting ------------------------------------------------------------------------------------------------------


def on_interrupt_signal(signum: int, frame: Any) -> None:
    """Handler of SIGUSR2: ends the expert that is running in the main thread, if its time is up or it was stopped. A signal
    that arrives late does nothing."""
    if _core.interrupt_pending():
        raise _core.Cancelled("the expert was interrupted")


def _in_host() -> bool:
    """Signals are those of a host, whose handler of SIGUSR2 says so by an attribute and calls ours."""
    return getattr(signal.getsignal(signal.SIGUSR2), "calls_runner", False)


class _CtrlC:
    """Counts how often the user pressed Ctrl-C while experts ran on the main thread, since a KeyboardInterrupt may as well be
    the expert's own. Entered by each of them; wraps the handler of SIGINT meanwhile. A host counts by itself."""

    def __init__(self) -> None:
        self.presses = 0
        self._inside = 0
        self._before: Callable[[int, Any], Any] | None = None

    def _on_signal(self, signum: int, frame: Any) -> None:
        self.presses += 1
        if self._before is not None:
            self._before(signum, frame)

    def __enter__(self) -> _CtrlC:
        if _on_main_thread():
            self._inside += 1
            before = signal.getsignal(signal.SIGINT)
            if self._inside == 1 and callable(before) and not _in_host():
                self._before = before
                signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *exception: object) -> None:
        if _on_main_thread():
            self._inside -= 1
            if self._inside == 0 and self._before is not None:
                before, self._before = self._before, None
                if signal.getsignal(signal.SIGINT) == self._on_signal:
                    signal.signal(signal.SIGINT, before)

    def pressed_since(self, presses: int) -> bool:
        return self.presses != presses and _on_main_thread()


ctrl_c = _CtrlC()


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def _interruptible(deadline: _core.Deadline) -> Iterator[None]:
    """The deadline, and the SIGUSR2 handler while it is needed. Once a deadline fired the handler stays: a signal may still be
    under way, and would end the process."""
    if not _on_main_thread() or _in_host() or signal.getsignal(signal.SIGUSR2) is on_interrupt_signal:
        with deadline:
            yield
        return
    before = signal.signal(signal.SIGUSR2, on_interrupt_signal)
    try:
        with deadline:
            yield
    finally:
        if not deadline.fired:
            signal.signal(signal.SIGUSR2, before if before is not None else signal.SIG_DFL)


def _limits(info: Mapping[str, Any]) -> tuple[float, float]:
    timeout = info.get("timeout_s")
    grace = info.get("grace_s")
    return float(DEFAULT_TIMEOUT_S if timeout is None else timeout), float(DEFAULT_GRACE_S if grace is None else grace)


# --- running -----------------------------------------------------------------------------------------------------------


class _Outcome(NamedTuple):
    state: str  # answered, failed, timed_out or cancelled
    value: Any  # the answer, or the exception (None if there is none)


def _response(outcome: _Outcome, info: Mapping[str, Any], started: float) -> _core.ExpertResponse:
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


def _guarded(body: Callable[[], Any], own: _core.Job, seconds: float, grace: float) -> _Outcome:
    """Runs `body` on this thread under a deadline. Only the KeyboardInterrupt of the user gets out."""
    deadline = _core.Deadline(seconds, own, grace)
    value = error = None
    presses = ctrl_c.presses
    try:
        with ctrl_c, _interruptible(deadline):
            value = body()
    except BaseException as raised:
        if isinstance(raised, KeyboardInterrupt) and ctrl_c.pressed_since(presses):
            raise
        error = raised
    if deadline.fired:  # also when the expert swallowed the interrupt and answered after all
        return _Outcome("timed_out" if deadline.timed_out else "cancelled", error)
    if isinstance(error, (_core.Cancelled, _core.CancelledError)) and own.stopped:
        return _Outcome("cancelled", error)
    return _Outcome("answered", value) if error is None else _Outcome("failed", error)


async def _awaited(awaitable: Any) -> _Outcome:
    """Only the KeyboardInterrupt of the user gets out: anything else would end the loop, or look like a cancelled task."""
    presses = ctrl_c.presses
    try:
        return _Outcome("answered", await awaitable)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and ctrl_c.pressed_since(presses):
            raise
        return _Outcome("failed", error)


async def _bounded(awaitable: Any, own: _core.Job, seconds: float, grace: float) -> _Outcome:
    """Awaits under a deadline. A coroutine that will not be cancelled is left behind after CLEANUP_S."""
    task = asyncio.ensure_future(_awaited(awaitable))
    due = time.monotonic() + seconds
    state = "timed_out"
    try:
        with ctrl_c:
            while not task.done() and time.monotonic() < due:
                await asyncio.wait({task}, timeout=min(0.05, max(0.0, due - time.monotonic())))
                if own.stopped and state != "cancelled":
                    state, due = "cancelled", min(due, time.monotonic() + grace)
    finally:
        late = not task.done()
        if late:
            own.request_stop()
            task.cancel()
            await asyncio.wait({task}, timeout=CLEANUP_S)
    if late:
        return _Outcome(state, None)
    if task.cancelled():  # before it began
        return _Outcome("failed", asyncio.CancelledError("the expert cancelled itself"))
    outcome = task.result()
    if outcome.state == "failed" and isinstance(outcome.value, (_core.Cancelled, _core.CancelledError)) and own.stopped:  # while it blocked the loop
        return _Outcome("timed_out" if time.monotonic() >= due else "cancelled", outcome.value)
    return outcome


async def _kept(awaitable: Any, kept: list[Any]) -> None:
    kept.append(await awaitable)


def _run_loop(coroutine: Any) -> Any:
    """On a loop of its own, on this thread; beside a running loop (a notebook) on a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with concurrent.futures.ThreadPoolExecutor(1, "conclave expert") as pool:
        return pool.submit(asyncio.run, coroutine).result()


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


def _start_isolated(info: Mapping[str, Any], evidence: Any, own: _core.Job, secrets: Secrets) -> _core.IsolatedRun:
    """The worker is given the secrets it may have, or why it cannot have them, when it starts."""
    settings = settings_of(info)
    values: dict[str, dict[str, str | None]] = {}
    names = {*(info.get("secrets") or ()), *(settings.get(setting) for setting in info.get("secret_settings") or ())}
    secrets.allow(names)
    for name in filter(None, names):
        try:
            values[name] = {"value": secrets.find(name)}
        except _core.SecurityError as error:
            values[name] = {"error": str(error)}
    return _core.start_isolated({**info, "secret_values": values}, evidence, own)


def _judge_isolated(info: Mapping[str, Any], evidence: Any, job: _core.Job | None, secrets: Secrets) -> _core.ExpertResponse:
    """As `judge`, in a worker process. What interrupts the waiting stops the worker."""
    started = time.monotonic()
    own = _core.Job(str(info.get("name") or "expert"), job)
    logger = logging.getLogger(f"conclave.expert.{info.get('name')}")
    try:
        run = _start_isolated(info, evidence, own, secrets)
        while not run.wait(0.1, worker_printed, logger.log):
            pass
        return secrets.clean(run.response())
    except Exception as error:
        return _response(_Outcome("failed", error), info, started)
    finally:
        own.request_stop()


async def _await_isolated(info: Mapping[str, Any], evidence: Any, job: _core.Job | None, secrets: Secrets) -> _core.ExpertResponse:
    """As `_judge_isolated`, from a running loop and without a thread."""
    started = time.monotonic()
    own = _core.Job(str(info.get("name") or "expert"), job)
    logger = logging.getLogger(f"conclave.expert.{info.get('name')}")
    loop = asyncio.get_running_loop()
    news = asyncio.Event()
    try:
        run = await asyncio.to_thread(_start_isolated, info, evidence, own, secrets)  # opening the key ring takes time
        loop.add_reader(run.fileno(), news.set)
        try:
            while not run.wait(0, worker_printed, logger.log):
                await news.wait()
                news.clear()
        finally:
            loop.remove_reader(run.fileno())
        return secrets.clean(run.response())
    except Exception as error:
        return _response(_Outcome("failed", error), info, started)
    finally:
        own.request_stop()


def judge(info: Mapping[str, Any], evidence: Any, job: _core.Job | None = None) -> _core.ExpertResponse:
    """Runs the expert on this thread, or in a worker if it is isolated, until it answers, fails or is interrupted. Only the
    user's KeyboardInterrupt gets out."""
    return _judge(info, evidence, job, Secrets.of(info))


def _judge(info: Mapping[str, Any], evidence: Any, job: _core.Job | None, secrets: Secrets) -> _core.ExpertResponse:
    if info.get("isolated"):
        return _judge_isolated(info, evidence, job, secrets)
    started = time.monotonic()
    try:
        view, expert_job, own = _prepare(info, evidence, job, secrets)
        seconds, grace = _limits(info)
        outcome = _guarded(lambda: load_expert(info)(view, expert_job), own, seconds, grace)
        if outcome.state == "answered" and inspect.isawaitable(outcome.value):
            # The loop ends the coroutine in time; the deadline around it ends a coroutine that blocks its loop.
            left = max(0.001, seconds - (time.monotonic() - started))
            ended: list[_Outcome] = []
            running = _kept(_bounded(outcome.value, own, left, grace), ended)
            outcome = _guarded(lambda: _run_loop(running), own, left + CLEANUP_S + 0.5, grace + CLEANUP_S + 0.5)
            if ended and (outcome.state == "answered" or ended[0].state in ("timed_out", "cancelled")):
                outcome = ended[0]
    except Exception as error:
        outcome = _Outcome("failed", error)
    return secrets.clean(_response(outcome, info, started))


def run_expert(info: Mapping[str, Any], evidence: Any, job: _core.Job | None = None) -> _core.ExpertResponse:
    """As `judge`, for the host: the user's KeyboardInterrupt is a cancelled response too."""
    started = time.monotonic()
    secrets = Secrets.of(info)
    try:
        return _judge(info, evidence, job, secrets)
    except KeyboardInterrupt as error:
        return secrets.clean(_response(_Outcome("cancelled", error), info, started))


async def run_expert_async(info: Mapping[str, Any], evidence: Any, job: _core.Job | None = None) -> _core.ExpertResponse:
    """As `run_expert`, from a running loop: async experts run on the loop, others on a thread of their own. Cancelling the
    task stops the expert and raises asyncio.CancelledError."""
    started = time.monotonic()
    own = None
    secrets = Secrets.of(info)
    if info.get("isolated"):
        return await _await_isolated(info, evidence, job, secrets)
    try:
        view, expert_job, own = _prepare(info, evidence, job, secrets)
        seconds, grace = _limits(info)
        loaded = _guarded(lambda: load_expert(info), own, seconds, grace)
        if loaded.state != "answered":
            return _response(loaded, info, started)
        if not _is_async(loaded.value):
            return await asyncio.to_thread(run_expert, info, view, own)
        outcome = await _bounded(loaded.value(view, expert_job), own, seconds, grace)
    except asyncio.CancelledError:
        if own is not None:
            own.request_stop()
        raise
    except Exception as error:
        outcome = _Outcome("failed", error)
    return secrets.clean(_response(outcome, info, started))


def run_hook(
    info: Mapping[str, Any], call: Callable[[], Any], job: _core.Job
) -> tuple[Any, _core.ExpertResponse | None]:
    """(what `call` returned, None), or (None, how it failed), within the time of the plugin `info`."""
    started = time.monotonic()
    own = _core.Job(str(info.get("name")), job)
    outcome = _guarded(call, own, *_limits(info))
    if outcome.state == "answered":
        return outcome.value, None
    return None, _response(outcome, info, started)


def _is_async(function: Callable) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))
