"""Runs hook plugins between the steps of a consultation. A hook that fails is recorded and skipped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from conclave import _core, _runner
from conclave.evidence import Evidence

# (hook, plugin, change, seconds), as the receipt has them.
Receipt = tuple[str, str, str, float]


def _call(info: Mapping[str, Any], name: str, argument: Any) -> tuple[bool, Any]:
    """Whether the plugin has such a hook, and what it returned."""
    function = _runner.load_hooks(info).get(name)
    return (False, None) if function is None else (True, function(argument))


def _recorded(receipts: list[Receipt], info: Mapping[str, Any], name: str, started: float, change: str) -> None:
    receipts.append((name, str(info["name"]), change, time.monotonic() - started))


def _failure(error: Exception) -> str:
    return f"failed: {type(error).__name__}: {error}"


def run_config_hooks(hooks: Iterable[Mapping[str, Any]], config: _core.ConfigFile) -> tuple[_core.ConfigFile, list[Receipt]]:
    """`on_config_loaded(config)` of each plugin, in order; each sees what the one before made of it."""
    receipts: list[Receipt] = []
    for info in hooks:
        started = time.monotonic()
        try:
            present, model = _call(info, "on_config_loaded", config.model)
            if not present:
                continue
            if model is not None:
                if not isinstance(model, Mapping):
                    raise TypeError(f"on_config_loaded must return None or a dict, not {type(model).__name__}")
                before, config = config.model, config.with_model(model)
                change = "changed the configuration" if config.model != before else "changed nothing"
            else:
                change = "changed nothing"
        except Exception as error:
            change = _failure(error)
        _recorded(receipts, info, "on_config_loaded", started, change)
    return config, receipts


def run_evidence_hooks(hooks: Iterable[Mapping[str, Any]], evidence: _core.Evidence) -> tuple[_core.Evidence, list[Receipt]]:
    """`on_evidence(evidence)` of each plugin, in order; the facts it returns are added."""
    receipts: list[Receipt] = []
    for info in hooks:
        started = time.monotonic()
        try:
            present, facts = _call(info, "on_evidence", Evidence(evidence))
            if not present:
                continue
            if facts is None:
                facts = {}
            if not isinstance(facts, Mapping):
                raise TypeError(f"on_evidence must return None or a mapping of facts, not {type(facts).__name__}")
            rows = [(name, json.dumps(value, allow_nan=False), str(info["name"])) for name, value in facts.items()]
            if rows:
                evidence = evidence.with_facts(rows)
            change = f"added facts: {', '.join(facts)}" if facts else "changed nothing"
        except Exception as error:
            change = _failure(error)
        _recorded(receipts, info, "on_evidence", started, change)
    return evidence, receipts
