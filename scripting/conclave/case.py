"""The main job: gather evidence, ask the circle, conclude. From Python the circle is asked here, so that the thread an expert
needs is never the thread that waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Union

from conclave import _async, _catalog, _core, _embedding, _hooks, _probe, _runner
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


def gather(
    case: Case, job: _core.Job | None = None, *, allow_commands: Iterable[str] = (), from_snapshots: bool = False
) -> Gathered:
    """Reads the logs and the configuration of a case and scans its services, without hooks and probes. OSError or InfrastructureError if
    what the case names cannot be read; what a glob found is among the problems. allow_commands and from_snapshots as for `consult`."""
    return _core.gather(case, _core.load_config(case), job, _lines(allow_commands), from_snapshots)


def _lines(named: Iterable[str]) -> list[str]:
    return [named] if isinstance(named, str) else list(named)


@dataclass
class _Circle:
    experts: list[dict[str, Any]] = field(default_factory=list)
    refused: list[_core.ExpertResponse] = field(default_factory=list)
    hooks: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    embedding: dict[str, Any] | None = None  # what the case compares texts by, if it does so
    probes: list[dict[str, Any]] = field(default_factory=list)  # that services of the case name
    notes: list[tuple[str, str, str]] = field(default_factory=list)  # rule, message, fix: what did not run, for the report

    failures: str | None = None  # folder to save what failed experts were given

    def save_failures(self, place: str, evidence: _core.Evidence, report: Report) -> None:
        """What cannot be saved costs no report."""
        chosen = []
        for info in self.experts:
            with contextlib.suppress(TypeError, ValueError):  # settings that are wrong: it did not run
                chosen += [(info, settings_of(info))] if info.get("sha256") else []
        try:
            for folder in _core.save_failures(place, chosen, evidence, report):
                _logger.info("saved what failed; conclave plugins test %s", folder)
        except OSError as error:
            _logger.warning("what failed experts were given is not saved: %s", error)

    def needs_workers(self) -> bool:
        return any(info.get("isolated") for info in self._all())

    def _all(self) -> list[dict[str, Any]]:
        return self.experts + self.hooks + self.rules + self.probes + ([] if self.embedding is None else [self.embedding])

    def plugins(self) -> list[tuple[str, str, str]]:
        """For the receipt."""
        return [
            (info["name"], info.get("version", ""), info["sha256"])
            for info in self._all()
            if info.get("sha256")
        ]


def _is_path(name: str) -> bool:
    return name.endswith(".py") or os.sep in name


def _from_callable(function: Callable[..., Any]) -> dict[str, Any]:
    marks = getattr(function, "__conclave_expert__", {})
    name = marks.get("name") or getattr(function, "__name__", type(function).__name__)
    return {"scope": "overall", "weight": 1.0, **marks, "name": name, "callable": function}


class _Finder:
    """Turns what a caller or a case names into infos for the runner."""

    def __init__(self, case: Case, trust: Iterable[str], way: _async.Way) -> None:
        self._case = case
        self._trusted = frozenset([trust] if isinstance(trust, str) else trust)
        self.distrusted: set[str] = set()  # names that the caller trusts and the policy does not
        self._way = way
        self._beside: list[dict[str, Any]] = []  # plugins of the case
        self.experts: dict[str, dict[str, Any]] = {}
        self.hooks: list[dict[str, Any]] = []
        self.rules: list[dict[str, Any]] = []
        self.embedding: dict[str, Any] | None = None
        self.probes: list[dict[str, Any]] = []
        self.left_out: list[dict[str, Any]] = []

    async def look(self, plugins: Iterable[str | os.PathLike[Any]]) -> None:
        folders = [os.fsdecode(folder) for folder in plugins]
        for folder in folders:
            os.scandir(folder).close()  # what was named has to be there: OSError
        infos: list[dict[str, Any]]
        infos, problems = await self._way.engine("read_catalog", shipped_plugins(), folders)
        _core.check_consent()  # raises if nobody knows what may run
        for path, message in problems:
            if os.fspath(path) in folders:  # a folder that is one plugin; others matter only when they are asked for
                raise _core.CircleError(message)
        self.experts = {info["name"]: await self._as_trusted(info) for info in infos if info["kind"] == "expert"}
        self._beside, _ = await self._way.engine("case_plugins", self._case)
        known = {info["name"] for info in infos}
        beside = [info for info in self._beside if info["name"] not in known] if self._case.file is not None else []
        others = [await self._as_trusted(info) for info in infos + beside if info["kind"] != "expert"]
        if self._case.circle.similarity_algorithm == "semantic":
            self.embedding = _catalog.find(self._case.circle.embedding, "embedding", infos + others)
        asked = dict.fromkeys(service["probe"] for service in self._case.services if service.get("probe"))
        self.probes = [_catalog.find(name, "probe", infos + others) for name in asked if name not in _core.probe_names()]
        called = [info for info in others if info["kind"] in ("hook", "rule")]
        called.sort(key=lambda info: str(info["name"]))
        self.hooks = [info for info in called if info["kind"] == "hook" and not _catalog.why_not(info)]
        self.rules = [info for info in called if info["kind"] == "rule" and not _catalog.why_not(info)]
        self.left_out = [info for info in infos if info["kind"] == "expert" and not _catalog.may_run(info)]
        self.left_out += [info for info in called if _catalog.why_not(info)]

    async def _as_trusted(self, info: dict[str, Any]) -> dict[str, Any]:
        if info["name"] not in self._trusted or info["trust"] == "shipped":
            return info
        if not info["trustable"]:
            self.distrusted.add(info["name"])
            return info
        kept = {key: info[key] for key in ("origin", "in_default_circle", "enabled")}
        return {**await self._way.engine("read_plugin", info["path"], "trusted"), **kept}

    async def by_name(self, name: str) -> dict[str, Any]:
        if name in self.experts:
            return self.experts[name]
        for info in self._beside:
            if info["name"] == name and info["kind"] == "expert":
                return await self._as_trusted(info)
        near = difflib.get_close_matches(name, self.experts, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise _core.CircleError(f"there is no expert '{name}'{hint}")

    async def named_by_caller(self, item: ExpertLike) -> dict[str, Any]:
        """Naming is consent."""
        if isinstance(item, Mapping):
            said = {key: item[key] for key in ("settings", "weight") if key in item}
            return {**await self.named_by_caller(item["name"]), **said}
        if isinstance(item, os.PathLike) or (isinstance(item, str) and _is_path(item)):
            return await self._as_trusted(await self._way.engine("read_plugin", item, "named"))
        if isinstance(item, str):
            return await self.by_name(item)
        if callable(item):
            return _from_callable(item)
        raise TypeError(f"an expert is a name, a path or a function, not {type(item).__name__}")

    async def named_by_case(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        """A file that only the case names may come from anywhere: it runs only if its content is in conclave.lock."""
        name = choice["name"]
        try:
            if _is_path(name):
                path = os.path.join(self._case.base, name)
                info: dict[str, Any] = await self._way.engine("read_plugin", path, "untrusted")
                if info["sha256"] in _core.agreed_digests(self._case.base):
                    info = await self._way.engine("read_plugin", path, "named")
                info = await self._as_trusted(info)
            else:
                info = await self.by_name(name)
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


@dataclass
class _Wishes:
    """What the caller of `consult` says beside the case."""

    experts: Iterable[ExpertLike] | None
    plugins: Iterable[str | os.PathLike[Any]]
    history: bool
    allow_endpoints: Iterable[str]
    trust: Iterable[str]
    save_failures: str | os.PathLike[Any] | None
    allow_commands: Iterable[str]
    from_snapshots: bool


async def _circle(case: Case, wishes: _Wishes, way: _async.Way) -> _Circle:
    objections = {endpoint: _core.forbids_endpoint(endpoint) for endpoint in _endpoints(wishes.allow_endpoints)}
    allowed = tuple(endpoint for endpoint, why in objections.items() if not why)
    finder = _Finder(case, wishes.trust, way)
    await finder.look(wishes.plugins)
    choices = {choice["name"]: choice for choice in case.experts}
    experts = wishes.experts
    if experts is not None:
        if isinstance(experts, (str, os.PathLike)) or callable(experts):
            experts = [experts]
        infos = []
        for item in experts:
            info = await finder.named_by_caller(item)
            said = choices.get(info["name"])  # the case's settings hold also for an expert the caller picks
            infos.append({**said, **info} if said and "settings" not in info else info)
    elif choices:
        infos = [await finder.named_by_case(choice) for choice in case.experts]
    else:
        infos = [info for info in finder.experts.values() if info["in_default_circle"] and _catalog.may_run(info)]
    circle = _Circle(
        hooks=finder.hooks,
        rules=finder.rules,
        embedding=finder.embedding,
        probes=finder.probes,
        notes=[("policy", why, "") for why in objections.values() if why],
    )
    circle.failures = _folder_for(wishes.save_failures)
    asks_all = experts is None and not choices
    for info in finder.left_out:
        if info["kind"] in ("hook", "rule") or (asks_all and info["in_default_circle"]):
            what = f"{info['kind']} '{info['name']}' did not run"
            circle.notes += [(rule, f"{what}: {why}", fix) for rule, why, fix in _catalog.why_not(info)]
    for name in sorted(finder.distrusted):
        circle.notes.append(("policy", f"trusting '{name}' does not count: the policy in force says so", ""))
    seen: set[str] = set()
    for info in infos:
        if info["name"] in seen:
            raise _core.CircleError(f"two experts are called '{info['name']}'")
        seen.add(info["name"])
        if not _catalog.may_run(info):
            ((_, why, fix),) = _catalog.why_not(info)
            circle.refused.append(_refusal(info, f"{why}; `{fix}` allows it again" if fix else why))
        elif info.get("trust") == "untrusted":
            reason = "neither shipped nor named by the caller; pass it in experts= or its folder in plugins= to allow it"
            circle.refused.append(_refusal(info, reason))
        else:
            circle.experts.append({**info, "allowed_endpoints": allowed})
    return circle


async def _gathered(
    case: Case, circle: _Circle, wishes: _Wishes, previous: str | None, job: _core.Job, way: _async.Way
) -> tuple[Gathered, list[_hooks.Receipt]]:
    if circle.needs_workers():
        _core.warm_up_workers()  # while evidence is gathered
    notes, receipts = await _hooks.run_opened_hooks(circle.hooks, case, job, way)
    config = await way.engine("load_config", case)
    if config is not None:
        config, more = await _hooks.run_config_hooks(circle.hooks, config, job, way)
        receipts += more
        config, more = await _hooks.run_rules(circle.rules, config, job, way)
        receipts += more
    secrets = [name for info in circle.experts for name in info.get("secrets") or ()]
    gathered = await way.engine("gather", case, config, job, _lines(wishes.allow_commands), wishes.from_snapshots, secrets)
    _core.add_problems(gathered, notes)
    if circle.needs_workers():
        _core.add_isolation_problems(gathered)
    for rule, message, fix in circle.notes:
        _core.add_note(gathered, rule, message, fix)
    evidence = gathered.evidence
    if circle.probes:
        evidence, more = await _probe.of_case(case, gathered, circle.probes, job, way)
        receipts += more
    evidence, more = await _hooks.run_scan_hooks(circle.hooks, evidence, job, way)
    receipts += more
    if case.services:
        evidence, problems = await way.engine("remember_services", case, evidence, wishes.history)
        _core.add_problems(gathered, problems)
    if previous is not None:
        evidence = evidence.with_previous(previous)  # hooks see it, too
    gathered.evidence, more = await _hooks.run_evidence_hooks(circle.hooks, evidence, job, way)
    return gathered, receipts + more


async def _compared_by(
    embedding: dict[str, Any] | None, responses: list[_core.ExpertResponse], job: _core.Job, way: _async.Way
) -> tuple[str, str, str, list[list[float]] | str] | None:
    if embedding is None:
        return None
    vectors = await _embedding.vectors_or_why(embedding, _core.texts_to_embed(responses), job, way)
    return embedding["name"], embedding.get("version", ""), embedding["sha256"], vectors


Asked = Callable[[list[dict[str, Any]], Evidence, _core.Job], Awaitable[list[_core.ExpertResponse]]]


async def _consulted(
    case: Case | str | os.PathLike[Any], wishes: _Wishes, job: _core.Job, way: _async.Way, ask: Asked
) -> Report:
    started = time.time()
    subject: Case = case if isinstance(case, Case) else await way.engine("load_case", case)
    circle = await _circle(subject, wishes, way)
    previous = await way.engine("last_report", subject) if wishes.history else None
    learned = await way.engine("learned", subject) if wishes.history else None
    gathered, receipts = await _gathered(subject, circle, wishes, previous, job, way)
    job.begin("asking experts", len(circle.experts), "experts")
    responses = await ask(circle.experts, Evidence(gathered.evidence), job)
    if job.stopped:
        raise _core.CancelledError("the consultation was stopped")
    responses, answered = await _hooks.run_response_hooks(circle.hooks, responses + circle.refused, job, way)
    report: Report = await way.engine(
        "make_report",
        subject,
        gathered,
        responses,
        plugins=circle.plugins(),
        hooks=receipts + answered,
        started=started,
        embedding=await _compared_by(circle.embedding, responses, job, way),
        learned=learned,
    )
    report = await _hooks.run_consensus_hooks(circle.hooks, report, job, way)
    if wishes.history:
        await way.engine("keep_report", report, subject)
    if circle.failures is not None:
        await way.python(circle.save_failures, circle.failures, gathered.evidence, report)
    return report


async def _ask_in_turn(experts: list[dict[str, Any]], evidence: Evidence, job: _core.Job) -> list[_core.ExpertResponse]:
    responses = []
    for info in experts:
        if job.stopped:
            break
        responses.append(_runner.judge(info, evidence, job))
        job.advance()
    return responses


async def _ask_together(experts: list[dict[str, Any]], evidence: Evidence, job: _core.Job) -> list[_core.ExpertResponse]:
    async def ask(info: Mapping[str, Any]) -> _core.ExpertResponse:
        response = await _runner.run_expert_async(info, evidence, job)
        job.advance()
        return response

    return list(await asyncio.gather(*(ask(info) for info in experts)))


def _folder_for(failures: str | os.PathLike[Any] | None) -> str | None:
    """Made before anybody is asked: OSError if it cannot be."""
    if failures is None:
        return None
    os.makedirs(failures, exist_ok=True)
    return os.path.abspath(os.fsdecode(failures))


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
    allow_commands: Iterable[str] = (),
    from_snapshots: bool = False,
) -> Report:
    """Gathers evidence, asks the experts and returns the Report.

    case: a Case or the path of a case file. experts: names, paths of .py files or plugin folders, or functions; by default what
    the case says, or all shipped ones and those the user installed. plugins: folders of plugins. Naming a path or a folder here is consent to run it, in a
    worker process that may do only what its manifest says; trust names plugins that run in this process instead, with all its
    rights, unless their manifest asks for isolation. A function runs in this process. What `conclave plugins disable` switched off is refused. history:
    whether the last report on the case is shown to experts (`evidence.previous`), experts are weighed by what judged reports taught
    and this one is kept. job: to stop it from
    another thread (CancelledError). allow_endpoints: addresses such as "https://api.openai.com" that language_model may send
    condensed and redacted evidence to; the environment variable CONCLAVE_ALLOWED_ENDPOINTS, one a line, adds to them.
    save_failures: a folder, made if it is not there; for each plugin that fails, what it was given is saved in a folder in it, with
    a test that asks it again (`conclave plugins test`, conclave.testing.replay). It may hold what the logs hold. A function is no
    plugin, so nothing of it is saved. allow_commands: lines that the case has as `command:` among its logs and that may run, in its
    folder; those that the user agreed to for good (`conclave case commands`) may, too. from_snapshots: none runs, and what each
    printed the last time is judged again.

    Experts run one after the other on the calling thread, so that Ctrl-C reaches them. OSError or InfrastructureError if the case
    or the evidence it names cannot be read; CircleError for an unknown expert. A failing expert is a failed response in the
    report.
    """
    wishes = _Wishes(experts, plugins, history, allow_endpoints, trust, save_failures, allow_commands, from_snapshots)
    own = job if job is not None else _core.Job("consult")
    return _async.now(_consulted(case, wishes, own, _async.Here(), _ask_in_turn))


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
    allow_commands: Iterable[str] = (),
    from_snapshots: bool = False,
) -> Report:
    """As `consult`, from a running loop: async experts share the loop; the engine, workers and their environments are awaited without
    a thread that waits. Only synchronous experts and hooks that run in this process have one each, while they run. Cancelling the
    task stops them all and raises asyncio.CancelledError."""
    wishes = _Wishes(experts, plugins, history, allow_endpoints, trust, save_failures, allow_commands, from_snapshots)
    own = job if job is not None else _core.Job("consult")
    try:
        return await _consulted(case, wishes, own, _async.OnLoop(), _ask_together)
    except asyncio.CancelledError:
        own.request_stop()
        raise
