"""What must hold of aggregate_verdicts whatever the crowd: the sanity suite, by random crowds (Hypothesis)."""

import math
import random
import string

import pytest
from conclave import consensus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LABEL_METHODS = tuple(method for method in consensus.METHODS if not method.endswith("_pool"))
# Derandomized: the same crowds on every machine, and no database of failures beside the tests.
plain = settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
few = settings(plain, max_examples=12)


@st.composite
def crowds(draw, items=(1, 12), experts=(1, 6), classes=(1, 4)):
    """Rows (item, expert, label): any experts say anything of any items, some of them nothing."""
    names = [st.integers(0, draw(st.integers(*size)) - 1) for size in (items, experts, classes)]
    return draw(st.lists(st.tuples(*names), min_size=1, max_size=60))


@st.composite
def worlds(draw, items=(60, 120), experts=(4, 7), skills=(0.6, 0.7, 0.8, 0.9)):
    """(rows, truth): experts who err independently, better than chance, on items of three classes."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    accuracies = draw(st.lists(st.sampled_from(skills), min_size=experts[0], max_size=experts[1]))
    truth = {item: chance.choice("abc") for item in range(draw(st.integers(*items)))}
    rows = []
    for item, right in truth.items():
        for expert, accuracy in enumerate(accuracies):
            rows.append((item, f"e{expert}", right if chance.random() < accuracy else chance.choice([c for c in "abc" if c != right])))
    return rows, truth


def aggregate(rows, *arguments, **options):
    return consensus.aggregate_verdicts(*([row[column] for row in rows] for column in range(3)), *arguments, **options)


def by_item(found):
    return {item: dict(zip(found.classes, row)) for item, row in zip(found.items, found.probabilities.tolist())}


def right(found, truth):
    return sum(truth[item] == label for item, label in zip(found.items, found.labels)) / len(truth)


@pytest.mark.parametrize("method", consensus.METHODS)
@plain
@given(rows=crowds())
def test_every_item_has_a_distribution_and_its_verdict_is_the_likeliest(method, rows):
    found = aggregate(rows, method)
    assert found.items == tuple(sorted({row[0] for row in rows})) and found.experts == tuple(sorted({row[1] for row in rows}))
    for row, label in zip(found.probabilities.tolist(), found.labels):
        assert math.isclose(sum(row), 1, abs_tol=1e-9) and all(0 <= share <= 1 + 1e-9 for share in row)
        assert label is None or row[found.classes.index(label)] == max(row)
    assert all(0 < share < 1 for share in found.reliability)


@pytest.mark.parametrize("method", LABEL_METHODS)
@plain
@given(rows=crowds(), order=st.randoms(use_true_random=False), known=st.booleans())
def test_the_order_of_the_rows_changes_no_bit(method, rows, order, known):
    feedback = {rows[0][0]: rows[0][2]} if known else None
    shuffled = order.sample(rows, len(rows))
    assert aggregate(rows, method, feedback) == aggregate(shuffled, method, feedback)


@pytest.mark.parametrize("method", [method for method in LABEL_METHODS if method != "ebcc"])  # which starts at random, by number
@few
@given(rows=crowds(), order=st.randoms(use_true_random=False))
def test_names_of_experts_items_and_classes_carry_no_weight(method, rows, order):
    names = [dict(zip(range(20), order.sample(string.ascii_letters, 20))) for _ in range(3)]
    plain_ones = by_item(aggregate(rows, method))
    renamed = by_item(aggregate([tuple(names[column][value] for column, value in enumerate(row)) for row in rows], method))
    for item, shares in plain_ones.items():
        for label, share in shares.items():
            assert math.isclose(renamed[names[0][item]][names[2][label]], share, abs_tol=1e-6)


@few
@given(world=worlds(items=(200, 250), experts=(5, 7), skills=(0.7, 0.8, 0.9)), copies=st.integers(1, 6))
def test_duplicates_of_an_expert_move_no_confidence(world, copies):
    rows, _ = world
    doubled = rows + [(item, f"{expert}-copy{n}", label) for item, expert, label in rows if expert == "e0" for n in range(copies)]
    before, after = aggregate(rows), aggregate(doubled)
    assert after.families == (("e0", *(f"e0-copy{n}" for n in range(copies))),) and after.effective_experts == len(before.experts)
    for old, new in zip(before.probabilities.tolist(), after.probabilities.tolist()):
        assert old == pytest.approx(new, abs=0.02)


def world_of_four(seed):
    """The truth of 300 items, and what an expert of a given accuracy says of them."""
    chance = random.Random(seed)
    truth = {item: chance.choice("abcd") for item in range(300)}

    def said(accuracy):
        return {i: t if chance.random() < accuracy else chance.choice([c for c in "abcd" if c != t]) for i, t in truth.items()}

    return truth, said


@few
@given(seed=st.integers(0, 2**32))
def test_six_clones_of_a_bad_expert_do_not_outvote_seven_good_ones(seed):
    truth, said = world_of_four(seed)
    clone = said(0.45)
    rows = [(i, f"clone{n}", clone[i]) for n in range(6) for i in truth]
    rows += [(i, f"good{n}", label) for n, own in enumerate([said(0.7) for _ in range(7)]) for i, label in own.items()]
    found = aggregate(rows)
    assert right(found, truth) >= 0.95 * right(aggregate([row for row in rows if row[1] not in {f"clone{n}" for n in range(1, 6)}]), truth)
    assert right(found, truth) > right(aggregate(rows, "majority"), truth)


@few
@given(seed=st.integers(0, 2**32))
def test_twelve_clones_among_nineteen_are_one_voice(seed):
    truth, said = world_of_four(seed)
    originals = [said(0.75) for _ in range(8)]
    rows = [(i, f"e{n}", label) for n, own in enumerate(originals) for i, label in own.items()]
    cloned = rows + [(i, f"e0-{n}", originals[0][i]) for n in range(11) for i in truth]
    assert right(aggregate(cloned), truth) >= right(aggregate(rows), truth) - 0.01 > 0.9


@plain
@given(experts=st.integers(2, 30), items=st.integers(1, 40))
def test_unanimous_strangers_are_not_certainty(experts, items):
    found = aggregate([(item, expert, item % 2) for item in range(items) for expert in range(experts)])
    assert all(max(row) < 1 for row in found.probabilities.tolist()) or len(found.classes) == 1


@few
@given(world=worlds(items=(40, 60)), item=st.integers(0, 39))
def test_one_loud_expert_flips_no_unanimous_rest(world, item):
    rows, truth = world
    others = [row for row in rows if row[0] != item] + [(item, f"e{n}", "a") for n in range(4)]
    found = aggregate([*others, (item, "loud", "b")])
    assert found.labels[found.items.index(item)] == "a"


@few
@given(world=worlds(items=(80, 120)))
def test_who_is_always_wrong_is_turned_around_by_feedback_only(world):
    rows, truth = world
    flipped = {"a": "b", "b": "c", "c": "a"}
    liar = [(item, "liar", flipped[label]) for item, label in truth.items()]
    alone = aggregate(liar, feedback={item: truth[item] for item in range(60)}, method="dawid_skene")
    assert right(alone, truth) == 1.0
    assert right(aggregate(liar), truth) == 0.0
    assert right(aggregate(rows + liar, feedback={item: truth[item] for item in range(60)}), truth) >= right(aggregate(rows + liar), truth) - 0.05


@few
@given(world=worlds(), share=st.sampled_from([1, 5, 20, 40]))
def test_feedback_is_kept_and_never_costs_much(world, share):
    rows, truth = world
    known = dict(list(truth.items())[:share])
    found = aggregate(rows, feedback=known)
    assert all(found.labels[found.items.index(item)] == label for item, label in known.items())
    assert right(found, truth) >= right(aggregate(rows), truth) - 0.05


@few
@given(seed=st.integers(0, 2**32))
def test_probabilities_of_a_world_as_modelled_mean_what_they_say(seed):
    chance = random.Random(seed)
    truth = {item: chance.choice("ab") for item in range(1500)}
    rows = [
        (item, expert, label if chance.random() < accuracy else "ab".replace(label, ""))
        for expert, accuracy in enumerate((0.75, 0.7, 0.8, 0.65, 0.7))
        for item, label in truth.items()
    ]
    found = aggregate(rows, feedback={item: truth[item] for item in range(500)})
    bins = [[0.0, 0.0] for _ in range(10)]
    for item, row in zip(found.items, found.probabilities.tolist()):
        if item >= 500:
            place = bins[min(9, int(max(row) * 10))]
            place[0] += max(row)
            place[1] += truth[item] == found.classes[row.index(max(row))]
    assert sum(abs(confidence - hits) for confidence, hits in bins) / 1000 <= 0.05


@plain
@given(
    names=st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=6, unique=True),
    labels=st.lists(st.text(max_size=20), min_size=2, max_size=3, unique=True),
)
def test_any_text_is_a_name(names, labels):
    rows = [(name, expert, labels[(i + e) % len(labels)]) for i, name in enumerate(names) for e, expert in enumerate(names)]
    found = aggregate(rows)
    assert set(found.items) == set(found.experts) == set(names) and set(found.classes) == set(labels)
