"""Evidence made by hand for the tests of the shipped experts: the attributes of conclave.Evidence, without an engine behind them."""

import importlib
import os
import sys
import tomllib
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType, SimpleNamespace

from conclave.evidence import CaseEvidence, ConfigValue

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2026, 3, 3, 13, 0, tzinfo=timezone.utc)


def load_expert(name):
    """The module of a shipped expert, loaded as a package of its own as the runner does, so that it can import its neighbours."""
    folder = ROOT / "plugins/experts" / name
    package = f"shipped_{name}"
    if package not in sys.modules:
        sys.modules[package] = ModuleType(package)
        sys.modules[package].__path__ = [str(folder)]
    return importlib.import_module(f"{package}.{name}")


def manifest(name):
    return tomllib.loads((ROOT / "plugins/experts" / name / "plugin.toml").read_text())


class Job:
    def __init__(self, name, allowed_endpoints=(), **settings):
        self.allowed_endpoints = tuple(allowed_endpoints)
        self.settings = {key: field["default"] for key, field in manifest(name).get("settings", {}).items()} | settings
        self.stop, self.lines = False, []

    def cancelled(self):
        return self.stop

    def progress(self, done, total):
        assert 0 <= done <= total

    def log(self, text):
        self.lines.append(text)

    def secret(self, name):
        return os.environ.get(name)


def ask(name, evidence, **settings):
    return load_expert(name).assess(evidence, Job(name, **settings))


def at(minutes):
    return START + timedelta(minutes=minutes)


def bucket(minute, lines, errors=0, width=60, first_error_line=0):
    return SimpleNamespace(
        start=at(minute),
        lines=lines,
        error_lines=errors,
        warning_lines=0,
        first_error_line=first_error_line or (minute * 1000 + 7 if errors else 0),
    )


def template(text, level, first, last, count, count_before=0, first_line=1, source="app.log"):
    return SimpleNamespace(
        id=f"{abs(hash(text)) % 2**64:016x}",
        text=text,
        level=level,
        count=count,
        count_before=count_before,
        first_time=at(first),
        last_time=at(last),
        first_line=first_line,
        last_line=first_line + count,
        sample_line=first_line,
        source=source,
    )


def gap(minute, seconds, line_before=100):
    return SimpleNamespace(
        start=at(minute),
        end=at(minute) + timedelta(seconds=seconds),
        seconds=float(seconds),
        line_before=line_before,
        line_after=line_before + 1,
    )


def log(buckets, templates=(), gaps=(), path="app.log", levels=None, width=60, texts=None, samples=()):
    lines = sum(b.lines for b in buckets)
    errors = sum(b.error_lines for b in buckets)
    texts = texts or {}
    return SimpleNamespace(
        path=path,
        name=path.rsplit("/", 1)[-1],
        lines=lines,
        bytes=lines * 80,
        error_lines=errors,
        warning_lines=0,
        timestamp_lines=lines,
        first_time=buckets[0].start if buckets else None,
        last_time=buckets[-1].start + timedelta(seconds=width - 1) if buckets else None,
        stamp_format="iso",
        out_of_order=0,
        levels=levels if levels is not None else {"info": lines - errors, "error": errors},
        bucket_seconds=float(width),
        readable=True,
        buckets=list(buckets),
        gaps=list(gaps),
        samples=list(samples),
        templates=[SimpleNamespace(**(vars(t) | {"source": path})) for t in templates],
        line=lambda number: texts.get(number, f"line {number}"),
    )


def service(name, state, expect="open", latency_ms=1.0, port=80, detail="", unmet="", days_left=None, history=None):
    return SimpleNamespace(
        name=name,
        host="127.0.0.1",
        port=port,
        target=f"127.0.0.1:{port}",
        expect=expect,
        state=state,
        latency_ms=latency_ms,
        address="127.0.0.1",
        detail=detail,
        unmet=unmet,
        tls=None if days_left is None else SimpleNamespace(days_left=days_left),
        history=history,
    )


def config(values=(), problems=(), services=(), file="infra.yaml"):
    """values: (path, value) in the order of the file; problems: (severity, rule, message, line)."""
    return SimpleNamespace(
        file=file,
        tree={},
        services=list(services),
        values=[
            ConfigValue(path=path, value=value, line=number, column=1) for number, (path, value) in enumerate(values, 1)
        ],
        problems=[
            SimpleNamespace(
                kind="config", severity=severity, rule=rule, message=message, fix="", file=file, line=line, column=1
            )
            for severity, rule, message, line in problems
        ],
    )


def evidence(
    logs=(),
    services=(),
    config=None,
    change=None,
    verdicts=("healthy", "degraded", "failing"),
    ordered=True,
    question="Is it well?",
):
    return SimpleNamespace(
        case=CaseEvidence(
            name="test",
            question=question,
            verdicts=tuple(verdicts),
            ordered=ordered,
            time_range=None,
            change_time=None if change is None else at(change),
        ),
        logs=tuple(logs),
        templates=tuple(t for one in logs for t in one.templates),
        services=tuple(services),
        config=config,
        problems=[],
        facts={},
        previous=None,
    )
