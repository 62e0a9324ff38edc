"""Infrastructure configuration: what should run, and every problem with its place."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from conclave import _core
from conclave._core import ConfigFile, Problem

__all__ = ["ConfigFile", "ConfigParser", "Problem", "check", "read", "read_together"]


# What the JSON of a service has even if it is empty.
_ALWAYS = ("name", "replicas", "ports", "environment", "location")


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
    """Reads configurations; the newest few texts are remembered."""

    __slots__ = ("_read",)

    def __init__(self) -> None:
        self._read = functools.lru_cache(maxsize=16)(_core.read_config)

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
