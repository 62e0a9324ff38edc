"""conclave consensus FILE."""
import json

import pytest

ROWS = [("site", "a", "up"), ("site", "b", "up"), ("site", "c", "down"), ("mail", "a", "down"), ("mail", "b", "down"), ("mail", "c", "down")]
CSV = "item,expert,label\n" + "".join(",".join(row) + "\n" for row in ROWS)


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "t.csv").write_text(CSV)
    (tmp_path / "t.json").write_text(json.dumps([dict(zip(("item", "expert", "label"), row)) for row in ROWS]))
    return tmp_path


def test_a_table_has_a_verdict_per_item(conclave, tables):
    outcome = conclave("consensus", "t.csv", "--method", "majority")
    assert outcome.code == 0, outcome
    lines = [line.split() for line in outcome.out.splitlines()]
    assert ["site", "up", "0.667", "3"] in lines and ["mail", "down", "1.000", "3"] in lines and ["EXPERT", "RELIABILITY", "LABELS"] in lines
    assert "Krippendorff's alpha" in outcome.out


@pytest.mark.parametrize("name", ["t.csv", "t.json"])
def test_as_json_it_has_probabilities_and_reliability(conclave, tables, name):
    found = conclave("consensus", name, "--json").json
    assert found["method"] == "pool" and found["classes"] == ["down", "up"]
    assert [(item["item"], item["verdict"]) for item in found["items"]] == [("mail", "down"), ("site", "up")]
    assert all(abs(sum(item["probabilities"].values()) - 1) < 1e-9 for item in found["items"])
    assert [expert["expert"] for expert in found["experts"]] == ["a", "b", "c"]
    assert found["experts"][0]["reliability"] > found["experts"][2]["reliability"]
    assert found["agreement"]["low"] <= found["agreement"]["alpha"] <= found["agreement"]["high"]


def test_copies_are_heard_as_one_and_named(conclave, tmp_path):
    answers = ["".join("xyz"[(i * step) % 7 % 3] for i in range(60)) for step in (1, 1, 1, 1, 1)]
    for expert, place in enumerate(range(0, 60, 12)):  # each errs on twelve items of its own
        answers[expert] = "".join("z" if place <= i < place + 12 else said for i, said in enumerate(answers[expert]))
    rows = [(i, f"e{expert}", said) for expert, own in enumerate([*answers, answers[0]]) for i, said in enumerate(own)]
    (tmp_path / "copies.csv").write_text("item,expert,label\n" + "".join(f"{item},{expert},{label}\n" for item, expert, label in rows))
    assert conclave("consensus", "copies.csv", "--json").json["families"] == [["e0", "e5"]]
    assert "repeat each other: e0 e5" in conclave("consensus", "copies.csv").out


def test_a_tie_is_no_consensus(conclave, tmp_path):
    (tmp_path / "tie.csv").write_text("item,expert,label\n1,a,x\n1,b,y\n")
    outcome = conclave("consensus", "tie.csv", "--json")
    assert outcome.code == 3 and outcome.json["items"][0]["verdict"] is None
    assert "(tie)" in conclave("consensus", "tie.csv").out


def test_what_is_known_of_the_truth_is_the_verdict(conclave, tables):
    (tables / "truth.csv").write_text("item,truth\nsite,down\n")
    (tables / "truth.json").write_text('{"site": "down"}')
    (tables / "with.csv").write_text("truth," + CSV.replace("\n", "\n,")[:-1].replace("\n,site,a", "\ndown,site,a"))
    for arguments in (("t.csv", "--feedback", "truth.csv"), ("t.json", "--feedback", "truth.json"), ("with.csv",)):
        outcome = conclave("consensus", *arguments, "--json")
        assert outcome.code == 0, outcome
        assert {item["item"]: item["verdict"] for item in outcome.json["items"]}["site"] == "down"


def test_probabilities_are_pooled(conclave, tmp_path):
    (tmp_path / "p.csv").write_text("item,expert,label,probability\n1,a,up,0.9\n1,a,down,0.1\n1,b,up,0.5\n1,b,down,0.5\n")
    (tmp_path / "p.json").write_text(json.dumps([{"item": 1, "expert": "a", "label": {"up": 0.9, "down": 0.1}}, {"item": 1, "expert": "b", "label": {"up": 0.5, "down": 0.5}}]))
    for name in ("p.csv", "p.json"):
        found = conclave("consensus", name, "--json").json
        assert found["method"] == "linear_pool" and found["items"][0]["probabilities"] == pytest.approx({"down": 0.3, "up": 0.7})
        assert conclave("consensus", name, "--method", "log_pool", "--json").json["items"][0]["probabilities"]["up"] == pytest.approx(0.75)
    outcome = conclave("consensus", "p.csv", "--method", "ibcc")
    assert outcome.code == 2 and "linear_pool and log_pool" in outcome.err


def responses(*verdicts):
    return [{"expert_name": f"e{i}", "verdict": verdict, "confidence": 0.9, "content": f"I say {verdict}."} for i, verdict in enumerate(verdicts)]


def test_responses_come_to_a_verdict_and_the_exit_code_says_which(conclave, tmp_path):
    for verdicts, code in [(["healthy"] * 3, 0), (["failing"] * 3, 1), (["healthy", "failing"], 3)]:
        (tmp_path / "r.json").write_text(json.dumps(responses(*verdicts)))
        outcome = conclave("consensus", "r.json", "--json")
        assert outcome.code == code and outcome.json["verdict"] == (None if code == 3 else verdicts[0]), outcome
    (tmp_path / "r.json").write_text(json.dumps({"responses": responses("disk", "disk", "network")}))
    outcome = conclave("consensus", "r.json", "--verdicts", "disk,network", "--unordered")
    assert outcome.code == 0 and "disk" in outcome.out


def test_wrong_input_is_named_by_its_place(conclave, tmp_path):
    (tmp_path / "bad.csv").write_text("item,expert,label\n1,a,x\n1,,y\n")
    (tmp_path / "bin.csv").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "name.json").write_text(json.dumps([{"expert_name": "", "verdict": "healthy"}]))
    (tmp_path / "label.json").write_text(json.dumps(responses("fine", "healthy")))
    (tmp_path / "field.json").write_text(json.dumps([{"expert_name": "a", "confidence": "high"}]))
    (tmp_path / "r.json").write_text(json.dumps(responses("healthy")))
    for arguments, message in [
        (("bad.csv",), "bad.csv:3: the expert is empty"),
        (("none.csv",), "none.csv: cannot open: No such file"),
        ((".",), ".: cannot read: Is a directory"),
        (("bad.csv", "--method", "guess"), "--method"),
        (("bin.csv",), "bin.csv:1: no column is called item"),
        (("deep.json",), "deep.json: this is not JSON"),
        (("name.json",), "name"),
        (("label.json",), "response of 'e0' (responses[0]): the verdict 'fine'"),
        (("field.json",), "field.json: responses[0].confidence"),
        (("r.json", "--method", "pool"), "--method and --feedback are for tables"),
        (("bad.csv", "--feedback", "none.csv"), "none.csv: cannot open"),
    ]:
        outcome = conclave("consensus", *arguments, "--json")
        assert outcome.code == 2 and outcome.out == "" and message in outcome.err, (arguments, outcome)


def test_a_table_without_rows_has_no_consensus(conclave, tmp_path):
    (tmp_path / "empty.csv").write_text("item,expert,label\n")
    outcome = conclave("consensus", "empty.csv", "--json")
    assert outcome.code == 3 and outcome.json["items"] == []
