"""Calls hook, rule, embedding and probe plugins between the steps of a consultation. A hook or rule that fails is recorded and skipped."""

from __future__ import annotations

import copy
import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from conclave import _async, _core, _loading, _probe, _runner
from conclave.evidence import Evidence

T = TypeVar("T")

# (hook, plugin, change, seconds), as the receipt has them.
Receipt = tuple[str, str, str, float]


def _config(function: Callable[..., Any], config: dict[str, Any]) -> dict[str, Any] | None:
    returned = function(config)
    if returned is None:
        return None
    if not isinstance(returned, Mapping):
        raise TypeError(f"on_config_loaded must return None or a dict, not {type(returned).__name__}")
    made: dict[str, Any] = _as_json(dict(returned))
    return made


def _facts(function: Callable[..., Any], evidence: Evidence) -> list[tuple[str, Any]]:
    returned = function(evidence)
    if returned is None:
        return []
    if not hasattr(returned, "keys"):
        raise TypeError(f"on_evidence must return None or a mapping of facts, not {type(returned).__name__}")
    facts = []
    for name in returned.keys():  # noqa: SIM118 - any mapping
        if not isinstance(name, str) or not name:
            raise TypeError(f"the name of a fact must be text, not {name!r}")
        facts.append((name, _as_json(returned[name])))
    return facts


def _started(function: Callable[..., Any], app: Any) -> None:
    returned = function(app)
    if returned is not None:
        raise TypeError(f"on_startup returns nothing, not {type(returned).__name__}")


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


def _changes(name: str, returned: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields that differ from those given."""
    if returned is None:
        return None
    if isinstance(returned, _core.ExpertResponse):
        returned = returned.to_dict()
    if not isinstance(returned, Mapping):
        raise TypeError(f"{name} must return None or a mapping of what changes, not {type(returned).__name__}")
    made = _as_json(dict(returned))
    return {key: value for key, value in made.items() if key not in given or given[key] != value}


def _results(function: Callable[..., Any], results: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    return [_changes("on_scan_result", function(dict(result)), result) for result in results]


def _responses(function: Callable[..., Any], responses: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    changes = []
    for given in responses:
        response = _core.ExpertResponse.from_dict(given)
        before = response.to_dict()
        changes.append(_changes("on_response", function(response), before))
    return changes


def _opened(function: Callable[..., Any], case: dict[str, Any]) -> list[str] | None:
    return _notes("on_case_opened", function(_core.case_from_plain(case)))


def _concluded(function: Callable[..., Any], report: dict[str, Any]) -> list[str] | None:
    return _notes("on_consensus", function(_core.Report.from_dict(report)))


def _notes(name: str, returned: Any) -> list[str] | None:
    if returned is None:
        return None
    if isinstance(returned, str):
        return [returned]
    if not isinstance(returned, Iterable) or isinstance(returned, (bytes, Mapping)):
        raise TypeError(f"{name} must return None, a text or texts, not {type(returned).__name__}")
    notes = list(returned)
    for note in notes:
        if not isinstance(note, str):
            raise TypeError(f"{name} must return None, a text or texts, not a {type(note).__name__} among them")
    return notes


MOST_PROBLEMS = 1000  # of a rule
_PROBLEM = ("message", "path", "severity", "fix")


def _found(function: Callable[..., Any], config: dict[str, Any]) -> list[dict[str, Any]]:
    returned = function(config)
    if returned is None:
        return []
    if isinstance(returned, (str, Mapping)):
        returned = [returned]
    if isinstance(returned, bytes) or not isinstance(returned, Iterable):
        raise TypeError(f"a rule must return None, a problem or problems, not {type(returned).__name__}")
    found: list[dict[str, Any]] = []
    for problem in returned:  # may be a generator, which runs the rule
        if len(found) == MOST_PROBLEMS:
            raise ValueError(f"a rule may find at most {MOST_PROBLEMS} problems")
        found.append(_problem(problem))
    return found


def _problem(problem: Any) -> dict[str, Any]:
    if isinstance(problem, str):
        return {"message": problem}
    if not isinstance(problem, Mapping):
        raise TypeError(f"a problem must be a text or a mapping, not {type(problem).__name__}")
    unknown = [key for key in problem if key not in _PROBLEM]
    if unknown:
        raise ValueError(f"a problem has {', '.join(_PROBLEM)}, not {unknown[0]!r}")
    if not problem.get("message"):
        raise ValueError("a problem needs a message")
    made: dict[str, Any] = _as_json(dict(problem))
    return made


def vectors(function: Callable[..., Any], texts: list[str]) -> list[list[float]]:
    """What `function` makes of texts: one row of numbers for each, all of one length. TypeError or ValueError for anything else."""
    returned = function(list(texts))
    rows = [[_number(number) for number in row] for row in _rows(returned)]
    if len(rows) != len(texts):
        raise ValueError(f"an embedding returns one vector for each text, not {len(rows)} for {len(texts)}")
    for number, row in enumerate(rows, 1):
        if not row:
            raise ValueError(f"vector {number} has no dimensions")
        if len(row) != len(rows[0]):
            raise ValueError(f"vector {number} has {len(row)} dimensions, and the first {len(rows[0])}")
        if not all(map(math.isfinite, row)):
            raise ValueError(f"vector {number} holds something that is no finite number")
    return rows


def _number(value: Any) -> float:
    if isinstance(value, (str, bytes)):
        raise TypeError(f"a vector holds numbers, not {value!r:.40}")
    return float(value)


def _rows(returned: Any) -> Iterable[Any]:
    if isinstance(returned, (str, bytes, bytearray, Mapping)) or not isinstance(returned, (Iterable, memoryview)):
        raise TypeError(f"an embedding returns rows of numbers, not {type(returned).__name__}")
    if isinstance(returned, memoryview):
        if returned.ndim != 2:
            raise TypeError(f"an embedding returns rows of numbers, not a buffer of {returned.ndim} dimensions")
        return returned.tolist()
    return returned


# What calls the function of a plugin with what the host hands over, and makes JSON of what it returns.
_CALLS: dict[str, Callable[[Callable[..., Any], Any], Any]] = {
    "on_case_opened": _opened,
    "on_config_loaded": _config,
    "on_scan_result": _results,
    "on_evidence": _facts,
    "on_response": _responses,
    "on_consensus": _concluded,
    "on_startup": _started,
    "rule": _found,
    "embedding": vectors,
    "probe": _probe.probed,
}


def call(info: Mapping[str, Any], name: str, argument: Any) -> dict[str, Any] | None:
    """What the plugin's hook of that name returned, as {"value": JSON}: None or a dict for on_config_loaded, (name, value) pairs for
    on_evidence, a list with the changed fields of each for on_scan_result (a list of services) and on_response (a list of
    responses), None or texts for on_case_opened and on_consensus, None for on_startup. None if it has no such hook. "rule": the
    problems that a rule finds, "embedding": vectors of texts, "probe": the fields of a service that change. Whatever it raises passes through; TypeError or ValueError for
    nonsense."""
    of_kind = name in ("rule", "embedding", "probe")
    function = _loading.load_function(info, name) if of_kind else _loading.load_hooks(info).get(name)
    return None if function is None else {"value": _CALLS[name](function, argument)}


_UNUSABLE = "unusable"  # a key of what cannot be asked at all, and was recorded


class _Failed(Exception):
    """In the plugin; the text says of what type it was."""


async def _call_isolated(
    info: dict[str, Any], name: str, argument: Any, job: _core.Job, way: _async.Way
) -> dict[str, Any] | None:
    """As `call`, in a worker process. What interrupts the waiting stops the worker."""
    own = _core.Job(f"{info['kind']} {info['name']}", job)
    logger = logging.getLogger(f"conclave.{info['kind']}.{info['name']}")
    try:
        try:
            run = await way.engine("start_isolated_hook", info, name, argument, own)
        except _core.CircleError:
            info[_UNUSABLE] = True  # its environment cannot be made
            raise
        await way.ended(run, _runner.worker_printed, logger.log)
        response = run.response()
        if response.error is not None:
            raise _Failed(f"{response.error.type}: {response.error.message}")
        returned: dict[str, Any] | None = run.returned()
        return returned
    finally:
        own.request_stop()


async def ask(info: dict[str, Any], name: str, argument: Any, job: _core.Job, way: _async.Way) -> dict[str, Any] | None:
    """As `call`, wherever the plugin runs and within its time; the text of an error says of what type it was."""
    if info.get("isolated"):
        return await _call_isolated(info, name, argument, job, way)
    given = Evidence(argument) if isinstance(argument, _core.Evidence) else argument
    returned: dict[str, Any] | None
    returned, failure = await way.python(_runner.run_hook, info, lambda: call(info, name, given), job)
    if failure is not None and failure.error is not None:
        raise _Failed(f"{failure.error.type}: {failure.error.message}")
    return returned


async def _each(
    hooks: Iterable[dict[str, Any]],
    name: str,
    subject: T,
    argument_of: Callable[[T], Any],
    applied: Callable[[T, str, Any], tuple[T, str]],
    job: _core.Job,
    way: _async.Way,
    failed: Callable[[T, str, str], T] | None = None,
) -> tuple[T, list[Receipt]]:
    """Calls the hook of that name of each plugin, in order; each sees what the one before made of `subject`. `applied(subject,
    plugin, answer)` returns what the answer makes of it and the words for the receipt, "" for no change; `failed(subject, plugin,
    why)` what a failure makes of it."""
    receipts: list[Receipt] = []
    for info in hooks:
        if _UNUSABLE in info:
            continue  # as the receipt says already
        started = time.monotonic()
        try:
            answer = await ask(info, name, argument_of(subject), job, way)
            if answer is None:
                continue
            subject, change = applied(subject, str(info["name"]), answer["value"])
        except Exception as error:
            why = str(error) if isinstance(error, _Failed) else f"{type(error).__name__}: {error}"
            change = f"failed: {why}"
            if failed is not None:
                subject = failed(subject, str(info["name"]), why)
        receipts.append((name, str(info["name"]), change or "changed nothing", time.monotonic() - started))
    return subject, receipts


async def run_opened_hooks(
    hooks: Iterable[dict[str, Any]], case: _core.Case, job: _core.Job, way: _async.Way
) -> tuple[list[_core.Problem], list[Receipt]]:
    """What `on_case_opened(case)` of each plugin notes."""
    argument = _core.case_to_plain(case)

    def applied(notes: list[_core.Problem], plugin: str, value: Any) -> tuple[list[_core.Problem], str]:
        more, change = _core.notes_of(plugin, value)
        return notes + list(more), change

    return await _each(hooks, "on_case_opened", [], lambda _: argument, applied, job, way)


async def run_config_hooks(
    hooks: Iterable[dict[str, Any]], config: _core.ConfigFile, job: _core.Job, way: _async.Way
) -> tuple[_core.ConfigFile, list[Receipt]]:
    """`on_config_loaded(config)` of each plugin."""

    def applied(config: _core.ConfigFile, _: str, value: Any) -> tuple[_core.ConfigFile, str]:
        if value is None:
            return config, ""
        changed = config.with_model(value)
        return changed, "" if changed.model == config.model else "changed the configuration"

    return await _each(hooks, "on_config_loaded", config, lambda config: config.model, applied, job, way)


async def run_rules(
    rules: Iterable[dict[str, Any]], config: _core.ConfigFile, job: _core.Job, way: _async.Way
) -> tuple[_core.ConfigFile, list[Receipt]]:
    """The configuration with what each rule finds among its problems, and with one for each that fails."""
    if not rules:
        return config, []
    given = _core.config_for_rules(config)
    return await _each(
        rules,
        "rule",
        config,
        lambda _: copy.deepcopy(given),
        _core.with_rule_problems,
        job,
        way,
        _core.with_failed_rule,
    )


async def run_scan_hooks(
    hooks: Iterable[dict[str, Any]], evidence: _core.Evidence, job: _core.Job, way: _async.Way
) -> tuple[_core.Evidence, list[Receipt]]:
    """`on_scan_result(result)` of each plugin, for each service."""
    if not evidence.rows("services.name"):
        return evidence, []
    return await _each(
        hooks,
        "on_scan_result",
        evidence,
        _core.services_of,
        lambda evidence, _, value: _core.with_service_changes(evidence, value),
        job,
        way,
    )


async def run_evidence_hooks(
    hooks: Iterable[dict[str, Any]], evidence: _core.Evidence, job: _core.Job, way: _async.Way
) -> tuple[_core.Evidence, list[Receipt]]:
    """`on_evidence(evidence)` of each plugin; the facts it returns are added."""

    def applied(evidence: _core.Evidence, plugin: str, value: Any) -> tuple[_core.Evidence, str]:
        rows = [(name, json.dumps(fact), plugin) for name, fact in value]
        if not rows:
            return evidence, ""
        return evidence.with_facts(rows), f"added facts: {', '.join(row[0] for row in rows)}"

    return await _each(hooks, "on_evidence", evidence, lambda evidence: evidence, applied, job, way)


async def run_response_hooks(
    hooks: Iterable[dict[str, Any]], responses: list[_core.ExpertResponse], job: _core.Job, way: _async.Way
) -> tuple[list[_core.ExpertResponse], list[Receipt]]:
    """`on_response(response)` of each plugin, for each response."""
    return await _each(
        hooks,
        "on_response",
        responses,
        lambda responses: [response.to_dict() for response in responses],
        lambda responses, _, value: _core.with_response_changes(responses, value),
        job,
        way,
    )


async def run_consensus_hooks(
    hooks: Iterable[dict[str, Any]], report: _core.Report, job: _core.Job, way: _async.Way
) -> _core.Report:
    """The report with what `on_consensus(report)` of each plugin notes, and with their receipts."""
    report, receipts = await _each(hooks, "on_consensus", report, lambda report: report.to_dict(), _core.with_notes, job, way)
    return _core.with_hooks(report, receipts) if receipts else report
