"""What the author of a plugin writes: the decorators, and how to abstain."""

from __future__ import annotations

import functools
from typing import Any, Callable, TypeVar, overload

__all__ = ["Abstain", "embedding", "expert", "hook", "probe", "rule"]

F = TypeVar("F", bound=Callable[..., Any])

# The fixed points at which the host calls a hook.
HOOKS = (
    "on_case_opened", "on_config_loaded", "on_scan_result", "on_evidence", "on_response", "on_consensus", "on_startup"
)


class Abstain:
    """What an expert returns that has nothing to say: neutral for the verdict, lowers coverage."""

    __slots__ = ("reason",)
    __match_args__ = ("reason",)

    def __init__(self, reason: str = "") -> None:
        if not isinstance(reason, str):
            raise TypeError(f"reason must be str, not {type(reason).__name__}")
        self.reason = reason

    def __repr__(self) -> str:
        return f"Abstain({self.reason!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Abstain):
            return NotImplemented
        return self.reason == other.reason

    def __hash__(self) -> int:
        return hash((Abstain, self.reason))


@overload
def expert(function: F) -> F: ...
@overload
def expert(*, name: str | None = ..., scope: str = ..., timeout_s: float = ..., weight: float = ...) -> Callable[[F], F]: ...


def expert(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    scope: str = "overall",
    timeout_s: float = 60.0,
    weight: float = 1.0,
) -> Any:
    """Marks a function `(evidence, job)`, sync or async, or a class with `__call__`, as an expert.

    name: how reports call it, by default the function's name. scope: what it judges, such as "logs.errors" or "services";
    experts of one scope are pooled, scopes are detectors of different faults. timeout_s: seconds it may take. weight: its
    weight within its scope, above 0. The function itself is returned unchanged, so that a test can call it.
    """
    if function is None:
        return functools.partial(_marked, name=name, scope=scope, timeout_s=timeout_s, weight=weight)
    return _marked(function, name, scope, timeout_s, weight)


def _marked(
    function: Callable[..., Any], name: str | None, scope: str, timeout_s: float, weight: float
) -> Callable[..., Any]:
    if not callable(function):
        raise TypeError(f"an expert must be callable, not {type(function).__name__}")
    if not isinstance(scope, str) or not scope:
        raise ValueError("scope must be a non-empty str")
    if not timeout_s > 0 or not weight > 0:
        raise ValueError("timeout_s and weight must be above 0")
    marks = {
        "name": name or function.__name__,
        "scope": scope,
        "timeout_s": float(timeout_s),
        "weight": float(weight),
    }
    setattr(function, "__conclave_expert__", marks)
    return function


def hook(function: F) -> F:
    """Marks a function as a hook; its name is the fixed point. Each changes what it is given only by what it returns; None: nothing.

    `on_case_opened(case)`, before anything is gathered: the Case; returns notes for the report, a text or several.
    `on_config_loaded(config)`: a dict; returns the changed dict. `on_scan_result(result)`, for each service: a dict as in a
    report's `services`; returns the changed dict, or the changed fields (state, latency_ms, detail). `on_evidence(evidence)`:
    returns facts to add, a mapping from name to value. `on_response(response)`, for each answer: an ExpertResponse; returns a
    changed one, or a mapping of the changed fields (content, verdict, confidence, claims, metadata). `on_consensus(report)`: the
    Report; returns notes for it, a text or several. The verdict is the circle's. `on_startup(app)`, when the window has started;
    returns nothing.
    """
    name = getattr(function, "__name__", "")
    if name not in HOOKS:
        raise ValueError(f"a hook is named after its fixed point, one of {', '.join(HOOKS)}; got {name!r}")
    setattr(function, "__conclave_hook__", name)
    return function


def rule(function: F) -> F:
    """Marks a function `(config)` as a rule: it looks at a configuration that was read and checked, and returns what is wrong with it.

    config is a dict: `services` and `global_settings` as in ConfigFile.model, `file`, and `tree`, all that stands in the file. It
    returns None, a problem, or an iterable of problems, at most 1000. A problem is a text or a mapping with `message` and, if there
    is something to say, `path` (where: "services.api.image", "services[0].ports[1]" or "/services/api/image"), `severity` (error,
    warning, which is the default, or note) and `fix`. Each is reported under the name of the plugin.
    """
    if not callable(function):
        raise TypeError(f"a rule must be callable, not {type(function).__name__}")
    setattr(function, "__conclave_rule__", True)
    return function


def embedding(function: F) -> F:
    """Marks a function `(texts)` as an embedding: texts that mean alike get vectors that point the same way.

    texts is a list of n str, none empty. It returns n rows of finite numbers, all of one length: lists, or a 2-D buffer such as a
    NumPy array. A case names the plugin: `circle: {similarity_algorithm: semantic, embedding: NAME}`.
    """
    if not callable(function):
        raise TypeError(f"an embedding must be callable, not {type(function).__name__}")
    setattr(function, "__conclave_embedding__", True)
    return function


def probe(function: F) -> F:
    """Marks a function `(connection, target)`, async or plain, as a probe: it talks with a service that a scan found open.

    connection: of an async function asyncio's streams, `await connection.readline()`, `connection.write(b"PING\\r\\n")`, `await
    connection.drain()`, or its `reader` and `writer`; of a plain one a connected socket.socket with a time-out. At most 1 MiB can be
    read: ConnectionAbortedError. target is a read-only mapping: name, target, expect, state, latency_ms, address, detail. It returns
    None, which leaves the service as it is, a text, which is its `detail`, or a mapping of what changes: `state` (one that a scan
    knows, such as "closed"), `detail`, `latency_ms`. Its time is that of its limits, and at most ten times the time-out of the scan.
    A case names it: `services: [{target: "localhost:6379", probe: NAME}]`.
    """
    if not callable(function):
        raise TypeError(f"a probe must be callable, not {type(function).__name__}")
    setattr(function, "__conclave_probe__", True)
    return function
