"""The main job: gather evidence, ask the circle, conclude. From Python the circle is asked here, so that the thread an expert
needs is never the thread that waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from conclave import _async, _core, _hooks, _runner
from conclave._core import Case, Gathered, Report, draft_case, verify_claims
from conclave._expert_job import settings_of
from conclave.evidence import Evidence

__all__ = ["Case", "Gathered", "Report", "consult", "consult_async", "draft_case", "gather", "shipped_plugins", "verify_claims"]

_logger = logging.getLogger("conclave.consult")

ExpertLike = Union[str, os.PathLike[Any], Callable[..., Any], Mapping[str, Any]]


def shipped_plugins() -> str:
    """Folder of the plugins that come with Conclave."""
    package = os.path.dirname(os.path.abspath(__file__))
    bundled = os.path.join(package, "plugins")  # in a wheel
    if os.path.isdir(bundled):
        return bundled
    return os.path.normpath(os.path.join(package, "..", "..", "share", "conclave", "plugins"))


def gather(case: Case, job: _core.Job | None = None) -> Gathered:
    """Reads the logs and the configuration of a case and scans its services, without hooks. OSError or InfrastructureError if
    what the case names cannot be read; what a glob found is among the problems."""
    return _core.gather(case, _core.load_config(case), job)


@dataclass
class _Circle:
    experts: list[dict[str, Any]] = field(default_factory=list)
    refused: list[_core.ExpertResponse] = field(default_factory=list)
    hooks: list[dict[str, Any]] = field(default_factory=list)
    notes: list[tuple[str, str, str]] = field(default_factory=list)  # rule, message, fix: what did not run, for the report

    failures: str | None = None  # folder to save what failed experts were given

    def save_failures(self, evidence: _core.Evidence, report: Report) -> None:
        """What cannot be saved costs no report."""
        if self.failures is None:
            return
        chosen = []
        for info in self.experts:
            with contextlib.suppress(TypeError, ValueError):  # settings that are wrong: it did not run
                chosen += [(info, settings_of(info))] if info.get("sha256") else []
        try:
            for folder in _core.save_failures(self.failures, chosen, evidence, report):
                _logger.info("saved what failed; conclave plugins test %s", folder)
        except OSError as error:
            _logger.warning("what failed experts were given is not saved: %s", error)

    def needs_workers(self) -> bool:
        return any(info.get("isolated") for info in self.experts + self.hooks)

    def plugins(self) -> list[tuple[str, str, str]]:
        """For the receipt."""
        return [
            (info["name"], info.get("version", ""), info["sha256"])
            for info in self.experts + self.hooks
            if info.get("sha256")
        ]


def _is_path(name: str) -> bool:
    return name.endswith(".py") or os.sep in name


def _from_callable(function: Callable[..., Any]) -> dict[str, Any]:
    marks = getattr(function, "__conclave_expert__", {})
    name = marks.get("name") or getattr(function, "__name__", type(function).__name__)
    return {"scope": "overall", "weight": 1.0, **marks, "name": name, "callable": function}


def _may_run(info: Mapping[str, Any]) -> bool:
    return info.get("enabled", True) and not info.get("forbidden")


def _why_not(info: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Rule, message and fix, as the report's problems have them; [] for what may run."""
    if not info.get("enabled", True):
        return [("disabled", "you disabled it", f"conclave plugins enable {info['name']}")]
    if info.get("forbidden"):
        return [("policy", info["forbidden"], "")]
    if info.get("trust") == "untrusted":
        return [("consent", "it comes with the case, and nobody agreed to its content", "conclave plugins lock CASE")]
    return []


class _Finder:
    """Turns what a caller or a case names into infos for the runner."""

    def __init__(self, case: Case, plugins: Iterable[str | os.PathLike[Any]], trust: Iterable[str]) -> None:
        self._case = case
        self._trusted = frozenset([trust] if isinstance(trust, str) else trust)
        self.distrusted: set[str] = set()  # names that the caller trusts and the policy does not
        folders = [os.fsdecode(folder) for folder in plugins]
        for folder in folders:
            os.scandir(folder).close()  # what was named has to be there: OSError
        infos, self.problems = _core.read_catalog(shipped_plugins(), folders)
        _core.check_consent()  # raises if nobody knows what may run
        for path, message in self.problems:
            if os.fspath(path) in folders:  # a folder that is one plugin; others matter only when they are asked for
                raise _core.CircleError(message)
        self.experts = {info["name"]: self._as_trusted(info) for info in infos if info["kind"] == "expert"}
        known = {info["name"] for info in infos}
        beside = [] if case.file is None else _core.case_plugins(case)[0]
        infos += [info for info in beside if info["kind"] == "hook" and info["name"] not in known]
        hooks = [self._as_trusted(info) for info in infos if info["kind"] == "hook"]
        self.hooks = sorted((info for info in hooks if not _why_not(info)), key=lambda info: info["name"])
        self.left_out = [info for info in infos if info["kind"] == "expert" and not _may_run(info)]
        self.left_out += [info for info in hooks if _why_not(info)]

    def _as_trusted(self, info: dict[str, Any]) -> dict[str, Any]:
        if info["name"] not in self._trusted or info["trust"] == "shipped":
            return info
        if not info["trustable"]:
            self.distrusted.add(info["name"])
            return info
        kept = {key: info[key] for key in ("origin", "in_default_circle", "enabled")}
        return {**_core.read_plugin(info["path"], "trusted"), **kept}

    def by_name(self, name: str) -> dict[str, Any]:
        if name in self.experts:
            return self.experts[name]
        for info in _core.case_plugins(self._case)[0]:
            if info["name"] == name and info["kind"] == "expert":
                return self._as_trusted(info)
        near = difflib.get_close_matches(name, self.experts, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise _core.CircleError(f"there is no expert '{name}'{hint}")

    def named_by_caller(self, item: ExpertLike) -> dict[str, Any]:
        """Naming is consent."""
        if isinstance(item, Mapping):
            return {**self.named_by_caller(item["name"]), **{key: item[key] for key in ("settings", "weight") if key in item}}
        if isinstance(item, os.PathLike) or (isinstance(item, str) and _is_path(item)):
            return self._as_trusted(_core.read_plugin(item, "named"))
        if isinstance(item, str):
            return self.by_name(item)
        if callable(item):
            return _from_callable(item)
        raise TypeError(f"an expert is a name, a path or a function, not {type(item).__name__}")

    def named_by_case(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        """A file that only the case names may come from anywhere: it runs only if its content is in conclave.lock."""
        name = choice["name"]
        try:
            if _is_path(name):
                path = os.path.join(self._case.base, name)
                info = _core.read_plugin(path, "untrusted")
                if info["sha256"] in _core.agreed_digests(self._case.base):
                    info = _core.read_plugin(path, "named")
                info = self._as_trusted(info)
            else:
                info = self.by_name(name)
        except _core.CircleError as error:
            raise _placed(error, self._case.place_of(name)) from None
        info = {**info, "settings": choice["settings"], "weight": choice["weight"]}
        try:
            settings_of(info)
        except (TypeError, ValueError) as error:
            wrong = next((setting for setting in choice["settings"] if f"'{setting}'" in str(error)), "")
            raise _placed(_core.CircleError(f"expert '{name}': {error}"), self._case.place_of(name, wrong)) from None
        return info


def _placed(error: _core.CircleError, place: str) -> _core.CircleError:
    return _core.CircleError(f"{place}: {error}") if place else error


def _refusal(info: Mapping[str, Any], reason: str) -> _core.ExpertResponse:
    return _core.ExpertResponse(
        info["name"], scope=info.get("scope", "overall"), status="refused", error=_core.ResponseError("PermissionError", reason)
    )


def _endpoints(named: Iterable[str]) -> list[str]:
    """Those the caller names and those of the environment variable, which counts here and nowhere else."""
    endpoints = [named] if isinstance(named, str) else list(named)
    for endpoint in endpoints:
        if not isinstance(endpoint, str):
            raise TypeError(f"an endpoint is a str such as 'https://api.openai.com', not {type(endpoint).__name__}")
    endpoints += os.environ.get("CONCLAVE_ALLOWED_ENDPOINTS", "").splitlines()
    return [endpoint.strip() for endpoint in endpoints if endpoint.strip()]


def _circle(
    case: Case,
    experts: Iterable[ExpertLike] | None,
    plugins: Iterable[str | os.PathLike[Any]],
    allow_endpoints: Iterable[str],
    trust: Iterable[str],
) -> _Circle:
    objections = {endpoint: _core.forbids_endpoint(endpoint) for endpoint in _endpoints(allow_endpoints)}
    allowed = tuple(endpoint for endpoint, why in objections.items() if not why)
    finder = _Finder(case, plugins, trust)
    choices = {choice["name"]: choice for choice in case.experts}
    if experts is not None:
        if isinstance(experts, (str, os.PathLike)) or callable(experts):
            experts = [experts]
        infos = []
        for item in experts:
            info = finder.named_by_caller(item)
            said = choices.get(info["name"])  # the case's settings hold also for an expert the caller picks
            infos.append({**said, **info} if said and "settings" not in info else info)
    elif choices:
        infos = [finder.named_by_case(choice) for choice in case.experts]
    else:
        infos = [info for info in finder.experts.values() if info["in_default_circle"] and _may_run(info)]
    circle = _Circle(hooks=finder.hooks, notes=[("policy", why, "") for why in objections.values() if why])
    asks_all = experts is None and not choices
    for info in finder.left_out:
        if info["kind"] == "hook" or (asks_all and info["in_default_circle"]):
            what = f"{info['kind']} '{info['name']}' did not run"
            circle.notes += [(rule, f"{what}: {why}", fix) for rule, why, fix in _why_not(info)]
    for name in sorted(finder.distrusted):
        circle.notes.append(("policy", f"trusting '{name}' does not count: the policy in force says so", ""))
    seen: set[str] = set()
    for info in infos:
        if info["name"] in seen:
            raise _core.CircleError(f"two experts are called '{info['name']}'")
        seen.add(info["name"])
        if not _may_run(info):
            ((_, why, fix),) = _why_not(info)
            circle.refused.append(_refusal(info, f"{why}; `{fix}` allows it again" if fix else why))
        elif info.get("trust") == "untrusted":
            reason = "neither shipped nor named by the caller; pass it in experts= or its folder in plugins= to allow it"
            circle.refused.append(_refusal(info, reason))
        else:
            circle.experts.append({**info, "allowed_endpoints": allowed})
    return circle


class _History:
    """Reads the report before this one and adds this one, if the caller wants history."""

    def __init__(self, case: Case, wanted: bool) -> None:
        self._store = _core.Store() if wanted else None
        self._case = case

    def previous(self, evidence: _core.Evidence) -> _core.Evidence:
        text = self._store.last_report_json(self._case) if self._store is not None else None
        return evidence if text is None else evidence.with_previous(text)

    def add(self, report: Report) -> None:
        if self._store is not None:
            self._store.add_report(report, self._case)


def _gathered(case: Case, circle: _Circle, history: _History, job: _core.Job) -> tuple[Gathered, list[_hooks.Receipt]]:
    _warm_up(circle)
    notes, opened = _hooks.run_opened_hooks(circle.hooks, case, job)
    config, receipts = _hooked_config(circle, _core.load_config(case), job)
    gathered = _core.gather(case, config, job)
    _core.add_problems(gathered, notes)
    return gathered, opened + receipts + _hooked_evidence(circle, history, gathered, job)


async def _gathered_async(
    case: Case, circle: _Circle, history: _History, job: _core.Job
) -> tuple[Gathered, list[_hooks.Receipt]]:
    """The engine's part without a thread that waits; hooks and history on one of Python's."""
    _warm_up(circle)
    notes, opened = await asyncio.to_thread(_hooks.run_opened_hooks, circle.hooks, case, job)
    config = await _async.run(_core._operations["load_config"](case))
    config, receipts = await asyncio.to_thread(_hooked_config, circle, config, job)
    gathered = await _async.run(_core._operations["gather"](case, config, job))
    _core.add_problems(gathered, notes)
    return gathered, opened + receipts + await asyncio.to_thread(_hooked_evidence, circle, history, gathered, job)


def _warm_up(circle: _Circle) -> None:
    """Workers are made ready while evidence is gathered."""
    if circle.needs_workers():
        _core.warm_up_workers()


def _hooked_config(
    circle: _Circle, config: _core.ConfigFile | None, job: _core.Job
) -> tuple[_core.ConfigFile | None, list[_hooks.Receipt]]:
    return (None, []) if config is None else _hooks.run_config_hooks(circle.hooks, config, job)


def _hooked_evidence(circle: _Circle, history: _History, gathered: Gathered, job: _core.Job) -> list[_hooks.Receipt]:
    if circle.needs_workers():
        _core.add_isolation_problems(gathered)
    for rule, message, fix in circle.notes:
        _core.add_note(gathered, rule, message, fix)
    evidence, scanned = _hooks.run_scan_hooks(circle.hooks, gathered.evidence, job)
    evidence = history.previous(evidence)  # hooks see it, too
    gathered.evidence, receipts = _hooks.run_evidence_hooks(circle.hooks, evidence, job)
    return scanned + receipts


def _reported(
    case: Case,
    circle: _Circle,
    gathered: Gathered,
    receipts: list[_hooks.Receipt],
    responses: list[_core.ExpertResponse],
    started: float,
    history: _History,
    job: _core.Job,
) -> Report:
    if job.stopped:
        raise _core.CancelledError("the consultation was stopped")
    responses, answered = _hooks.run_response_hooks(circle.hooks, responses + circle.refused, job)
    report = _core.make_report(
        case, gathered, responses, plugins=circle.plugins(), hooks=receipts + answered, started=started
    )
    report = _hooks.run_consensus_hooks(circle.hooks, report, job)
    history.add(report)
    circle.save_failures(gathered.evidence, report)
    return report


def _folder_for(failures: str | os.PathLike[Any] | None) -> str | None:
    """Made before anybody is asked: OSError if it cannot be."""
    if failures is None:
        return None
    os.makedirs(failures, exist_ok=True)
    return os.path.abspath(os.fsdecode(failures))


def _case_of(case: Case | str | os.PathLike[Any]) -> Case:
    return case if isinstance(case, Case) else Case.load(case)


def consult(
    case: Case | str | os.PathLike[Any],
    *,
    experts: Iterable[ExpertLike] | None = None,
    plugins: Iterable[str | os.PathLike[Any]] = (),
    history: bool = False,
    job: _core.Job | None = None,
    allow_endpoints: Iterable[str] = (),
    trust: Iterable[str] = (),
    save_failures: str | os.PathLike[Any] | None = None,
) -> Report:
    """Gathers evidence, asks the experts and returns the Report.

    case: a Case or the path of a case file. experts: names, paths of .py files or plugin folders, or functions; by default what
    the case says, or all shipped ones and those the user installed. plugins: folders of plugins. Naming a path or a folder here is consent to run it, in a
    worker process that may do only what its manifest says; trust names plugins that run in this process instead, with all its
    rights, unless their manifest asks for isolation. A function runs in this process. What `conclave plugins disable` switched off is refused. history:
    whether the last report on the case is shown to experts (`evidence.previous`) and this one is kept. job: to stop it from
    another thread (CancelledError). allow_endpoints: addresses such as "https://api.openai.com" that language_model may send
    condensed and redacted evidence to; the environment variable CONCLAVE_ALLOWED_ENDPOINTS, one a line, adds to them.
    save_failures: a folder, made if it is not there; for each plugin that fails, what it was given is saved in a folder in it, with
    a test that asks it again (`conclave plugins test`, conclave.testing.replay). It may hold what the logs hold. A function is no
    plugin, so nothing of it is saved.

    Experts run one after the other on the calling thread, so that Ctrl-C reaches them. OSError or InfrastructureError if the case
    or the evidence it names cannot be read; CircleError for an unknown expert. A failing expert is a failed response in the
    report.
    """
    case = _case_of(case)
    job = job if job is not None else _core.Job("consult")
    started = time.time()
    circle = _circle(case, experts, plugins, allow_endpoints, trust)
    circle.failures = _folder_for(save_failures)
    past = _History(case, history)
    gathered, receipts = _gathered(case, circle, past, job)
    evidence = Evidence(gathered.evidence)
    job.begin("asking experts", len(circle.experts), "experts")
    responses = []
    for info in circle.experts:
        if job.stopped:
            break
        responses.append(_runner.judge(info, evidence, job))
        job.advance()
    return _reported(case, circle, gathered, receipts, responses, started, past, job)


async def consult_async(
    case: Case | str | os.PathLike[Any],
    *,
    experts: Iterable[ExpertLike] | None = None,
    plugins: Iterable[str | os.PathLike[Any]] = (),
    history: bool = False,
    job: _core.Job | None = None,
    allow_endpoints: Iterable[str] = (),
    trust: Iterable[str] = (),
    save_failures: str | os.PathLike[Any] | None = None,
) -> Report:
    """As `consult`, from a running loop: async experts share the loop, other experts and the engine run on threads. Cancelling
    the task stops them all and raises asyncio.CancelledError."""
    own = job if job is not None else _core.Job("consult")
    started = time.time()
    try:
        case = await asyncio.to_thread(_case_of, case)
        circle = await asyncio.to_thread(_circle, case, experts, plugins, allow_endpoints, trust)
        circle.failures = _folder_for(save_failures)
        past = _History(case, history)
        gathered, receipts = await _gathered_async(case, circle, past, own)
        evidence = Evidence(gathered.evidence)
        own.begin("asking experts", len(circle.experts), "experts")

        async def ask(info: Mapping[str, Any]) -> _core.ExpertResponse:
            response = await _runner.run_expert_async(info, evidence, own)
            own.advance()
            return response

        responses = await asyncio.gather(*(ask(info) for info in circle.experts))
        return await asyncio.to_thread(
            _reported, case, circle, gathered, receipts, list(responses), started, past, own
        )
    except asyncio.CancelledError:
        own.request_stop()
        raise
