"""The stub of conclave._core says what the module has, and nothing else."""

import ast
import inspect
import pathlib
import re

import conclave
import pytest
from conclave import _core

STUB = pathlib.Path(conclave.__file__).with_name("_core.pyi")
TREE = ast.parse(STUB.read_text(encoding="utf-8"))
CLASSES = {node.name: node for node in TREE.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = {node.name: node for node in TREE.body if isinstance(node, ast.FunctionDef)}


def public(names):
    return {name for name in names if not name.startswith("_") or name == "_repr_html_"}


def stub_members(node):
    names = set()
    for item in node.body:
        if isinstance(item, ast.FunctionDef):
            names.add(item.name)
        elif isinstance(item, ast.AnnAssign):
            names.add(item.target.id)
    return names


def stub_parameters(node, bound):
    arguments = [argument.arg for argument in node.args.posonlyargs + node.args.args][1 if bound else 0 :]
    required = len(arguments) - len(node.args.defaults)
    shown = [(name, index >= required) for index, name in enumerate(arguments)]
    return shown + [
        (argument.arg, default is not None) for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults)
    ]


def split_parameters(text):
    depth, start, parts, quote = 0, 0, [], False
    for index, char in enumerate(text):
        quote ^= char == "'"
        depth += (char in "([{<") - (char in ")]}>") if not quote else 0
        if char == "," and depth == 0 and not quote:
            parts.append(text[start:index])
            start = index + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def real_parameters(function, bound):
    """(name, has a default) from the first line of a docstring that pybind11 wrote, or from a signature written by hand."""
    if getattr(function, "__text_signature__", None):
        parameters = list(inspect.signature(function).parameters.values())[1 if bound else 0 :]
        return [(parameter.name, parameter.default is not parameter.empty) for parameter in parameters]
    text = re.match(r"\w+\((.*)\) -> ", function.__doc__.splitlines()[0]).group(1).replace("->", "")
    parts = [part for part in split_parameters(text) if part != "*"]
    return [(part.split(":")[0].strip(), "=" in part) for part in parts[1 if bound else 0 :]]


def test_the_module_and_the_stub_have_the_same_names():
    said = set(CLASSES) | set(FUNCTIONS)
    assert said == public(dir(_core))


@pytest.mark.parametrize("name", sorted(name for name in CLASSES if not issubclass(getattr(_core, name), BaseException)))
def test_a_class_and_its_stub_have_the_same_members(name):
    real = getattr(_core, name)
    said = stub_members(CLASSES[name])
    assert public(said) == public(vars(real))
    assert {member for member in said if not hasattr(real, member)} == set()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_and_its_stub_have_the_same_parameters(name):
    assert stub_parameters(FUNCTIONS[name], False) == real_parameters(getattr(_core, name), False)


METHODS = [
    (owner, item)
    for owner, node in sorted(CLASSES.items())
    for item in node.body
    if isinstance(item, ast.FunctionDef)
    and not any(isinstance(d, ast.Attribute) or (isinstance(d, ast.Name) and d.id == "property") for d in item.decorator_list)
    and (not item.name.startswith("__") or item.name == "__init__")
]


@pytest.mark.parametrize("owner, item", METHODS, ids=[f"{owner}.{item.name}" for owner, item in METHODS])
def test_a_method_and_its_stub_have_the_same_parameters(owner, item):
    static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in item.decorator_list)
    type_ = getattr(_core, owner)
    if item.name == "__init__" and type_.__text_signature__:  # written by hand: the signature is that of the type
        assert stub_parameters(item, True) == real_parameters(type_, False)
        return
    real = getattr(type_, item.name)
    assert stub_parameters(item, not static) == real_parameters(real, not static)


def test_everything_public_is_there_and_documented():
    for name in conclave.__all__:
        assert hasattr(conclave, name)
        if not name.startswith("__"):
            assert getattr(conclave, name).__doc__, name
