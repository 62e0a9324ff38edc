"""Which plugin a name means, and whether it may run. Plugins are dicts as _core.read_catalog returns them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from conclave import _core


def may_run(info: Mapping[str, Any]) -> bool:
    return info.get("enabled", True) and not info.get("forbidden")


def why_not(info: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Rule, message and fix, as the report's problems have them; [] for what may run."""
    if not info.get("enabled", True):
        return [("disabled", "you disabled it", f"conclave plugins enable {info['name']}")]
    if info.get("forbidden"):
        return [("policy", info["forbidden"], "")]
    if info.get("trust") == "untrusted":
        return [("consent", "it comes with the case, and nobody agreed to its content", "conclave plugins lock CASE")]
    return []


def find(name: str, kind: str, plugins: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The plugin of that name and kind, the last one if there are several. CircleError if there is none, or if it may not run."""
    found = {info["name"]: info for info in plugins}
    info = found.get(name)
    if info is None:
        near = difflib.get_close_matches(name, [name for name, info in found.items() if info["kind"] == kind], 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise _core.CircleError(f"there is no {kind} '{name}'{hint}")
    if info["kind"] != kind:
        raise _core.CircleError(f"plugin '{name}' is no {kind} but of kind {info['kind']}")
    for _, why, fix in why_not(info):
        raise _core.CircleError(f"{kind} '{name}' did not run: {why}" + (f"; `{fix}` allows it" if fix else ""))
    return info
