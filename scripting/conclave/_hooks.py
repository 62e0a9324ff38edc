"""Calls hook plugins between the steps of a consultation. A hook that fails is recorded and skipped."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from conclave import _core, _loading, _runner
from conclave.evidence import Evidence

# (hook, plugin, change, seconds), as the receipt has them.
Receipt = tuple[str, str, str, float]


def _config(returned: Any) -> dict[str, Any] | None:
    if returned is None:
        return None
    if not isinstance(returned, Mapping):
        raise TypeError(f"on_config_loaded must return None or a dict, not {type(returned).__name__}")
    return _as_json(dict(returned))


def _facts(returned: Any) -> list[tuple[str, Any]]:
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


def _nothing(returned: Any) -> None:
    if returned is not None:
        raise TypeError(f"on_startup returns nothing, not {type(returned).__name__}")


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


_CHECKS: dict[str, Callable[[Any], Any]] = {"on_config_loaded": _config, "on_evidence": _facts, "on_startup": _nothing}


def call(info: Mapping[str, Any], name: str, argument: Any) -> dict[str, Any] | None:
    """What the plugin's hook of that name returned, as {"value": JSON}: None or a dict for on_config_loaded, (name, value) pairs for
    on_evidence, None for on_startup. None if it has no such hook. Whatever it raises passes through; TypeError or ValueError for nonsense."""
    function = _loading.load_hooks(info).get(name)
    return None if function is None else {"value": _CHECKS[name](function(argument))}


class _Failed(Exception):
    """In its worker; the text says of what type it was."""


def _call_isolated(info: Mapping[str, Any], name: str, argument: Any, job: _core.Job) -> dict[str, Any] | None:
    """As `call`, in a worker process. What interrupts the waiting stops the worker."""
    own = _core.Job(f"hook {info['name']}", job)
    logger = logging.getLogger(f"conclave.hook.{info['name']}")
    try:
        run = _core.start_isolated_hook(info, name, argument, own)
        while not run.wait(0.1, _runner.worker_printed, logger.log):
            pass
        response = run.response()
        if response.error is not None:
            raise _Failed(f"{response.error.type}: {response.error.message}")
        return run.returned()
    finally:
        own.request_stop()


def _asked(info: Mapping[str, Any], name: str, argument: Any, job: _core.Job) -> dict[str, Any] | None:
    if info.get("isolated"):
        return _call_isolated(info, name, argument, job)
    return call(info, name, Evidence(argument) if isinstance(argument, _core.Evidence) else argument)


def _recorded(receipts: list[Receipt], info: Mapping[str, Any], name: str, started: float, change: str) -> None:
    receipts.append((name, str(info["name"]), change, time.monotonic() - started))


def _failure(error: Exception) -> str:
    return f"failed: {error}" if isinstance(error, _Failed) else f"failed: {type(error).__name__}: {error}"


def run_config_hooks(
    hooks: Iterable[Mapping[str, Any]], config: _core.ConfigFile, job: _core.Job
) -> tuple[_core.ConfigFile, list[Receipt]]:
    """`on_config_loaded(config)` of each plugin, in order; each sees what the one before made of it."""
    receipts: list[Receipt] = []
    for info in hooks:
        started = time.monotonic()
        change = "changed nothing"
        try:
            answer = _asked(info, "on_config_loaded", config.model, job)
            if answer is None:
                continue
            if answer["value"] is not None:
                before, config = config.model, config.with_model(answer["value"])
                if config.model != before:
                    change = "changed the configuration"
        except Exception as error:
            change = _failure(error)
        _recorded(receipts, info, "on_config_loaded", started, change)
    return config, receipts


def run_evidence_hooks(
    hooks: Iterable[Mapping[str, Any]], evidence: _core.Evidence, job: _core.Job
) -> tuple[_core.Evidence, list[Receipt]]:
    """`on_evidence(evidence)` of each plugin, in order; the facts it returns are added."""
    receipts: list[Receipt] = []
    for info in hooks:
        started = time.monotonic()
        change = "changed nothing"
        try:
            answer = _asked(info, "on_evidence", evidence, job)
            if answer is None:
                continue
            rows = [(name, json.dumps(value), str(info["name"])) for name, value in answer["value"]]
            if rows:
                evidence = evidence.with_facts(rows)
                change = f"added facts: {', '.join(row[0] for row in rows)}"
        except Exception as error:
            change = _failure(error)
        _recorded(receipts, info, "on_evidence", started, change)
    return evidence, receipts
