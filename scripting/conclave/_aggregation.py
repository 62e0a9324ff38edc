"""Names of items, experts and classes to numbers and back; the engine aggregates the numbers.

Names are sorted (numbers before texts), so that the order of the rows cannot matter.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Union

from conclave import _async, _core

__all__ = ["METHODS", "Agreement", "Aggregation", "aggregate_verdicts", "aggregate_verdicts_async", "krippendorff_alpha"]

Name = Union[str, int, float, bool]
OPINION_POOLS = ("linear_pool", "log_pool")
METHODS: tuple[str, ...] = (*_core.aggregation_methods(), *OPINION_POOLS)
_PLAIN = {str, int, bool}


@dataclass(frozen=True, slots=True, repr=False)
class Aggregation:
    """A verdict per item. `labels[i]` is that of `items[i]`: the most probable of `classes`, None where several are (a tie).
    `probabilities` has a row for each item and a column for each class, `reliability` a number for each of `experts`: the share of
    its labels that the result holds for true, as the mean of a beta distribution (one right and one wrong before the first), inside
    (0, 1). Both are memoryviews of float64, which numpy.asarray does not copy. `converged` is None for methods that do not
    iterate, and for the pool; else whether `iterations` were enough. `families` are experts that "pool" heard as one: near-copies,
    which agree with each other far more than their accuracies explain, on 20 items or more; `effective_experts` counts a family once."""

    items: tuple[Any, ...]
    labels: tuple[Any, ...]
    probabilities: memoryview
    classes: tuple[Any, ...]
    experts: tuple[Any, ...]
    reliability: memoryview
    method: str = "pool"
    iterations: int = 0
    converged: bool | None = None
    families: tuple[tuple[Any, ...], ...] = ()

    @property
    def effective_experts(self) -> int:
        return len(self.experts) - sum(len(family) - 1 for family in self.families)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"<Aggregation by {self.method}: {len(self.items)} items, {len(self.experts)} experts, {len(self.classes)} classes, "
            f"{self.labels.count(None)} ties>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        numbers = bytes(self.probabilities), bytes(self.reliability)
        return _restored, (self.items, self.labels, self.classes, self.experts, self.method, self.iterations, self.converged, self.families, *numbers)


def _restored(
    items: tuple[Any, ...],
    labels: tuple[Any, ...],
    classes: tuple[Any, ...],
    experts: tuple[Any, ...],
    method: str,
    iterations: int,
    converged: bool | None,
    families: tuple[tuple[Any, ...], ...],
    probabilities: bytes,
    reliability: bytes,
) -> Aggregation:
    rows = _core.rows_of_numbers(array("d", probabilities), len(items), len(classes))
    shares = memoryview(array("d", reliability)).toreadonly()
    return Aggregation(items, labels, rows, classes, experts, shares, method, iterations, converged, families)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's alpha: at most 1 (all agree), 0 as by chance, negative for less than that; NaN where nothing could vary.
    From `low` to `high` reach the middle 95 % of bootstrap draws over items. `items` had two labels or more, `labels` of them."""

    alpha: float
    low: float
    high: float
    items: int
    labels: int

    def __float__(self) -> float:
        return self.alpha


def _listed(values: Iterable[Any], what: str) -> list[Any]:
    if isinstance(values, (str, bytes, Mapping)):
        raise TypeError(f"{what} must be a sequence with one entry for each row, not {type(values).__name__}")
    # NumPy, pandas, array and memoryview know how to become plain Python values.
    to_list = getattr(values, "tolist", None)
    listed = to_list() if to_list is not None else list(values)
    if not isinstance(listed, list):
        raise ValueError(f"{what} must have one dimension")
    return listed


def _wrong_name(value: Any) -> str:
    if value is None:
        return "is None"
    if isinstance(value, float):
        return "is not a number" if math.isnan(value) else ""
    if isinstance(value, (str, int)):
        return ""
    return f"is of type {type(value).__name__}, not str, int or float"


def _refuse_wrong_names(values: list[Any], what: str) -> None:
    if set(map(type, values)) <= _PLAIN:
        return
    for row, value in enumerate(values):
        if problem := _wrong_name(value):
            raise ValueError(f"row {row}: {what} {problem}")


def _order(name: Name) -> tuple[bool, Any]:
    return isinstance(name, str), name


def _numbered(names: Iterable[Hashable]) -> dict[Any, int]:
    return {name: number for number, name in enumerate(sorted(set(names), key=_order))}  # type: ignore[arg-type]


def _numbers(values: list[Any], numbers: dict[Any, int]) -> array[int]:
    return array("I", map(numbers.__getitem__, values))


def _rows(items: Iterable[Any], experts: Iterable[Any], labels: Iterable[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    columns = _listed(items, "items"), _listed(experts, "experts"), _listed(labels, "labels")
    if len({len(column) for column in columns}) > 1:
        shortest = min(map(len, columns))
        lengths = ", ".join(f"{len(column)} {what}" for column, what in zip(columns, ("items", "experts", "labels")))
        raise ValueError(f"row {shortest}: is not whole; there are {lengths}")
    _refuse_wrong_names(columns[0], "the item")
    _refuse_wrong_names(columns[1], "the expert")
    return columns


def _checked_feedback(feedback: Mapping[Any, Any] | None, items: dict[Any, int]) -> dict[Any, Any]:
    known = {} if feedback is None else dict(feedback)
    for item, label in known.items():
        if item not in items:
            raise ValueError(f"feedback is about item {item!r}, which nobody labelled")
        if problem := _wrong_name(label):
            raise ValueError(f"feedback about item {item!r} {problem}")
    return known


def _truth(known: dict[Any, Any], items: dict[Any, int], classes: dict[Any, int]) -> array[int] | None:
    if not known:
        return None
    truth = array("i", [-1]) * len(items)
    for item, label in known.items():
        truth[items[item]] = classes[label]
    return truth


def _distribution(opinion: Any, row: int) -> Mapping[Any, float]:
    if not isinstance(opinion, Mapping):
        if problem := _wrong_name(opinion):
            raise ValueError(f"row {row}: the label {problem}")
        return {opinion: 1.0}
    for label, share in opinion.items():
        if problem := _wrong_name(label):
            raise ValueError(f"row {row}: a label {problem}")
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise ValueError(f"row {row}: the probability of {label!r} is {share!r}, not a number from 0 to 1")
    total = math.fsum(opinion.values())
    if abs(total - 1) > 1e-6:
        raise ValueError(f"row {row}: the probabilities add up to {total!r}, not to 1")
    return opinion


class _Question:
    """One call: names numbered, the engine's operation, and its answer with names again."""

    def __init__(
        self, items: Iterable[Any], experts: Iterable[Any], labels: Iterable[Any], method: str, feedback: Mapping[Any, Any] | None, seed: int
    ) -> None:
        if method not in METHODS:
            raise ValueError(f"method is {', '.join(METHODS[:-1])} or {METHODS[-1]}, not {method!r}")
        item_rows, expert_rows, said = _rows(items, experts, labels)
        self.method = method
        self.items, self.experts = _numbered(item_rows), _numbered(expert_rows)
        known = _checked_feedback(feedback, self.items)
        columns = _numbers(item_rows, self.items), _numbers(expert_rows, self.experts)
        self.name: str
        self.arguments: tuple[Any, ...]
        if method in OPINION_POOLS:
            opinions = [_distribution(opinion, row) for row, opinion in enumerate(said)]
            self.classes = _numbered([*(label for opinion in opinions for label in opinion), *known.values()])
            values = array("d", bytes(8 * len(opinions) * len(self.classes)))
            for row, opinion in enumerate(opinions):
                for label, share in opinion.items():
                    values[row * len(self.classes) + self.classes[label]] = share / math.fsum(opinion.values())
            self.name, self.arguments = "pool_opinions", (*columns, values, self._counts(), method == "log_pool")
        else:
            _refuse_labels(said, method)
            self.classes = _numbered([*said, *known.values()])
            self.name, self.arguments = "aggregate_labels", (*columns, _numbers(said, self.classes), self._counts(), method)
        self.options: dict[str, Any] = {"truth": _truth(known, self.items, self.classes)}
        if self.name == "aggregate_labels":
            self.options["seed"] = _seed(seed)

    def _counts(self) -> tuple[int, int, int]:
        return len(self.items), len(self.experts), len(self.classes)

    def answer(self, found: tuple[Any, ...]) -> Aggregation:
        probabilities, chosen, reliability, iterations, converged, of_expert = found
        classes = tuple(self.classes)
        labels = tuple(None if number < 0 else classes[number] for number in chosen)
        experts = tuple(self.experts)
        families: dict[int, list[Any]] = {}
        for expert, family in zip(experts, of_expert):
            families.setdefault(family, []).append(expert)
        copies = tuple(tuple(family) for family in families.values() if len(family) > 1)
        return Aggregation(
            tuple(self.items), labels, probabilities, classes, experts, reliability, self.method, iterations, converged, copies
        )


def _refuse_labels(said: list[Any], method: str) -> None:
    for row, label in enumerate(said) if not set(map(type, said)) <= _PLAIN else ():
        if isinstance(label, Mapping):
            raise ValueError(f"row {row}: the label holds probabilities, which {' and '.join(OPINION_POOLS)} take, not {method}")
        if problem := _wrong_name(label):
            raise ValueError(f"row {row}: the label {problem}")


def _seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**64:
        raise ValueError(f"seed must be an int from 0 to 2**64 - 1, not {seed!r}")
    return seed


def aggregate_verdicts(
    items: Iterable[Any],
    experts: Iterable[Any],
    labels: Iterable[Any],
    method: str = "pool",
    feedback: Mapping[Any, Any] | None = None,
    seed: int = 0,
) -> Aggregation:
    """A verdict per item, from rows that say which expert gave which label to which item.

    items, experts, labels: three sequences or arrays of the same length, of str, int or float. An expert that labels an item twice
    is heard twice. method: "pool" (several models, each made as cautious as the labels ask for, averaged), "majority", "wawa",
    "dawid_skene", "one_coin", "ibcc", "ebcc"; "linear_pool" and "log_pool" also take mappings from label to probability for labels.
    feedback: item -> true label, also one that nobody gave; such items have that verdict, and teach how reliable experts are. With
    "pool" they also teach how far to trust the pool, and each expert beside it, whose votes may only repeat others or be wrong: a
    ridge conditional logit, which counts the more the better it foretells judged items that it was not told.
    seed: for what starts at random ("ebcc"). The same rows in any order give the same result, bit by bit.

    Raises ValueError that names the row (from 0) for what is no name, missing (None, NaN) or of another length, for an unknown
    method, and for feedback about other items; conclave.ConclaveError if it would take more than 1 GiB."""
    question = _Question(items, experts, labels, method, feedback, seed)
    return question.answer(getattr(_core, question.name)(*question.arguments, **question.options))


async def aggregate_verdicts_async(
    items: Iterable[Any],
    experts: Iterable[Any],
    labels: Iterable[Any],
    method: str = "pool",
    feedback: Mapping[Any, Any] | None = None,
    seed: int = 0,
) -> Aggregation:
    """aggregate_verdicts, awaited; cancelling it stops the engine."""
    question = _Question(items, experts, labels, method, feedback, seed)
    return question.answer(await _async.run(_core._operations[question.name](*question.arguments, **question.options)))


def krippendorff_alpha(
    items: Iterable[Any], experts: Iterable[Any], labels: Iterable[Any], *, seed: int = 0, draws: int = 1000
) -> Agreement:
    """How far experts agree, whoever of them labelled which item. Three sequences or arrays as for aggregate_verdicts; labels are
    names without an order. Interval from `draws` bootstrap draws over items (0 to 1,000,000)."""
    item_rows, expert_rows, said = _rows(items, experts, labels)
    _refuse_labels(said, "krippendorff_alpha")
    if isinstance(draws, bool) or not isinstance(draws, int) or not 0 <= draws <= 1_000_000:
        raise ValueError(f"draws must be an int from 0 to 1000000, not {draws!r}")
    columns = [_numbered(names) for names in (item_rows, expert_rows, said)]
    numbers = [_numbers(rows, names) for rows, names in zip((item_rows, expert_rows, said), columns)]
    counts = len(columns[0]), len(columns[1]), len(columns[2])
    return Agreement(*_core.alpha_of_labels(numbers[0], numbers[1], numbers[2], counts, _seed(seed), draws))
