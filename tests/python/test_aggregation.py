"""conclave.consensus.aggregate_verdicts and krippendorff_alpha."""

import array
import asyncio
import csv
import math
import os
import pathlib
import pickle
import random

import pytest
from conclave import ConclaveError, consensus

LABEL_METHODS = ("pool", "majority", "wawa", "dawid_skene", "one_coin", "ibcc", "ebcc")


def crowd(items=60, seed=1, accuracies=(0.9, 0.8, 0.7, 0.8, 0.75)):
    """(rows, truth): each expert labels each item and is right as often as told."""
    chance = random.Random(seed)
    truth = {f"item{i}": chance.choice(["cat", "dog", "owl"]) for i in range(items)}
    rows = []
    for item, right in truth.items():
        for expert, accuracy in enumerate(accuracies):
            wrong = chance.choice([label for label in ("cat", "dog", "owl") if label != right])
            rows.append((item, f"expert{expert}", right if chance.random() < accuracy else wrong))
    return rows, truth


def aggregate(rows, *arguments, **options):
    return consensus.aggregate_verdicts(*([row[column] for row in rows] for column in range(3)), *arguments, **options)


@pytest.mark.parametrize("method", consensus.METHODS)
def test_a_verdict_per_item_with_its_probabilities(method):
    rows, truth = crowd()
    found = aggregate(rows, method)
    assert found.method == method and found.classes == ("cat", "dog", "owl") and found.experts == tuple(f"expert{i}" for i in range(5))
    assert found.items == tuple(sorted(truth)) and found.probabilities.shape == (60, 3) and found.probabilities.format == "d"
    right = sum(truth[item] == label for item, label in zip(found.items, found.labels))
    assert right >= 54
    for row, label in zip(found.probabilities.tolist(), found.labels):
        assert math.isclose(sum(row), 1) and (label is None or found.classes[row.index(max(row))] == label)
    assert len(found.reliability) == 5 and found.reliability[0] > found.reliability[2] and all(0 < r < 1 for r in found.reliability)
    assert (found.converged is None) == (method in ("pool", "majority", "wawa", "linear_pool", "log_pool"))


@pytest.mark.parametrize("method", LABEL_METHODS)
def test_the_order_of_the_rows_changes_no_bit(method):
    rows, _ = crowd()
    shuffled = random.Random(3).sample(rows, len(rows))
    assert aggregate(rows, method, seed=7) == aggregate(shuffled, method, seed=7)


def test_the_seed_matters_where_something_starts_at_random():
    rows, _ = crowd(accuracies=(0.6, 0.55, 0.5, 0.6))
    one, other = (aggregate(rows, "ebcc", seed=seed).probabilities.tobytes() for seed in (1, 2))
    assert one != other
    assert aggregate(rows, "ebcc", seed=1).probabilities.tobytes() == one


def test_names_come_back_as_they_went_in():
    found = consensus.aggregate_verdicts(array.array("i", [7, 3, 3]), ("b", 2, "a"), [True, False, False], "majority")
    assert found.items == (3, 7) and found.experts == (2, "a", "b") and found.labels == (False, True)
    assert all(type(label) is bool for label in found.labels)


def test_a_tie_has_no_winner():
    found = consensus.aggregate_verdicts([1, 1], ["a", "b"], ["yes", "no"])
    assert found.labels == (None,) and found.probabilities.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("method", consensus.METHODS)
def test_nothing_gives_nothing(method):
    found = consensus.aggregate_verdicts([], [], [], method)
    assert found.items == found.labels == found.classes == found.experts == () and found.probabilities.nbytes == 0


@pytest.mark.parametrize("method", consensus.METHODS)
def test_one_expert_alone_is_believed(method):
    found = consensus.aggregate_verdicts([1, 2], ["a", "a"], ["yes", "no"], method)
    assert found.labels == ("yes", "no")


@pytest.mark.parametrize("method", consensus.METHODS)
def test_feedback_is_the_verdict_of_its_items(method):
    rows, truth = crowd()
    found = aggregate(rows, method, feedback={"item3": "bat", "item4": truth["item4"]})
    verdicts = dict(zip(found.items, found.labels))
    assert "bat" in found.classes and verdicts["item3"] == "bat" and verdicts["item4"] == truth["item4"]
    assert found.probabilities.tolist()[found.items.index("item3")][found.classes.index("bat")] == 1.0


def test_feedback_teaches_whom_to_believe():
    # Three clones of a guesser against one who knows: only feedback can tell.
    chance = random.Random(5)
    truth = {i: chance.choice("ab") for i in range(200)}
    guesses = {i: chance.choice("ab") for i in range(200)}
    rows = [(i, f"clone{n}", guesses[i]) for i in truth for n in range(3)] + [(i, "sage", truth[i]) for i in truth]

    def right(found):
        return sum(truth[i] == label for i, label in zip(found.items, found.labels)) / 200

    assert right(aggregate(rows)) < 0.65
    assert right(aggregate(rows, "dawid_skene", feedback={i: truth[i] for i in range(100)})) > 0.95


def test_copies_are_heard_as_one_and_named():
    rows, truth = crowd(items=200, accuracies=(0.75, 0.8, 0.75, 0.8, 0.75, 0.7))
    copied = rows + [(item, "copy", label) for item, expert, label in rows if expert == "expert0"]
    found = aggregate(copied)
    assert found.families == (("copy", "expert0"),) and found.effective_experts == 6 and len(found.experts) == 7
    assert pickle.loads(pickle.dumps(found)) == found
    assert aggregate(rows).families == () == aggregate(copied, "majority").families


def test_opinions_are_pooled():
    opinions = [{"up": 0.9, "down": 0.1}, {"up": 0.5, "down": 0.5}]
    linear, log = (consensus.aggregate_verdicts(["x", "x"], ["a", "b"], opinions, kind) for kind in ("linear_pool", "log_pool"))
    assert linear.classes == ("down", "up") and linear.labels == ("up",)
    assert linear.probabilities.tolist()[0] == pytest.approx([0.3, 0.7]) and log.probabilities.tolist()[0] == pytest.approx([0.25, 0.75])


NAN = float("nan")
WRONG = [
    (([1, 2], ["a"], ["x", "y"]), {}, "row 1: is not whole; there are 2 items, 1 experts, 2 labels"),
    (([1, 1], ["a", None], ["x", "y"]), {}, "row 1: the expert is None"),
    (([1, NAN], ["a", "b"], ["x", "y"]), {}, "row 1: the item is not a number"),
    (([1, 1, 1], ["a", "b", "c"], ["x", "y", NAN]), {}, "row 2: the label is not a number"),
    (([1, 1], ["a", "b"], ["x", ["y"]]), {}, "row 1: the label is of type list"),
    (([1, 1], ["a", "b"], ["x", {"y": 1.0}]), {}, "row 1: the label holds probabilities, which linear_pool and log_pool take, not pool"),
    (([1], ["a"], [{"x": 0.5}]), {"method": "log_pool"}, "row 0: the probabilities add up to 0.5, not to 1"),
    (([1], ["a"], [{"x": 1.5, "y": -0.5}]), {"method": "linear_pool"}, "row 0: the probability of 'x' is 1.5, not a number from 0 to 1"),
    (([1], ["a"], [{"x": NAN}]), {"method": "linear_pool"}, "row 0: the probability of 'x' is nan"),
    (([1], ["a"], [{}]), {"method": "linear_pool"}, "row 0: the probabilities add up to 0.0"),
    (([1], ["a"], ["x"]), {"method": "mace"}, "method is pool, majority, .* or log_pool, not 'mace'"),
    (([1], ["a"], ["x"]), {"feedback": {2: "x"}}, "feedback is about item 2, which nobody labelled"),
    (([1], ["a"], ["x"]), {"feedback": {1: None}}, "feedback about item 1 is None"),
    (([1], ["a"], ["x"]), {"seed": -1}, "seed must be an int"),
]  # fmt: skip


@pytest.mark.parametrize("columns, options, message", WRONG, ids=[message[:40] for *_, message in WRONG])
def test_wrong_input_is_named_by_its_row(columns, options, message):
    with pytest.raises(ValueError, match=message):
        consensus.aggregate_verdicts(*columns, **options)


def test_one_text_is_no_column():
    with pytest.raises(TypeError, match="labels must be a sequence"):
        consensus.aggregate_verdicts([1, 2], ["a", "b"], "xy")


def test_what_would_take_too_much_memory_is_refused():
    many = list(range(20_000))
    with pytest.raises(ConclaveError, match="take more than 1 GiB"):
        consensus.aggregate_verdicts(many, ["a"] * len(many), many, "dawid_skene")


def test_it_can_be_awaited():
    rows, _ = crowd()
    columns = [[row[column] for row in rows] for column in range(3)]
    assert asyncio.run(consensus.aggregate_verdicts_async(*columns)) == consensus.aggregate_verdicts(*columns)


def test_agreement_is_one_zero_or_nothing():
    assert float(consensus.krippendorff_alpha([1, 1, 2, 2], list("abab"), list("xxyy"))) == 1.0
    found = consensus.krippendorff_alpha([1, 1, 2, 2, 3], list("ababa"), list("xyxyx"))
    assert found.items == 2 and found.labels == 4 and found.alpha < 0 and found.low <= found.alpha <= found.high
    assert math.isnan(consensus.krippendorff_alpha([], [], []).alpha)
    rows, _ = crowd()
    columns = [[row[column] for row in rows] for column in range(3)]
    found = consensus.krippendorff_alpha(*columns, seed=3)
    assert found.low < found.alpha < found.high and found == consensus.krippendorff_alpha(*columns, seed=3)
    with pytest.raises(ValueError, match="row 1: the label is None"):
        consensus.krippendorff_alpha([1, 1], ["a", "b"], ["x", None])


SETS = pathlib.Path(os.environ.get("CONCLAVE_SHARED", pathlib.Path(__file__).parents[3] / "shared"), "data", "consensus")


def columns_of(path):
    with open(path, newline="") as file:
        return list(zip(*list(csv.reader(file))[1:]))


@pytest.mark.skipif(not SETS.is_dir(), reason="no ../shared/data/consensus here")
@pytest.mark.parametrize("name", ["adult", "bluebird", "dog", "product", "rte", "sp_amt", "zencrowd_in"])
def test_the_default_is_never_far_below_the_majority_and_means_what_it_says(name):
    columns = columns_of(SETS / name / "label.csv")
    truth = dict(zip(*columns_of(SETS / name / "truth.csv")))

    def right(found):
        return sum(truth[item] == label for item, label in zip(found.items, found.labels) if item in truth) / len(truth)

    found = consensus.aggregate_verdicts(*columns)
    assert right(found) >= right(consensus.aggregate_verdicts(*columns, "majority")) - 0.01
    confidence = sum(max(row) for item, row in zip(found.items, found.probabilities.tolist()) if item in truth) / len(truth)
    assert abs(confidence - right(found)) < 0.08


@pytest.mark.skipif(not SETS.is_dir(), reason="no ../shared/data/consensus here")
def test_a_hundred_judged_questions_make_many_models_as_good_as_the_best_of_them():
    with open(SETS / "mmlupro" / "answers.csv", newline="") as file:
        head, *questions = csv.reader(file)
    truth = {question[0]: question[2] for question in questions}
    rows = [(question[0], model, answer) for question in questions for model, answer in zip(head[3:], question[3:]) if answer]
    best = max(sum(truth[item] == answer for item, model, answer in rows if model == name) for name in head[3:]) / len(truth)

    def right(judged):
        found = aggregate(rows, feedback={item: truth[item] for item in judged})
        return sum(truth[item] == label for item, label in zip(found.items, found.labels) if item not in judged) / (len(truth) - len(judged))

    splits = [random.Random(seed).sample(sorted(truth), 100) for seed in range(3)]
    assert sum(right(set(judged)) for judged in splits) / 3 >= best
    assert right(set()) < best - 0.05
