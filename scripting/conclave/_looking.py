"""Looking at objects without running any of their code: for completion and call tips while somebody types.

No property, ``__getattr__``, ``__dir__`` or ``__repr__`` is called, and ``isinstance`` is avoided where it would ask the object for
its ``__class__``. What only running code could tell is left out.
"""

from __future__ import annotations

import inspect
import io
import keyword
import tokenize
import types
from collections.abc import Mapping
from typing import Any

__all__ = ["NOTHING", "call_tip", "static_names", "static_value"]

NOTHING: Any = object()

_C_FUNCTIONS = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    types.ClassMethodDescriptorType,
)
_PLAIN = (int, float, complex, bool, str, bytes, type(None), type(...))
_LONGEST_DEFAULT = 30
_LONGEST_LINE = 200


_OF_TYPE: Mapping[str, Any] = vars(type)  # its descriptors, which no metaclass hides


def _static_mro(cls: Any) -> tuple[type, ...]:
    mro: tuple[type, ...] = _OF_TYPE["__mro__"].__get__(cls)
    return mro


def _static_dict(cls: type) -> Mapping[str, Any]:
    names: Mapping[str, Any] = _OF_TYPE["__dict__"].__get__(cls)
    return names


def _is(value: object, cls: type) -> bool:
    return any(base is cls for base in _static_mro(type(value)))


def _instance_dict(value: object) -> dict[str, Any]:
    """The object's own attributes, read past any ``__getattribute__`` or property named ``__dict__``."""
    if _is(value, types.ModuleType):
        names: dict[str, Any] = types.ModuleType.__getattribute__(value, "__dict__")
        return names
    for cls in _static_mro(type(value)):
        descriptor = _static_dict(cls).get("__dict__")
        if descriptor is not None:
            if _is(descriptor, types.GetSetDescriptorType):
                found: dict[str, Any] = descriptor.__get__(value)
                return found if _is(found, dict) else {}
            return {}
    return {}


def static_names(value: object) -> set[str]:
    """Names of attributes, as ``dir`` would give them, without running any code of the object."""
    names: set[str] = set()
    classes = [*_static_mro(value)] if _is(value, type) else []
    for cls in (*classes, *_static_mro(type(value))):
        names.update(name for name in _static_dict(cls) if type(name) is str)
    if not classes:
        names.update(name for name in _instance_dict(value) if type(name) is str)
    return names


def static_value(value: object, name: str) -> Any:
    """The attribute, or NOTHING if it is missing or if code would have to run to know it."""
    try:
        found = inspect.getattr_static(value, name)
    except AttributeError:
        return NOTHING
    if type(found) in (staticmethod, classmethod):
        return found.__func__
    is_class = _is(value, type)
    if type(found) is types.MemberDescriptorType and not is_class:  # a slot
        try:
            return found.__get__(value)
        except AttributeError:
            return NOTHING
    if not is_class and name in _instance_dict(value):
        return found
    # Functions describe themselves; any other descriptor would have to be run.
    if type(found) in (types.FunctionType, *_C_FUNCTIONS) or type(found).__name__ == "instancemethod":
        return found
    return NOTHING if any("__get__" in _static_dict(cls) for cls in _static_mro(type(found))) else found


# --- call tips ---------------------------------------------------------------------------------------------------------


def call_tip(names: Mapping[str, Any], text: str) -> str:
    """Of the call that is open at the end of `text`: signature and first line of the docstring, or ""."""
    path = _open_call(text)
    if not path or path[0] not in names:
        return ""
    value = names[path[0]]
    bound = False  # whether the first parameter is filled by the object before the dot
    for name in path[1:]:
        owner, value = value, static_value(value, name)
        if value is NOTHING:
            return ""
        bound = _is_bound(owner, name)
    signature, doc = _described(value, path[-1], bound)
    if not signature and not doc:
        return ""
    first = next((line.strip() for line in doc.splitlines() if line.strip()), "")
    return "\n".join(line[:_LONGEST_LINE] for line in (path[-1] + (signature or "(...)"), first) if line)


def _open_call(text: str) -> list[str]:
    """["report", "to_json"] for ``x = report.to_json(1, [2,``; [] outside of a call."""
    tokens: list[str] = []
    opened: list[int] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.ERRORTOKEN and token.string.strip() in ("'", '"'):
                break  # inside a string
            if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER):
                continue
            if token.type == tokenize.OP and token.string in "([{":
                opened.append(len(tokens))
            elif token.type == tokenize.OP and token.string in ")]}" and opened:
                opened.pop()
            tokens.append(token.string)
    except (tokenize.TokenError, SyntaxError):
        pass  # more lines are to come
    for place in reversed(opened):
        path = _name_before(tokens, place)
        if tokens[place] == "(" and path:
            return path
    return []


def _name_before(tokens: list[str], place: int) -> list[str]:
    path: list[str] = []
    at = place - 1
    while at >= 0 and tokens[at].isidentifier() and not keyword.iskeyword(tokens[at]):
        path.insert(0, tokens[at])
        if at == 0 or tokens[at - 1] != ".":
            return [] if at > 0 and tokens[at - 1] in ("def", "class") else path
        at -= 2
    return []  # something that would have to be run stands before the dot


def _is_bound(owner: object, name: str) -> bool:
    if _is(owner, type):
        held = next((_static_dict(cls)[name] for cls in _static_mro(owner) if name in _static_dict(cls)), None)
        return type(held) in (classmethod, types.ClassMethodDescriptorType)
    if name in _instance_dict(owner):
        return False
    held = next((_static_dict(cls)[name] for cls in _static_mro(type(owner)) if name in _static_dict(cls)), None)
    return type(held) is not staticmethod


def _described(value: Any, name: str, bound: bool) -> tuple[str, str]:
    """(signature in parentheses or "", docstring or "")."""
    kind = type(value)
    if kind is types.MethodType:
        return _described(value.__func__, name, True)
    if kind is types.FunctionType:
        return _signature(value, bound), _text(value.__doc__)
    if kind in _C_FUNCTIONS:
        return _c_signature(value, name, bound)
    if kind.__name__ == "instancemethod":  # of pybind11
        return _described(value.__func__, name, bound)
    if _is(value, type):
        return _constructor(value)
    called = static_value(kind, "__call__")
    return ("", "") if called is NOTHING or type(called) is not types.FunctionType else _described(called, name, True)


def _constructor(cls: type) -> tuple[str, str]:
    doc = _text(_static_dict(cls).get("__doc__"))
    for base in _static_mro(cls):
        for name in ("__init__", "__new__"):
            maker = _static_dict(base).get(name)
            maker = maker.__func__ if type(maker) is staticmethod else maker
            if type(maker) is types.FunctionType:
                return _signature(maker, True).removesuffix(" -> None"), doc
            if type(maker).__name__ == "instancemethod":
                return _described(maker, name, True)[0].removesuffix(" -> None"), doc
    text = _OF_TYPE["__text_signature__"].__get__(cls)
    return _without_first(text, False) if type(text) is str else "", doc


def _c_signature(value: Any, name: str, bound: bool) -> tuple[str, str]:
    doc = _text(value.__doc__)
    if type(value.__text_signature__) is str:
        return _without_first(value.__text_signature__, bound), doc
    first, _, rest = doc.partition("\n")  # pybind11 writes the signature there
    if not first.startswith(f"{name}("):
        return "", doc
    overloaded = first.startswith(f"{name}(*args, **kwargs)")
    signature = first.removeprefix(name)
    if signature.startswith("(self: "):
        end = signature.find(", ")
        signature = "(" + signature[end + 2 :] if 0 <= end < signature.find(")") else "()" + signature.partition(")")[2]
    return ("" if overloaded else signature), rest


def _without_first(signature: str, bound: bool) -> str:
    """Of "($self, x, /)" what a caller writes; `$` marks what is filled in already."""
    inner = [part.strip() for part in " ".join(signature.split()).removeprefix("(").removesuffix(")").split(", ")]
    if inner and (inner[0].startswith("$") or (bound and inner[0] == "self")):
        inner = inner[1:]
        if inner and inner[0] == "/":
            inner = inner[1:]
    return "(" + ", ".join(part for part in inner if part) + ")"


def _signature(function: types.FunctionType, bound: bool) -> str:
    code = function.__code__
    names = code.co_varnames
    positional, keywords = code.co_argcount, code.co_kwonlyargcount
    defaults = function.__defaults__ or ()
    by_name = function.__kwdefaults__ or {}
    annotations = function.__annotations__
    parts: list[str] = []

    def part(name: str, default: Any = NOTHING, stars: str = "") -> str:
        annotation = _annotation(annotations.get(name, NOTHING))
        text = stars + name + (f": {annotation}" if annotation else "")
        return text if default is NOTHING else text + (" = " if annotation else "=") + _default(default)

    first_default = positional - len(defaults)
    for index, name in enumerate(names[:positional]):
        if not (bound and index == 0):
            parts.append(part(name, defaults[index - first_default] if index >= first_default else NOTHING))
        if index + 1 == code.co_posonlyargcount and parts:
            parts.append("/")
    more = positional + keywords
    if code.co_flags & inspect.CO_VARARGS:
        parts.append(part(names[more], stars="*"))
        more += 1
    elif keywords:
        parts.append("*")
    parts += [part(name, by_name.get(name, NOTHING)) for name in names[positional : positional + keywords]]
    if code.co_flags & inspect.CO_VARKEYWORDS:
        parts.append(part(names[more], stars="**"))
    returned = _annotation(annotations.get("return", NOTHING))
    return "(" + ", ".join(parts) + ")" + (f" -> {returned}" if returned else "")


def _annotation(value: Any) -> str:
    if type(value) is str:
        return value
    if value is None:
        return "None"
    return str(_OF_TYPE["__qualname__"].__get__(value)) if type(value) is type else ""


def _default(value: Any) -> str:
    if type(value) is tuple and all(type(item) in _PLAIN for item in value) or type(value) in _PLAIN:
        text = repr(value)
        return text if len(text) <= _LONGEST_DEFAULT else text[:_LONGEST_DEFAULT] + "..."
    return "..."


def _text(doc: Any) -> str:
    return doc if type(doc) is str else ""
