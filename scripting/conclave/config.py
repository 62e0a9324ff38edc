"""Infrastructure configuration: what should run, and every problem with its place."""

from __future__ import annotations

import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from conclave import _core
from conclave._core import ConfigFile, Problem

__all__ = ["ConfigFile", "ConfigParser", "Problem", "check", "read", "read_together"]


# What the JSON of a service has even if it is empty.
_ALWAYS = ("name", "replicas", "ports", "environment", "location")
_MOST_KNOWN = 16
_LONGEST_KNOWN = 1 << 20  # bytes or characters


def read(source: str | bytes | os.PathLike[Any]) -> ConfigFile:
    """Reads a configuration (text as str or bytes, or a file as os.PathLike) into tree, model and problems: the native YAML,
    Docker Compose, Kubernetes manifests or a systemd unit, told apart by what they hold (`kind`). Of a file also what it names
    in its folder or below is read (.env, env_file, extends), never the environment of this process. InfrastructureError if it
    is neither YAML nor a unit; OSError if the file cannot be read."""
    return _core.read_config_file(source) if isinstance(source, os.PathLike) else _core.read_config(source)


def read_together(paths: Iterable[str | os.PathLike[Any]]) -> list[ConfigFile]:
    """Files that are one configuration, such as the manifests of an application: what one names may stand in another. Errors as
    those of read(), for the first file that has one."""
    return _core.read_config_files(paths)


def check(model: Mapping[str, Any]) -> list[Problem]:
    """Problems of a model {"services": [...], "global_settings": {...}}: too little cpu or memory, ports used twice, images
    without a fixed tag, containers without limits or health check."""
    return list(_core.check_config(model))


class ConfigParser:
    """Reads configurations. What a text says is remembered by the SHA-256 of its bytes, so that the same bytes are parsed once: the 16
    used last, of at most 1 MiB each."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, ConfigFile] = OrderedDict()

    def _read(self, text: str | bytes) -> ConfigFile:
        if len(text) > _LONGEST_KNOWN:
            return _core.read_config(text)
        content = text.encode("utf-8", "replace") if isinstance(text, str) else bytes(text)
        key = hashlib.sha256(content).digest()
        file = self._known.pop(key, None) or _core.read_config(text)
        self._known[key] = file
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return file

    def parse_yaml(self, text: str | bytes) -> str:
        """The model {"services": [...], "global_settings": {...}} as JSON text, of a service only what is said. Settings keep the
        types they have in YAML 1.2; .nan and .inf, which JSON lacks, are null. InfrastructureError if it is not YAML."""
        file = self._read(text)
        model = file.model
        for service in model["services"]:
            for unsaid in [key for key in service if key not in _ALWAYS and not service[key]]:
                del service[unsaid]
            service.pop("location")
            service.pop("bindings", None)
        if file.kind == "native" and isinstance(file.tree, dict):
            model["global_settings"] = file.tree.get("global_settings") or {}
        return json.dumps(model)

    def validate_config(self, config: str | bytes | Mapping[str, Any]) -> list[Problem]:
        """Every problem of a text (YAML or the JSON of parse_yaml) or of a model."""
        return check(config) if isinstance(config, Mapping) else list(self._read(config).problems)

    def __repr__(self) -> str:
        return "ConfigParser()"
