"""Infrastructure configuration: what should run, and every problem with its place."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from typing import Any

from conclave import _core
from conclave._core import ConfigFile, Problem

__all__ = ["ConfigFile", "ConfigParser", "Problem", "check", "read"]


def read(source: str | bytes | os.PathLike[Any]) -> ConfigFile:
    """Reads YAML (text as str or bytes, or a file as os.PathLike) into tree, model and problems. InfrastructureError if it is not
    YAML; OSError if the file cannot be read."""
    return _core.read_config_file(source) if isinstance(source, os.PathLike) else _core.read_config(source)


def check(model: Mapping[str, Any]) -> list[Problem]:
    """Problems of a model {"services": [...], "global_settings": {...}}: too little cpu or memory, ports used twice."""
    return list(_core.check_config(model))


class ConfigParser:
    """Reads configurations; the newest few texts are remembered."""

    __slots__ = ("_read",)

    def __init__(self) -> None:
        self._read = functools.lru_cache(maxsize=16)(_core.read_config)

    def parse_yaml(self, text: str | bytes) -> str:
        """The model {"services": [...], "global_settings": {...}} as JSON text. InfrastructureError if it is not YAML."""
        model = self._read(text).model
        for service in model["services"]:
            service.pop("location", None)
            for number in ("cpu_millicores", "memory_mb"):
                if service[number] == 0:  # the text does not say
                    del service[number]
        return json.dumps(model)

    def validate_config(self, config: str | bytes | Mapping[str, Any]) -> list[Problem]:
        """Every problem of a text (YAML or the JSON of parse_yaml) or of a model."""
        return check(config) if isinstance(config, Mapping) else list(self._read(config).problems)

    def __repr__(self) -> str:
        return "ConfigParser()"
