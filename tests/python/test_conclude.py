"""One question put to a circle: what an answer may be, and what the consensus says of it."""

import copy
import json
import math
import pickle
import types

import conclave
import pytest

SPREAD = {"healthy": 0.7, "failing": 0.3}
RANKING = ("failing", "degraded", "healthy")


def answer(name, verdict="healthy", **more):
    return {"expert_name": name, "content": f"what {name} found", "verdict": verdict, **more}


def circle(*verdicts, **more):
    return [answer(f"e{number}", verdict, **more) for number, verdict in enumerate(verdicts)]


# Inputs


@pytest.mark.parametrize("given, kept", [("healthy", "healthy"), (SPREAD, SPREAD), (list(RANKING), RANKING), (iter(RANKING), RANKING), (None, None)])
def test_a_verdict_is_a_label_a_distribution_a_ranking_or_none(given, kept):
    response = conclave.ExpertResponse("a", "x", verdict=given)
    assert response.verdict == kept
    for twin in (copy.copy(response), copy.deepcopy(response), pickle.loads(pickle.dumps(response))):
        assert twin == response and twin.verdict == kept and repr(twin) == repr(response)
    assert conclave.ExpertResponse.from_dict(json.loads(json.dumps(response.to_dict()))) == response
    response.verdict = "degraded"
    assert response.verdict == "degraded" and response == conclave.ExpertResponse("a", "x", verdict="degraded")


def test_parts_of_a_verdict_cannot_be_changed_in_place():
    with pytest.raises(TypeError):
        conclave.ExpertResponse("a", verdict=SPREAD).verdict["healthy"] = 1.0


def test_a_distribution_and_a_ranking_vote_and_come_back_in_the_receipt():
    result = conclave.process_expert_responses([answer("a", SPREAD), answer("b", RANKING), answer("c", "failing")])
    assert result.verdict == "failing"
    probabilities = result.scopes[0]["probabilities"]
    assert sum(probabilities.values()) == pytest.approx(1) and all(0 < share < 1 for share in probabilities.values())


@pytest.mark.parametrize(
    "field, value, error",
    [
        ("confidence", math.nan, ValueError),
        ("confidence", math.inf, ValueError),
        ("confidence", -0.01, ValueError),
        ("confidence", 1.01, ValueError),
        ("confidence", "high", TypeError),
        ("confidence", True, TypeError),
        ("weight", 0, ValueError),
        ("scope", " ", ValueError),
        ("content", b"x", TypeError),
        ("metadata", [1], TypeError),
        ("claims", 3, TypeError),
        ("verdict", 3, TypeError),
        ("verdict", b"healthy", TypeError),
        ("verdict", {"healthy", "failing"}, TypeError),
        ("verdict", {}, ValueError),
        ("verdict", [], ValueError),
        ("verdict", {"healthy": "much"}, TypeError),
        ("verdict", {"healthy": math.nan, "failing": 1.0}, ValueError),
        ("verdict", {"healthy": 0.5}, ValueError),
        ("verdict", {"healthy": 2.0, "failing": -1.0}, ValueError),
        ("verdict", ["healthy", "healthy"], ValueError),
        ("verdict", ["healthy", 3], TypeError),
        ("verdict", "", ValueError),
        ("verdict", "heathy", ValueError),
    ],
)
@pytest.mark.parametrize("form", [dict, lambda fields: types.SimpleNamespace(**fields)])
def test_what_is_wrong_is_named_with_its_response_and_field(form, field, value, error):
    with pytest.raises(error) as raised:
        conclave.process_expert_responses([answer("fine"), form({**answer("wild"), field: value})])
    assert type(raised.value) is error
    assert "responses[1]" in str(raised.value) and "'wild'" in str(raised.value) and field in str(raised.value)


@pytest.mark.parametrize("name", ["", " \n"])
def test_a_response_without_a_name_is_told_by_its_place(name):
    with pytest.raises(ValueError, match=r"responses\[1\].*expert_name must not be empty"):
        conclave.process_expert_responses([answer("fine"), answer(name)])


def test_labels_are_compared_in_their_composed_form():
    composed, decomposed = "d\u00e9grad\u00e9", "de\u0301grade\u0301"
    result = conclave.consensus.conclude([answer("a", decomposed), answer("b", composed), answer("c", composed)], verdicts=["bon", composed])
    assert result.verdict == composed


@pytest.mark.parametrize("text", ["\x00\x00a", "\u202eabc\u05d0", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "a" * 10_000_000, "\ud800"], ids=["nul", "right-to-left", "emoji", "10 MB", "surrogate"])
def test_any_text_is_an_answer(text):
    result = conclave.process_expert_responses([answer("a", content=text), answer("b", content=text), answer("c")])
    assert result.verdict == "healthy" and result.agreement_matrix[0, 1] == 1
    json.dumps(result.to_dict())


# Cases of their own


@pytest.mark.parametrize(
    "verdicts, verdict, reason",
    [
        (["healthy"], "healthy", "Single opinion: only e0 answered, with healthy in overall."),
        (["healthy"] * 2, "healthy", "Both experts say healthy in overall."),
        (["failing"] * 4, "failing", "All 4 experts say failing in overall."),
        (["healthy", "healthy", "failing"], "healthy", "2 of 3 experts say healthy in overall."),
        (["healthy", "failing"], None, "No consensus: the votes are tied in overall."),
        (["healthy", "degraded", "failing"], None, "No consensus: the votes are tied in overall."),
    ],
)
def test_the_reason_says_what_kind_of_circle_it_was(verdicts, verdict, reason):
    result = conclave.process_expert_responses(circle(*verdicts))
    assert (result.verdict, result.reason) == (verdict, reason)


def test_a_circle_in_which_no_two_agree_says_so():
    result = conclave.process_expert_responses([answer("a", "healthy", confidence=0.9), answer("b", "failing"), answer("c", "degraded")])
    assert result.reason == "No two of 3 experts agree in overall; healthy leads by confidence and weight alone."


@pytest.mark.parametrize(
    "texts, words",
    [
        (["a disk is full"], "a single opinion"),
        (["a disk is full"] * 3, "all 3 say much the same"),
        (["a disk is full", "network is slow", "wrong password"], "no two of the 3 are alike"),
        (["a disk is full", "a disk is full!", "wrong password"], "the largest group holds 2 of 3"),
    ],
)
def test_without_verdicts_the_reason_says_how_alike_the_texts_are(texts, words):
    result = conclave.process_expert_responses([answer(f"e{n}", None, content=text) for n, text in enumerate(texts)])
    assert result.verdict is None and words in result.reason


def test_the_interval_needs_three_families_and_clones_are_one():
    assert conclave.process_expert_responses(circle("healthy", "healthy")).confidence_interval is None
    clones = circle(*["healthy"] * 5, content="the very same words")
    assert conclave.process_expert_responses(clones).confidence_interval is None
    several = [answer(f"e{n}", "healthy" if n else "failing", content=f"{word} is what I saw", confidence=0.5 + n / 10)
               for n, word in enumerate(["disk", "network", "memory", "queue"])]
    low, high = conclave.process_expert_responses(several).confidence_interval
    result = conclave.process_expert_responses(several)
    assert low < result.confidence_score < high and (low, high) == result.confidence_interval


# Explanation


def test_statements_are_sentences_of_experts_with_their_support():
    def claiming(name, verdict, *texts):
        return answer(name, verdict, claims=[{"text": text} for text in texts])

    result = conclave.process_expert_responses(
        [
            claiming("a", "healthy", "no errors in app.log", "the disk has room"),
            claiming("b", "healthy", "No errors in app.log."),
            claiming("c", "healthy"),
            claiming("d", "healthy", "no errors in app.log"),
            {**claiming("e", "degraded"), "claims": [{"text": "no errors in app.log", "evidence": []}, {"text": "slow answers"}]},
        ]
    )
    assert result.verdict == "healthy"
    first, second, third = result.statements
    assert (first["claim"], first["supports"], first["voters"]) == (False, ["a", "b", "c", "d"], 4)
    assert second["supports"] == ["a", "b", "d"] and third["text"] == "the disk has room"
    assert "(3 of 4 support)" in result.consensus_text


def test_dissent_names_its_best_member_and_how_many_voices_it_is():
    responses = circle("healthy", "healthy", "healthy", "healthy") + [
        answer("x", {"degraded": 1.0}, confidence=0.2, content="queues grow"),
        answer("y", {"degraded": 1.0}, confidence=0.9, content="answers are slow"),
    ]
    (dissent,) = conclave.process_expert_responses(responses).dissenting_opinions
    assert (dissent["experts"], dissent["best_expert"], dissent["content"]) == (["x", "y"], "y", "answers are slow")
    assert dissent["effective_experts"] == pytest.approx(2)


def test_insights_tell_the_distribution_of_confidence_abstentions_and_trends():
    responses = [answer(f"e{n}", confidence=0.9 - n / 20, timestamp=1_700_000_000 + 60 * n) for n in range(6)]
    responses.append(conclave.ExpertResponse("quiet", "not my field", status="abstained"))
    insights = {}
    for insight in conclave.process_expert_responses(responses).key_insights:
        insights.setdefault(insight["kind"], []).append(insight["text"])
    assert "1 of 7 experts abstained, and 6 answered" in insights["coverage"]
    assert insights["confidence"] == ["the experts' own confidence runs from 0.65 to 0.90, its middle half from 0.70 to 0.85, median 0.78"]
    assert insights["trend"] == ["confidence falls over time, by 0.25 from the first to the last of 6 answers (Theil-Sen)"]


def test_the_smallest_change_across_scopes_is_found_where_no_scope_can_change_the_verdict_alone():
    def proven(name, scope):
        return answer(name, "failing", scope=scope, claims=[])

    responses = [proven(f"{scope}{n}", scope) for scope in ("logs", "services") for n in range(3)]
    result = conclave.process_expert_responses(responses)
    assert result.verdict == "failing" and result.counterfactuals
    for change in result.counterfactuals:
        assert change["scope"] == "logs and services" and len(change["experts"]) == 4
        assert change["becomes"] != "failing"


def test_a_large_circle_has_its_smallest_change_too():
    result = conclave.process_expert_responses(circle(*["healthy"] * 15, *["failing"] * 4))
    sizes = {len(change["experts"]) for change in result.counterfactuals}
    assert sizes == {6}  # nine to ten


# The result


def test_the_matrix_has_the_buffer_protocol_and_rows():
    matrix = conclave.process_expert_responses(circle("healthy", "healthy", "failing")).agreement_matrix
    view = memoryview(matrix)
    assert (view.shape, view.format, view.readonly) == ((3, 3), "d", True)
    assert view.tolist() == matrix.tolist() == list(matrix) and matrix == matrix.tolist() and len(matrix) == 3
    assert matrix[0][1] == matrix[1, 0] == view[0, 1] and matrix[-1] == matrix[2]
    for place in (3, -4, (0, 3), (0,)):
        with pytest.raises(IndexError):
            matrix[place]


def test_weights_are_shares_of_the_votes():
    result = conclave.process_expert_responses([answer("a", weight=3), answer("b"), answer("a", scope="logs")])
    assert result.weights == {"a": pytest.approx(0.8), "b": pytest.approx(0.2)}


@pytest.mark.parametrize("threshold", [None, "auto"])
def test_a_threshold_is_given_or_estimated_and_said_which(threshold):
    texts = ["the disk of db1 is full", "the disk of db1 is full!", "the network is slow today", "the network is slow", "password"]
    responses = [answer(f"e{n}", None, content=text) for n, text in enumerate(texts)]
    assert conclave.process_expert_responses(responses).grouping == {"threshold": 0.7, "estimated": False}
    config = conclave.CircleConfig(threshold)
    assert config.min_consensus_threshold is None and pickle.loads(pickle.dumps(config)) == config
    result = conclave.process_expert_responses(responses, config)
    assert result.grouping["estimated"] and 0 < result.grouping["threshold"] < 1
    assert result.groups == [["e0", "e1"], ["e2", "e3"], ["e4"]]
    assert any(insight["kind"] == "grouping" for insight in result.key_insights)
    with pytest.raises((TypeError, ValueError)):
        conclave.CircleConfig("loud")
