"""Texts compared by vectors: of functions, and of plugins in workers and in this process."""

import array
import asyncio
import copy
import json
import os
import pickle
import time

import conclave
import pytest
from conclave import _core, _hooks

TEXTS = {"a": "the disk is full", "b": "no space left on device", "c": "all is well"}
DIRECTIONS = {"the disk is full": [1.0, 0.1], "no space left on device": [1.0, 0.2], "all is well": [0.0, 1.0]}


def by_meaning(texts):
    return [DIRECTIONS[text] for text in texts]


def answers():
    return [conclave.ExpertResponse(name, text, 0.5) for name, text in TEXTS.items()]


def semantic(embedding):
    return conclave.CircleConfig(similarity_algorithm="semantic", embedding=embedding)


# With functions


def test_responses_are_grouped_by_what_they_mean():
    result = conclave.process_expert_responses(answers(), semantic(by_meaning))
    assert result.groups == [["a", "b"], ["c"]]
    assert result.agreement_matrix[0][1] > 0.98 and result.agreement_matrix[0][2] < 0.3
    assert conclave.CircleOfExperts(semantic(by_meaning)).process_expert_responses(iter(answers())).groups == result.groups
    assert conclave.process_expert_responses(answers()).groups != result.groups


def test_the_function_gets_all_texts_at_once_and_only_texts():
    seen = []

    def embed(texts):
        seen.append(texts)
        return [[1.0]] * len(texts)

    more = [*answers(), conclave.ExpertResponse("d", "", 0.5), {"expert_name": "e", "content": "x", "status": "failed"}]
    conclave.process_expert_responses(more, semantic(embed))
    assert seen == [list(TEXTS.values())]
    assert conclave.process_expert_responses([], semantic(embed)).groups == [] and len(seen) == 1


def test_two_texts_are_compared_by_what_they_mean():
    alike = conclave.compute_text_similarity("the disk is full", "no space left on device", "semantic", embedding=by_meaning)
    assert alike == pytest.approx(0.9952, abs=1e-3)
    assert conclave.compute_text_similarity("", "", "semantic", embedding=by_meaning) == 1
    assert conclave.compute_text_similarity("", "all is well", "semantic", embedding=by_meaning) == 0
    with pytest.raises(ValueError, match="semantic"):
        conclave.compute_text_similarity("a", "b", embedding=by_meaning)
    with pytest.raises(conclave.CircleError, match="needs an embedding"):
        conclave.compute_text_similarity("a", "b", "semantic")


@pytest.mark.parametrize("call", [
    lambda: conclave.process_expert_responses(answers(), semantic(None)),
    lambda: _core.conclude(answers(), config=semantic("x")),
])
def test_without_an_embedding_nothing_takes_its_place(call):
    with pytest.raises(conclave.CircleError, match="embedding"):
        call()


@pytest.mark.parametrize("call", [
    lambda: _core.text_similarity("a", "b", "semantic"),
    lambda: _core.similarity_matrix(["a"], semantic(by_meaning)),
])
def test_what_compares_texts_alone_refuses_it(call):
    with pytest.raises(ValueError, match="compares vectors"):
        call()


def test_rows_may_be_any_numbers():
    rows = [[1, 0], (0.5, True), array.array("f", [0, 1])]
    assert _hooks.vectors(lambda texts: iter(rows), ["x"] * 3) == [[1.0, 0.0], [0.5, 1.0], [0.0, 1.0]]
    flat = memoryview(array.array("f", [1, 0, 0, 1])).cast("B").cast("f", (2, 2))
    assert _hooks.vectors(lambda texts: flat, ["x"] * 2) == [[1.0, 0.0], [0.0, 1.0]]


def test_rows_may_be_a_numpy_array():
    numpy = pytest.importorskip("numpy")
    for kind in ("float32", "float64", "int8"):
        table = numpy.array([[1, 0, 9], [0, 1, 9]], dtype=kind)[:, :2]
        assert _hooks.vectors(lambda texts: table, ["x"] * 2) == [[1.0, 0.0], [0.0, 1.0]]


FAULTS = {
    "fewer": ("return [[1.0]]", "one vector for each text, not 1 for 3"),
    "more": ("return [[1.0]] * 9", "not 9 for 3"),
    "nothing": ("return None", "rows of numbers, not NoneType"),
    "text": ("return 'abc'", "rows of numbers, not str"),
    "texts": ("return ['1', '2', '3']", "a vector holds numbers, not '1'"),
    "numbers": ("return [1.0, 2.0, 3.0]", "not iterable"),
    "no dimensions": ("return [[]] * 3", "vector 1 has no dimensions"),
    "other dimensions": ("return [[1, 2], [1, 2], [1]]", "vector 3 has 1 dimensions, and the first 2"),
    "nan": ("return [[1.0], [float('nan')], [1.0]]", "vector 2 holds something that is no finite number"),
    "infinite": ("return [[1.0], [1.0], [float('inf')]]", "vector 3 holds something that is no finite number"),
    "objects": ("return [[object()]] * 3", "TypeError"),
    "raises": ("raise KeyError('boo')", "KeyError: 'boo'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_function_does_wrong_is_said_with_its_name(fault):
    body, why = FAULTS[fault]
    names = {}
    exec(f"def broken(texts):\n    {body}\n", names)
    with pytest.raises(conclave.CircleError) as error:
        conclave.process_expert_responses(answers(), semantic(names["broken"]))
    assert "embedding 'broken' failed" in str(error.value) and why in str(error.value)
    assert error.value.__cause__ is not None


def test_the_config_keeps_a_name_or_a_function():
    assert conclave.CircleConfig().embedding is None
    config = semantic("sentences")
    assert (config.similarity_algorithm, config.embedding) == ("semantic", "sentences")
    assert "embedding='sentences'" in repr(config) and eval(repr(config), {"CircleConfig": conclave.CircleConfig}) == config
    for made in (copy.copy(config), copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        assert made == config and made.embedding == "sentences"
    config.embedding = by_meaning
    assert config.embedding is by_meaning and config == semantic(by_meaning) and config != semantic("sentences")
    assert pickle.loads(pickle.dumps(config)).embedding is by_meaning
    config.embedding = None
    assert config.embedding is None
    with pytest.raises(TypeError, match="embedding is the name of a plugin or a function"):
        config.embedding = 3


# With plugins


@pytest.fixture
def embedding(tmp_path):
    """Writes an embedding of one file into a folder, which it returns."""

    def write(body, name="meaning", time_s=30, permissions=""):
        folder = tmp_path / "embeddings_of_mine"
        folder.mkdir(exist_ok=True)
        lines = ["# /// script", "# [tool.conclave]", "# [tool.conclave.limits]", f"# time_s = {time_s}"]
        lines += ["# [tool.conclave.permissions]", f"# {permissions}", "# ///", "import conclave, ctypes, os, time", ""]
        lines += [f"DIRECTIONS = {DIRECTIONS!r}", "", "@conclave.embedding", "def embed(texts):", f"    {body}"]
        (folder / f"{name}.py").write_text("\n".join(lines) + "\n")
        return folder

    return write


@pytest.fixture
def case(log):
    def make(name="meaning"):
        circle = {"similarity_algorithm": "semantic", "embedding": name}
        return conclave.Case(question="?", name="small", logs=[log], base=log.parent, circle=circle)

    return make


@pytest.fixture(params=["isolated", "in_process"])
def trust(request):
    return ("meaning",) if request.param == "in_process" else ()


def says(name):
    def expert(evidence, job):
        return TEXTS[name]

    expert.__name__ = name
    return expert


def consult(case, folder, **more):
    return conclave.consult(case, experts=[says(name) for name in TEXTS], plugins=[folder], **more)


def test_a_consultation_compares_by_the_plugin_that_the_case_names(case, embedding, trust):
    report = consult(case(), embedding("return [DIRECTIONS[text] for text in texts]"), trust=trust)
    assert report.consensus.groups == [["a", "b"], ["c"]]
    assert report.receipt["circle"]["embedding"] == "meaning"
    kept = report.receipt["embedding"]
    assert kept["name"] == "meaning" and len(kept["sha256"]) == 64 and len(kept["agreements"]) == 3
    assert kept["name"] in [plugin["name"] for plugin in report.receipt["plugins"]]


def failure(report):
    """Why the embedding failed; the report is there all the same, and can be derived again."""
    assert [response.content for response in report.responses] == list(TEXTS.values())
    assert report.consensus.verdict is None and not report.consensus.passed
    assert report.consensus.groups == conclave.process_expert_responses(answers()).groups
    (problem,) = [problem for problem in report.problems if problem.rule == "embedding-failed"]
    kept = report.receipt["embedding"]
    assert kept["agreements"] == [] and kept["failure"].startswith("embedding 'meaning' failed: ") and kept["failure"] in problem.message
    assert _core.Report.from_dict(json.loads(json.dumps(report.to_dict()))).replay().consensus == report.consensus
    return kept["failure"]


def test_a_report_is_derived_again_without_the_plugin(case, embedding, trust):
    folder = embedding("return [DIRECTIONS[text] for text in texts]")
    report = consult(case(), folder, trust=trust)
    (folder / "meaning.py").unlink()
    again = _core.Report.from_dict(json.loads(json.dumps(report.to_dict()))).replay()
    assert again.consensus == report.consensus and again.consensus.groups == [["a", "b"], ["c"]]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_plugin_does_wrong_is_said_with_its_name(case, embedding, trust, fault):
    body, why = FAULTS[fault]
    assert why in failure(consult(case(), embedding(body), trust=trust))


@pytest.mark.parametrize("body, why", [
    ("os._exit(3)", "exit code 3"), ("ctypes.string_at(0)", "SIGSEGV"), ("return open('/etc/passwd').read()", "may not read /etc/passwd"),
    ("os.write(3, b'\\x3c\\0\\0\\0{\"say\": \"answer\", \"returned\": {\"value\": [[1],[\"x\"],[1]]}}    '); time.sleep(100)", "vector 2 holds"),
])
def test_what_only_a_worker_survives_is_said_as_well(case, embedding, body, why):
    assert why in failure(consult(case(), embedding(body)))


def test_a_looping_one_is_ended(case, embedding, trust):
    started = time.monotonic()
    assert "no answer within 0.5 s" in failure(consult(case(), embedding("while True: pass", time_s=0.5), trust=trust))
    assert time.monotonic() - started < 30


def test_an_embedding_that_is_not_there_is_said_before_anything_is_read(case, embedding):
    folder = embedding("return []")
    asked = []
    with pytest.raises(conclave.CircleError, match="no embedding 'meanin'; did you mean 'meaning'"):
        conclave.consult(case("meanin"), experts=[lambda evidence, job: asked.append(1)], plugins=[folder])
    assert asked == []
    with pytest.raises(conclave.CircleError, match="is no embedding but of kind expert"):
        consult(case("error_bursts"), folder)
    with pytest.raises(conclave.CircleError, match="no embedding 'nowhere'"):
        conclave.process_expert_responses(answers(), semantic("nowhere"))


def test_with_the_network_it_gets_texts_redacted(log, embedding, tmp_path):
    circle = {"similarity_algorithm": "semantic", "embedding": "meaning"}
    case = conclave.Case(question="?", logs=[log], base=log.parent, circle=circle)
    body = "return [[1.0 if 'admin@example.com' in text else 2.0, 1.0] for text in texts]"

    def mail(evidence, job):
        return "mail admin@example.com now"

    def word(evidence, job):
        return "nothing to see"

    for permissions, same in (("", False), ("network = ['127.0.0.1:9']", True)):
        report = conclave.consult(case, experts=[mail, word], plugins=[embedding(body, permissions=permissions)])
        assert (report.consensus.agreement_matrix[0][1] > 0.999) is same


def test_awaited_it_is_the_same(case, embedding):
    folder = embedding("return [DIRECTIONS[text] for text in texts]")
    report = asyncio.run(conclave.consult_async(case(), experts=[says(name) for name in TEXTS], plugins=[folder]))
    assert report.consensus.groups == [["a", "b"], ["c"]]


def test_a_case_keeps_the_name(case):
    assert case().circle.embedding == "meaning" and pickle.loads(pickle.dumps(case())) == case()
    with pytest.raises(conclave.InfrastructureError, match="semantic needs the plugin"):
        conclave.Case(question="?", logs=["x"], circle={"similarity_algorithm": "semantic"})
    with pytest.raises(conclave.InfrastructureError, match="for similarity_algorithm: semantic"):
        conclave.Case(question="?", logs=["x"], circle={"embedding": "meaning"})
