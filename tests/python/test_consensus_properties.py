"""What must hold of every circle, on generated ones: no order, thread, name or form of Unicode decides, nobody outshouts, copies are no
witnesses, and a matrix is a matrix."""

import math
import unicodedata

import conclave
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

numpy = pytest.importorskip("numpy")

LABELS = ["healthy", "degraded", "failing"]
CASES = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

words = st.sampled_from("disk full café naïve 12 errors in app.log no space left 東京 שלום 🔥 ok\x00".split(" "))
texts = st.lists(words, max_size=8).map(" ".join) | st.text(max_size=40)
confidences = st.floats(0, 1, allow_subnormal=False)
shares = st.lists(st.integers(1, 9), min_size=3, max_size=3).map(
    lambda parts: {label: part / sum(parts) for label, part in zip(LABELS, parts)}
)
verdicts = st.sampled_from(LABELS) | shares | st.permutations(LABELS).map(tuple) | st.none()


@st.composite
def circles(draw, least=0, most=7, verdict=verdicts):
    count = draw(st.integers(least, most))
    return [
        {
            "expert_name": f"expert {number}",
            "content": draw(texts),
            "confidence": draw(confidences),
            "verdict": draw(verdict),
            "scope": draw(st.sampled_from(["logs", "services"])),
        }
        for number in range(count)
    ]


def concluded(responses, **settings):
    return conclave.consensus.conclude(responses, config=conclave.CircleConfig(**settings))


@CASES
@given(circles(least=1), st.randoms(use_true_random=False), st.sampled_from(["cosine", "jaccard", "levenshtein"]))
def test_no_order_and_no_thread_changes_a_bit(responses, random, algorithm):
    expected = concluded(responses, similarity_algorithm=algorithm, enable_parallel_processing=False).to_dict()
    shuffled = random.sample(responses, len(responses))
    for threads in (0, 1, 2):
        assert concluded(shuffled, similarity_algorithm=algorithm, max_threads=threads).to_dict() == expected


@CASES
@given(circles(verdict=st.sampled_from(LABELS) | shares | st.permutations(LABELS).map(tuple)), st.permutations(LABELS))
def test_new_names_for_the_labels_rename_the_verdict(responses, names):
    renaming = dict(zip(LABELS, names))

    def renamed(verdict):
        if isinstance(verdict, dict):
            return {renaming[label]: share for label, share in verdict.items()}
        return tuple(map(renaming.get, verdict)) if isinstance(verdict, tuple) else renaming[verdict]

    gate = {"pass": LABELS}
    before = conclave.consensus.conclude(responses, ordered=False, gate=gate)
    after = conclave.consensus.conclude(
        [{**one, "verdict": renamed(one["verdict"])} for one in responses], ordered=False, gate=gate
    )
    assert after.verdict == (renaming[before.verdict] if before.verdict else None)
    assert after.confidence_score == pytest.approx(before.confidence_score, abs=1e-12)


@CASES
@given(st.lists(confidences, min_size=4, max_size=4), st.sampled_from(["failing", {"failing": 1.0}, ("failing", "degraded", "healthy")]))
def test_one_wrong_expert_at_full_confidence_cannot_flip_four(confidences, loud):
    responses = [{"expert_name": f"e{n}", "content": f"fine {n}", "verdict": "healthy", "confidence": c} for n, c in enumerate(confidences)]
    responses.append({"expert_name": "loud", "content": "all is lost", "verdict": loud, "confidence": 1.0})
    assert concluded(responses).verdict == "healthy"


@CASES
@given(circles(least=1))
def test_an_abstainer_changes_nothing_but_coverage(responses):
    without = concluded(responses).to_dict()
    abstained = conclave.ExpertResponse("abstainer", "not my field", status="abstained")
    with_one = concluded([*responses, abstained]).to_dict()
    assert with_one["coverage"] <= without["coverage"]
    for same in ("verdict", "confidence_score", "confidence_interval", "agreement_matrix", "scopes", "effective_experts", "weights"):
        assert with_one[same] == without[same]


@CASES
@given(st.integers(2, 12), confidences, texts.filter(lambda text: text.strip("\x00 ")))
def test_unanimous_clones_are_no_certainty_and_one_opinion(count, confidence, text):
    clones = [{"expert_name": f"c{n}", "content": text, "verdict": "healthy", "confidence": confidence} for n in range(count)]
    result = concluded(clones)
    assert result.verdict == "healthy" and result.confidence_score < 1
    assert result.effective_experts == pytest.approx(1) and result.confidence_interval is None


@CASES
@given(st.lists(texts, min_size=1, max_size=9), st.sampled_from(["cosine", "jaccard", "levenshtein"]))
def test_a_matrix_is_symmetric_with_a_unit_diagonal_from_0_to_1(some, algorithm):
    matrix = numpy.asarray(conclave.consensus.similarity_matrix(some, conclave.CircleConfig(similarity_algorithm=algorithm)))
    assert (matrix == matrix.T).all() and (matrix.diagonal() == 1).all()
    assert matrix.min() >= 0 and matrix.max() <= 1
    if algorithm == "cosine":
        assert numpy.linalg.eigvalsh(matrix).min() > -1e-9


@CASES
@given(st.lists(texts, min_size=1, max_size=9), st.sampled_from(["cosine", "jaccard", "levenshtein"]), st.floats(0, 1))
def test_a_cutoff_makes_nothing_of_what_is_below_it_and_leaves_the_rest(some, algorithm, cutoff):
    config = conclave.CircleConfig(similarity_algorithm=algorithm)
    whole = numpy.asarray(conclave.consensus.similarity_matrix(some, config))
    cut = numpy.asarray(conclave.consensus.similarity_matrix(some, config, cutoff=cutoff))
    assert (cut == numpy.where(whole >= cutoff, whole, 0)).all()


@pytest.mark.parametrize("cutoff", [-0.1, 1.1, float("nan")])
def test_a_cutoff_is_from_0_to_1(cutoff):
    with pytest.raises(ValueError, match="cutoff"):
        conclave.consensus.similarity_matrix(["a", "b"], cutoff=cutoff)


@CASES
@given(texts, texts, st.sampled_from(["cosine", "jaccard", "levenshtein"]))
def test_composed_and_decomposed_text_are_the_same_text(a, b, algorithm):
    composed = conclave.compute_text_similarity(unicodedata.normalize("NFC", a), b, algorithm)
    assert conclave.compute_text_similarity(unicodedata.normalize("NFD", a), b, algorithm) == composed


@CASES
@given(circles())
def test_numbers_stay_in_their_ranges_and_words_are_the_experts(responses):
    result = concluded(responses)
    assert 0 <= result.confidence_score <= 1 and 0 <= result.coverage <= 1
    assert 0 <= result.effective_experts <= len(responses) + 1e-9
    if result.confidence_interval:
        low, high = result.confidence_interval
        assert 0 <= low <= result.confidence_score <= high <= 1
    if result.weights:
        assert math.fsum(result.weights.values()) == pytest.approx(1)
    said = {one["expert_name"]: one["content"] for one in responses}
    for statement in result.statements:
        assert statement["text"] == said[statement["expert"]] and statement["expert"] in statement["supports"]
    for change in result.counterfactuals:
        assert set(change["experts"]) <= set(said)


@CASES
@given(circles(least=1, verdict=st.sampled_from(LABELS)))
def test_counterfactuals_hold_and_nothing_smaller_does(responses):
    """Changed as they say, with proof, the verdict becomes what they say; and no single expert does it where they name several."""
    for one in responses:
        one["scope"] = "logs"
    result = concluded(responses)

    def verdict_if(names, label):
        votes = {name: 0.0 for name in LABELS}
        for one in responses:
            said = label if one["expert_name"] in names else one["verdict"]
            votes[said] += 0.51 + 0.49 * one["confidence"]
        best = max(votes.values())
        leading = [name for name in LABELS if votes[name] >= best - 1e-9]
        return leading[0] if len(leading) == 1 else None

    assume(len(responses) > 1 and verdict_if((), "") == result.verdict)  # not for alarms that are not confirmed
    for change in result.counterfactuals:
        assert change["becomes"] in {verdict_if(change["experts"], label) for label in LABELS}
        if len(change["experts"]) > 1:
            singles = {verdict_if([one["expert_name"]], label) for one in responses for label in LABELS}
            assert singles == {result.verdict}
