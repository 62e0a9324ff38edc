"""What conclave.logs.search finds: a lazy sequence of lines."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Union, overload

from conclave import _core

__all__ = ["Expression", "Match", "Matches", "expression", "pattern"]

Expression = Union[str, bytes, "re.Pattern[Any]"]


@dataclass(frozen=True, slots=True)
class Match:
    """A line that was found, or a record. line: its number (of its first line), from 1; text: without its end; time: of its own
    stamp, if it has one."""

    line: int
    text: str
    level: str
    time: datetime.datetime | None

    @property
    def fields(self) -> dict[str, Any]:
        """Those of its (first) line, read anew each time; see conclave.logs.fields_of."""
        return _core.fields_of(self.text.partition("\n")[0])


class Matches(Sequence[Match]):
    """The lines of one log that a search found, or the records, in order. Texts are read when they are asked for; a slice is a view of the same
    lines. `a & b`, `a | b`, `a - b` and `~a` are those of sets of lines (of the same log, else ValueError; of whole results, not
    of slices, else TypeError). Records combine with records of the same log; `~` of them is a TypeError."""

    __slots__ = ("_found", "_range")

    def __init__(self, found: _core.LogMatches, where: range | None = None) -> None:
        self._found = found
        self._range = range(len(found)) if where is None else where

    log = property(lambda self: self._found.log)

    @property
    def numbers(self) -> memoryview:
        """Line numbers, from 1, as unsigned 64-bit integers: shape (len(self),), for numpy.asarray without a copy. As large as
        there are lines."""
        where = self._range
        if not where:
            return self._found.numbers(0, 0)
        first, last = where[0], where[-1]
        numbers = self._found.numbers(min(first, last), abs(last - first) + 1)
        return numbers[:: where.step]

    def rank(self, line: int) -> int:
        """How many of all lines found are at most `line`: "match k of n"."""
        return self._found.rank(line)

    def context(self, around: int) -> list[tuple[int, int]]:
        """(first, last) line numbers of all lines found with `around` lines before and behind each; ranges do not touch."""
        return self._found.context(around)

    @overload
    def __getitem__(self, index: int) -> Match: ...
    @overload
    def __getitem__(self, index: slice) -> Matches: ...
    def __getitem__(self, index: int | slice) -> Match | Matches:
        if isinstance(index, slice):
            return Matches(self._found, self._range[index])
        try:
            k = self._range[index]
        except IndexError:
            raise IndexError(f"match {index} of {len(self._range)}") from None
        return Match(*self._found.record(k))

    def __len__(self) -> int:
        return len(self._range)

    def __iter__(self) -> Iterator[Match]:
        return (Match(*self._found.record(k)) for k in self._range)

    def __contains__(self, item: object) -> bool:
        """Whether a line, by number or as a Match, is among them."""
        line = item.line if isinstance(item, Match) else item
        if not isinstance(line, int) or line < 1 or not self._found.contains(line):
            return False
        return self._found.rank(line) - 1 in self._range and (not isinstance(item, Match) or self._record(line) == item)

    def _record(self, line: int) -> Match:
        return Match(*self._found.record(self._found.rank(line) - 1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Matches):
            return NotImplemented
        if self._found.log != other._found.log:
            return False
        if self._is_whole() and other._is_whole():
            return self._found.same_lines(other._found)
        return self.numbers == other.numbers

    __hash__ = None  # type: ignore[assignment]

    def _is_whole(self) -> bool:
        return self._range == range(len(self._found))

    def _whole(self) -> _core.LogMatches:
        if not self._is_whole():
            raise TypeError("a slice of what a search found is not a set of lines; combine the whole results")
        return self._found

    def __and__(self, other: Matches) -> Matches:
        return Matches(self._whole().intersection(other._whole())) if isinstance(other, Matches) else NotImplemented

    def __or__(self, other: Matches) -> Matches:
        return Matches(self._whole().union(other._whole())) if isinstance(other, Matches) else NotImplemented

    def __sub__(self, other: Matches) -> Matches:
        return Matches(self._whole().difference(other._whole())) if isinstance(other, Matches) else NotImplemented

    def __invert__(self) -> Matches:
        return Matches(self._whole().complement())

    def __repr__(self) -> str:
        kind = "records" if self._found.are_records else "lines"
        return f"<Matches of {self._found.log.name!r}: {len(self)} {kind}>"


def pattern(value: Any) -> tuple[bytes, bool, bool]:
    """A regular expression (str, bytes or compiled) as the engine takes it."""
    if not isinstance(value, re.Pattern):
        if not isinstance(value, (str, bytes)):
            raise TypeError(f"a pattern is str, bytes or a compiled pattern, not {type(value).__name__}")
        return (value.encode() if isinstance(value, str) else value), True, False
    text = value.pattern.encode() if isinstance(value.pattern, str) else value.pattern
    flags = value.flags
    if flags & re.VERBOSE:
        text = b"(?x)" + text
    return text, True, bool(flags & re.IGNORECASE)


def expression(value: Any) -> str | tuple[bytes, bool, bool]:
    """An expression (str), a text as it is (bytes) or a compiled pattern as the engine takes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value, False, False
    if isinstance(value, re.Pattern):
        return pattern(value)
    raise TypeError(f"what to search for is str, bytes or a compiled pattern, not {type(value).__name__}")
