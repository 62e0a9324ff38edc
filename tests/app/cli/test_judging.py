"""history judge, experts, weights, reset-learning, and what consult makes of them."""
import json
import sqlite3

import pytest

HEALTHY = "return conclave.ExpertResponse(content='all well', verdict='healthy', confidence=0.9)"
FAILING = "return conclave.ExpertResponse(content='broken', verdict='failing', confidence=0.9)"


@pytest.fixture
def consult(conclave, case, experts):
    """Consults a circle in which one expert is always wrong; the report."""
    paths = [word for path in experts(one=HEALTHY, two=HEALTHY, liar=FAILING) for word in ("--expert", path)]
    path = case()

    def run(*more):
        outcome = conclave("consult", path, *paths, "--json", *more)
        assert outcome.code in (0, 1, 3), outcome.err
        return outcome.json
    return run


def taught(conclave, report, count):
    """Judges copies of a report in the history right, as if it had happened that often."""
    outcome = conclave("history", "judge", report["id"], "right")
    assert outcome.code == 0, outcome.err
    with sqlite3.connect(conclave.state / "history.db") as history:
        scope, answer, note, judged, lesson, counts = history.execute(
            "SELECT scope, answer, note, judged, lesson, counts FROM judgements WHERE report_id = ?", (report["id"],)).fetchone()
        for i in range(1, count):
            copy = json.loads(lesson) | {"report": f"copy{i:04}"}
            history.execute("INSERT INTO judgements VALUES (?, ?, ?, ?, ?, ?, ?)",
                            (copy["report"], scope, answer, note, judged, json.dumps(copy), counts))


def test_a_report_is_judged_shown_and_no_longer_judged(conclave, consult):
    report = consult()
    short = report["id"][:8]
    assert conclave("history", "judge", short, "wrong", "--note", "the disk").out == f"report {short}: judged wrong\n"
    assert conclave("history", "judge", short, "failing", "--scope", "overall").out == f"report {short}: judged truly failing in overall\n"
    row, = conclave("history", "list", "--json").json
    assert [(j["scope"], j["answer"], j["note"], j["counts"]) for j in row["judgements"]] == [
        (None, "wrong", "the disk", True), ("overall", "failing", "", True)]
    assert "wrong; truly failing in overall" in conclave("history", "list").out
    shown = conclave("history", "show", short, "--json")
    assert shown.json == report and "judged wrong on" in shown.err and ": the disk" in shown.err
    assert conclave("history", "show", "last", "--json").json == report
    assert "no longer judged" in conclave("history", "judge", short, "--undo").out
    assert [j["scope"] for j in conclave("history", "list", "--json").json[0]["judgements"]] == ["overall"]
    events = [json.loads(line) for line in (conclave.state / "audit.jsonl").read_text().splitlines()]
    assert [(e["event"], e["detail"]) for e in events if e["event"].startswith("history.")] == [
        ("history.judge", "wrong"), ("history.judge", "truly failing in overall"), ("history.unjudge", "wrong")]
    assert all(e["subject"] == report["id"] for e in events if e["event"].startswith("history."))


@pytest.mark.parametrize("arguments, said", [
    (["faling"], "did you mean 'failing'?"),
    (["right", "--scope", "overal"], "did you mean 'overall'?"),
    (["--undo"], "there is no judgement"),
    ([], "right, wrong or the label"),
    (["right", "--undo"], "right, wrong or the label"),
])
def test_what_cannot_be_judged_is_2(conclave, consult, arguments, said):
    assert said in conclave.fails(2, "history", "judge", consult()["id"], *arguments)


def test_an_unknown_report_cannot_be_judged(conclave):
    assert "no report 'abcdef'" in conclave.fails(2, "history", "judge", "abcdef", "right")
    assert "no report has been judged" in conclave("history", "experts").out
    assert "no report has been judged" in conclave.fails(2, "history", "weights")
    assert conclave("history", "experts", "--json").json == []


def test_a_track_record_is_kept_for_each_expert(conclave, consult):
    taught(conclave, consult(), 9)
    records = {record["expert"]: record for record in conclave("history", "experts", "--json").json}
    assert (records["one"]["right"], records["one"]["judged"], records["one"]["mean"]) == (9, 9, 10 / 11)
    assert records["liar"]["wrong"] == 9 and records["liar"]["interval"][1] < 0.35
    assert records["one"]["verdicts"] == ["healthy", "degraded", "failing"]
    shown = conclave("history", "experts").out
    assert "91%" in shown and "9%" in shown and "liar" in shown


def test_a_few_judgements_change_no_weight_and_the_report_says_so(conclave, consult):
    before = consult()
    taught(conclave, before, 5)
    after = consult()
    for key in ("verdict", "confidence_score", "confidence_interval", "calibrated", "scopes"):
        assert after[key] == before[key], key
    assert after["receipt"]["weights"] == before["receipt"]["weights"]
    texts = [insight["text"] for insight in after["key_insights"]]
    assert "confidence is uncalibrated: 5 of the 20 judged verdicts that it takes are there" in texts
    assert "experts weigh alike: 5 of the 30 judged answers that it takes are there" in texts
    assert "confidence is uncalibrated until verdicts have been judged" in [i["text"] for i in before["key_insights"]]
    assert before["receipt"]["learned"] is None


def test_enough_judgements_silence_a_liar_and_calibrate_and_the_report_replays(conclave, consult, tmp_path):
    before = consult()
    taught(conclave, before, 40)
    after = consult()
    weights = after["receipt"]["weights"]
    assert weights["liar"] < 0.1 and weights["one"] >= 0.7
    assert after["calibrated"] is True and before["calibrated"] is False
    assert after["confidence_score"] > before["confidence_score"]
    (tmp_path / "after.json").write_text(json.dumps(after))
    assert conclave("history", "reset-learning").code == 0
    again = conclave("replay", "after.json", "--json")
    assert again.code == 0 and again.json == after and "derived the same verdict" in again.err
    text = conclave("replay", "after.json").out
    assert "uncalibrated" not in text and "uncalibrated" in conclave("history", "show", before["id"]).out
    fresh = consult()
    assert fresh["receipt"]["weights"] == before["receipt"]["weights"] and fresh["calibrated"] is False


def test_without_history_nothing_is_learned(conclave, consult):
    before = consult()
    taught(conclave, before, 40)
    assert consult("--no-history")["receipt"]["weights"] == before["receipt"]["weights"]


def test_learned_weights_are_pinned_by_a_file(conclave, consult, tmp_path):
    taught(conclave, consult(), 40)
    learned = consult()
    shown = conclave("history", "weights", "--json")
    (tmp_path / "w.json").write_text(shown.out)
    assert "silenced" in conclave("history", "weights").out and "Platt" in conclave("history", "weights").out
    assert conclave("history", "reset-learning").out.startswith("nothing is learned from 40 judgements")
    pinned = consult("--weights", "w.json")
    for key in ("verdict", "confidence_score", "confidence_interval", "calibrated", "scopes"):
        assert pinned[key] == learned[key], key
    assert pinned["receipt"]["weights"] == learned["receipt"]["weights"]
    assert pinned["receipt"]["learned"] == learned["receipt"]["learned"]


@pytest.mark.parametrize("change, said", [
    (lambda file: file | {"verdicts": ["go", "stop"]}, "learned of the verdicts go, stop, and the case asks for healthy, degraded, failing"),
    (lambda file: file | {"learned": 2}, "another version"),
    (lambda file: file | {"weights": file["weights"] | {"one": -1}}, "the weight of 'one' is not a number above 0"),
    (lambda file: file | {"calibration": {"method": "platt"}}, "not a calibration"),
    (lambda file: file | {"calibration": file["calibration"] | {"slope": -2}}, "out of range"),
    (lambda file: {key: value for key, value in file.items() if key != "version"}, "'version' not found"),
])
def test_a_damaged_or_foreign_weights_file_is_2_with_its_name(conclave, case, consult, tmp_path, change, said):
    taught(conclave, consult(), 30)
    (tmp_path / "w.json").write_text(json.dumps(change(conclave("history", "weights", "--json").json)))
    message = conclave.fails(2, "consult", case(), "--weights", "w.json")
    assert said in message and "w.json:1:" in message


def test_a_damaged_judgement_costs_what_was_learned_and_no_report(conclave, consult):
    before = consult()
    taught(conclave, before, 40)
    with sqlite3.connect(conclave.state / "history.db") as history:
        history.execute("UPDATE judgements SET lesson = '{' WHERE report_id = 'copy0003'")
    after = consult()
    assert after["verdict"] == before["verdict"] and after["receipt"]["weights"] == before["receipt"]["weights"]
    assert "copy0003" in conclave.fails(2, "history", "weights")
