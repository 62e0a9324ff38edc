"""A case whose texts are compared by an embedding of the user."""

CIRCLE = "circle: {similarity_algorithm: semantic, embedding: meaning}\n"


def meaning(conclave, body):
    folder = conclave.folder / "plugins_of_mine"
    folder.mkdir(exist_ok=True)
    (folder / "meaning.py").write_text(f"import conclave, os\n\n@conclave.embedding\ndef embed(texts):\n    {body}\n")
    return folder


def test_experts_are_grouped_by_it_and_the_report_is_derived_again_without_it(conclave, case, experts):
    paths = experts(one="return 'the disk is full'", two="return 'no space left'", three="return 'well'")
    named = [argument for path in paths for argument in ("--expert", path)]
    folder = meaning(conclave, "return [[1, 0] if ' ' in text else [0, 1] for text in texts]")
    outcome = conclave("consult", case(CIRCLE), *named, "--plugins", folder, "--json")
    assert outcome.json["groups"] == [["one", "two"], ["three"]], outcome
    (folder / "meaning.py").unlink()
    (conclave.folder / "report.json").write_text(outcome.out)
    again = conclave("replay", "report.json")
    assert again.code == outcome.code and "differ" not in again.err, again


def test_an_embedding_that_fails_loses_no_answer_and_nothing_passes_on_it(conclave, case, experts):
    (path,) = experts(one="return conclave.ExpertResponse(content='all well', verdict='healthy', confidence=0.9)")
    named = ("consult", case(CIRCLE), "--expert", path, "--json", "--plugins")
    assert conclave(*named, meaning(conclave, "return [[1.0] for text in texts]")).code == 0
    outcome = conclave(*named, meaning(conclave, "return [[float('nan')] for text in texts]"))
    assert outcome.code == 3 and outcome.json["verdict"] is None, outcome
    assert [response["verdict"] for response in outcome.json["responses"]] == ["healthy"]
    assert "the experts say healthy, but their texts could not be compared: embedding 'meaning' failed" in outcome.json["reason"]
    assert [problem["rule"] for problem in outcome.json["problems"]] == ["embedding-failed"]
    (conclave.folder / "report.json").write_text(outcome.out)
    assert conclave("replay", "report.json").code == 3


def test_an_embedding_that_is_not_there_or_switched_off_is_said(conclave, case, experts):
    assert "there is no embedding 'meaning'" in conclave.fails(2, "consult", case(CIRCLE))
    folder = meaning(conclave, "return [[1.0] for text in texts]")
    assert conclave("plugins", "install", folder / "meaning.py").code == 0
    assert [plugin["kind"] for plugin in conclave("plugins", "list", "--json").json["plugins"] if plugin["name"] == "meaning"] == ["embedding"]
    assert conclave("consult", case(CIRCLE), "--json").code in (0, 1, 3)
    assert conclave("plugins", "disable", "meaning").code == 0
    assert "you disabled it" in conclave.fails(2, "consult", case(CIRCLE))


def test_a_case_says_both_or_neither(conclave, case):
    checked = conclave("case", "check", case("circle: {similarity_algorithm: semantic}\n"))
    assert checked.code == 2 and "semantic needs the plugin" in checked.out + checked.err
    checked = conclave("case", "check", case("circle: {embedding: meaning}\n"))
    assert checked.code == 2 and "for similarity_algorithm: semantic" in checked.out + checked.err
