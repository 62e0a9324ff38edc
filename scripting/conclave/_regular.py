"""Python's regular expressions on bytes as the engine's own, where both surely mean the same."""

from __future__ import annotations

import re
from re import _constants as op, _parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["for_engine"]

_CLASSES = {
    op.CATEGORY_DIGIT: frozenset(b"0123456789"),
    op.CATEGORY_SPACE: frozenset(b" \t\n\r\f\v"),
    op.CATEGORY_WORD: frozenset(b"0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
}
_CLASSES |= {
    getattr(op, str(each).replace("CATEGORY_", "CATEGORY_NOT_")): frozenset(range(256)) - members for each, members in _CLASSES.items()
}
_PLACES = {
    op.AT_BEGINNING: "^",
    op.AT_BEGINNING_STRING: "^",
    op.AT_END: "$",
    op.AT_END_STRING: "$",
    op.AT_BOUNDARY: r"\b",
}
_MOST_REPEATS = 255


class _Other(Exception):
    """The expression has something that the engine does not have, or that it may understand in another way."""


def for_engine(pattern: re.Pattern[bytes]) -> tuple[bytes, bool, bool] | None:
    """What matches in exactly the lines, without their ends, in which `pattern` does, as the engine takes regular expressions; None
    if that cannot be said.

    Said it is of expressions that are regular in the strict sense: sequences, alternatives, repetitions, classes of bytes, "^", "$"
    and "\\b". Whether one matches somewhere does not depend on the order in which an engine tries. It is written anew from what Python
    has parsed, with classes spelled out as bytes, so that nothing rests on how the engine reads Python's syntax.
    """
    if pattern.flags & re.LOCALE:
        return None
    any_case = bool(pattern.flags & re.IGNORECASE)
    try:
        text = _sequence(_parser.parse(pattern.pattern, pattern.flags), any_case)
    except (_Other, RecursionError):
        return None
    return text.encode("ascii"), True, any_case


def _sequence(items: Any, any_case: bool) -> str:
    return "".join(_item(code, value, any_case) for code, value in items)


def _item(code: Any, value: Any, any_case: bool) -> str:
    if code is op.LITERAL:
        return _literal(value)
    if code is op.NOT_LITERAL:
        return _class(frozenset(range(256)) - _with_cases({value}, any_case))
    if code is op.ANY:
        return _class(frozenset(range(256)))
    if code is op.IN:
        return _class(_members(value, any_case))
    if code is op.AT and value in _PLACES:
        return _PLACES[value]
    if code is op.BRANCH:
        return "(?:" + "|".join(_sequence(each, any_case) for each in value[1]) + ")"
    if code is op.SUBPATTERN:
        _, added, removed, items = value
        if added or removed:
            raise _Other
        return "(?:" + _sequence(items, any_case) + ")"
    if code is op.MAX_REPEAT or code is op.MIN_REPEAT:
        least, most, items = value
        if least > _MOST_REPEATS or (most is not op.MAXREPEAT and most > _MOST_REPEATS):
            raise _Other
        return f"(?:{_sequence(items, any_case)}){{{least},{'' if most is op.MAXREPEAT else most}}}"
    raise _Other


def _literal(byte: int) -> str:
    letter = chr(byte)
    if letter.isascii() and (letter.isalnum() or letter in " _"):
        return letter
    return "\\" + letter if "!" <= letter <= "~" else f"\\x{byte:02x}"


def _with_cases(members: set[int], any_case: bool) -> frozenset[int]:
    return frozenset(members | set(bytes(members).swapcase())) if any_case else frozenset(members)


def _members(items: Any, any_case: bool) -> frozenset[int]:
    members: set[int] = set()
    negated = False
    for code, value in items:
        if code is op.NEGATE:
            negated = True
        elif code is op.LITERAL:
            members.add(value)
        elif code is op.RANGE:
            members.update(range(value[0], value[1] + 1))
        elif code is op.CATEGORY and value in _CLASSES:
            members |= _CLASSES[value]
        else:
            raise _Other
    found = _with_cases(members, any_case)
    return frozenset(range(256)) - found if negated else found


def _class(members: frozenset[int]) -> str:
    members -= {ord("\n")}  # which no line holds: nothing is looked for beyond one
    if not members:
        raise _Other
    ranges: list[list[int]] = []
    for byte in sorted(members):
        if ranges and ranges[-1][1] == byte - 1:
            ranges[-1][1] = byte
        else:
            ranges.append([byte, byte])
    return "[" + "".join(f"\\x{first:02x}-\\x{last:02x}" for first, last in ranges) + "]"
