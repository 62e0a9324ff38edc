"""Loads the code of plugins, each under a package of its own, and finds in it what the decorators marked."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import threading
import types
from collections.abc import Callable, Mapping
from typing import Any


class _SourceLoader(importlib.machinery.SourceFileLoader):
    """Compiles anew every time: a cached .pyc of the same second and size would hide an edit."""

    def get_code(self, fullname: str) -> types.CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


_loading = threading.Lock()


def _source_file(info: Mapping[str, Any]) -> tuple[str, str]:
    path = os.path.abspath(os.fspath(info["path"]))
    if os.path.isdir(path):
        module = info.get("module") or os.path.basename(path)
        return os.path.join(path, *module.split(".")) + ".py", path
    return path, os.path.dirname(path)


def load_module(info: Mapping[str, Any]) -> types.ModuleType:
    """The module of a plugin, under a package name of its own, so that two plugins may both have a `helpers.py` (reached by
    `from . import helpers`). OSError if the file cannot be read; whatever its code raises passes through."""
    file, folder = _source_file(info)
    stat = os.stat(file)
    identity = f"{file}\0{info.get('sha256', '')}\0{stat.st_mtime_ns}\0{stat.st_size}"
    package = "conclave_plugin_" + hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    name = f"{package}.{os.path.splitext(os.path.basename(file))[0]}"
    if name in sys.modules:
        return sys.modules[name]
    parent = types.ModuleType(package)
    parent.__path__ = [folder]
    loader = _SourceLoader(name, file)
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    assert spec is not None  # there is a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = parent
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        for loaded in [key for key in sys.modules if key == package or key.startswith(package + ".")]:
            del sys.modules[loaded]
        raise
    return module


def _marked(module: types.ModuleType, mark: str) -> dict[str, Callable[..., Any]]:
    return {
        name: value
        for name, value in vars(module).items()
        if hasattr(value, mark) and getattr(value, "__module__", None) == module.__name__
    }


def _find_function(module: types.ModuleType, info: Mapping[str, Any], kind: str = "expert") -> Callable[..., Any]:
    wanted = info.get("function")
    if wanted:
        function: Callable[..., Any] | None = getattr(module, wanted, None)
        if function is None:
            raise AttributeError(f"{module.__file__} has no function '{wanted}'")
        return function
    marked = _marked(module, f"__conclave_{kind}__")
    if len(marked) != 1:
        found = "none" if not marked else ", ".join(sorted(marked))
        raise AttributeError(f"{module.__file__} should have exactly one function decorated with @conclave.{kind}; found {found}")
    (only,) = marked.values()
    return only


def load_hooks(info: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """The functions of a hook plugin decorated with @conclave.hook, by fixed point; AttributeError if there is none."""
    with _loading:
        module = load_module(info)
    functions = {getattr(value, "__conclave_hook__"): value for value in _marked(module, "__conclave_hook__").values()}
    if not functions:
        raise AttributeError(f"no function in {module.__file__} is decorated with @conclave.hook, so this hook never runs")
    return functions


def load_function(info: Mapping[str, Any], kind: str) -> Callable[..., Any]:
    """The function of a plugin of that kind, such as "rule". AttributeError if it has none."""
    function: Any = info.get("callable")
    if function is None:
        with _loading:
            function = _find_function(load_module(info), info, kind)
    if not callable(function):
        raise TypeError(f"{function!r} is not callable")
    found: Callable[..., Any] = function
    return found


def load_expert(info: Mapping[str, Any]) -> Callable[..., Any]:
    """The callable of an expert, `(evidence, job)`. The same code is loaded once; a class is instantiated each time."""
    found: Any = info.get("callable")
    if found is None:
        with _loading:
            found = _find_function(load_module(info), info)
    function = found() if inspect.isclass(found) else found
    if not callable(function):
        raise TypeError(f"{function!r} is not callable")
    expert: Callable[..., Any] = function
    return expert
