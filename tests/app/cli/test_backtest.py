"""backtest: past cases whose outcome is known."""
import pytest

HEALTHY = "return conclave.ExpertResponse(content='all well', verdict='healthy', confidence=0.9)"
BY_NAME = """bad = 'bad' in evidence.case.name
    return conclave.ExpertResponse(content='by its name', verdict='failing' if bad else 'healthy', confidence=0.9)"""


def named(paths):
    return [word for path in paths for word in ("--expert", path)]


@pytest.fixture
def past(tmp_path, log):
    def write(name, truth, more=""):
        path = tmp_path / "past" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        said = f"truth: {truth}\n" if truth else ""
        path.write_text(f"name: {name}\nquestion: Is it healthy?\nlogs: [../app.log]\n{said}{more}")
        return path
    return write


def test_errors_are_counted_with_intervals_and_what_each_expert_adds(conclave, past, experts):
    for name, truth in (("good1", "healthy"), ("good2", "healthy"), ("bad1", "failing"), ("bad2", "failing")):
        past(name, truth)
    paths = named(experts(seeing=BY_NAME, looking=BY_NAME, blind=HEALTHY))
    outcome = conclave("backtest", "past", *paths, "--json")
    assert outcome.code == 0, outcome.err
    result = outcome.json
    assert (result["cases"], result["right"]["count"], result["false_go"]["count"], result["false_stop"]["of"]) == (4, 4, 0, 2)
    assert result["false_go"]["interval"] == [0.0, pytest.approx(0.6576, abs=1e-3)]
    without = {expert["expert"]: expert["left_out"] for expert in result["experts"]}
    assert without["blind"]["right"]["count"] == 4 and without["seeing"]["undecided"]["count"] == 2
    assert [judged["verdict"] for judged in result["judged"]] == ["failing", "failing", "healthy", "healthy"]
    assert result["learned"]["judged"] == 4
    text = conclave("backtest", "past", *paths).out
    assert "4 cases" in text and "false go    0 of 2 (0 % to 66 %)" in text and "seeing" in text
    assert conclave("history", "list", "--json").json == [], "past cases are no history"


def test_a_wrong_verdict_is_1(conclave, past, experts):
    past("bad1", "failing")
    outcome = conclave("backtest", "past", *named(experts(blind=HEALTHY, also=HEALTHY)), "--json")
    assert (outcome.code, outcome.json["false_go"]["count"]) == (1, 1)


def test_what_cannot_be_tested_is_said(conclave, past, experts, tmp_path):
    assert "cannot read the folder" in conclave.fails(2, "backtest", "absent")
    past("unlabelled", None)
    outcome = conclave("backtest", "past")
    assert outcome.code == 2 and "a case without truth" in outcome.err and "truth: healthy" in outcome.err
    (tmp_path / "past" / "infra.yaml").write_text("services: {}\n")
    (tmp_path / "past" / "noise.yml").write_bytes(b"\x00\xff{")
    past("wrong", "fine")
    outcome = conclave("backtest", "past")
    assert outcome.code == 2 and "wrong.yaml:4:" in outcome.err and "truth is 'fine'" in outcome.err


def test_nobody_who_judges_sees_the_truth(conclave, past, experts):
    past("good", "healthy")
    peeking = experts(peeking="""import json
    assert 'truth' not in json.dumps({k: str(getattr(evidence.case, k)) for k in dir(evidence.case) if not k.startswith('_')})
    return conclave.ExpertResponse(content='nothing', verdict='healthy', confidence=0.9)""", other=HEALTHY)
    assert conclave("backtest", "past", *named(peeking), "--json").json["experts"][1]["answered"] == 1


def test_a_case_with_truth_is_consulted_as_any_other(conclave, past, experts):
    path = past("good", "healthy")
    assert conclave("case", "check", path).code == 0
    assert conclave("consult", path, *named(experts(one=HEALTHY, two=HEALTHY)), "--json").code == 0


COUNTING = """errors = sum(log.levels.get('error', 0) for log in evidence.logs)
    return conclave.ExpertResponse(content=f'{errors} errors', verdict='failing' if errors else 'healthy', confidence=0.9)"""
FIRST_VALUE = """values = [value.value for value in evidence.config.values] if evidence.config else []
    return conclave.ExpertResponse(content='read', verdict='degraded' if '80800' in values else 'healthy', confidence=0.9)"""


def test_faults_put_into_good_evidence_tell_who_notices_them(conclave, past, experts, tmp_path):
    for name, truth in (("good1", "healthy"), ("good2", "healthy"), ("bad1", "failing")):
        past(name, truth, "config: infra.yaml\n" if name == "good1" else "")
    (tmp_path / "past" / "infra.yaml").write_text("services:\n  - name: api\n    image: api:1.2\n    ports: [8080]\n")
    paths = named(experts(counting=COUNTING, reading=FIRST_VALUE, blind=HEALTHY))
    outcome = conclave("backtest", "past", *paths, "--mutate", "2", "--json")
    assert outcome.code in (0, 1), outcome.err
    faults = outcome.json["faults"]
    noticed = {row["expert"]: {fault: (rate["count"], rate["of"]) for fault, rate in row["noticed"].items()} for row in faults["experts"]}
    assert noticed["counting"] == {"burst": (4, 4), "gap": (0, 4), "closed-port": (0, 0), "changed-value": (0, 2)}
    assert noticed["reading"]["changed-value"] == (2, 2) and noticed["blind"]["burst"] == (0, 4)
    assert noticed[None]["gap"] == (0, 4), "the circle still passes"
    assert faults["impossible"] == {"burst": 0, "gap": 0, "closed-port": 2, "changed-value": 1}
    assert {mutant["fault"] for mutant in faults["mutants"]} == {"burst", "gap", "changed-value"}
    assert all("bad1" not in mutant["case"] for mutant in faults["mutants"])
    again = conclave("backtest", "past", *paths, "--mutate", "2", "--json").json["faults"]
    assert again == faults, "the same seed, the same faults"
    other = conclave("backtest", "past", *paths, "--mutate", "2", "--seed", "1", "--json").json["faults"]
    assert [mutant["what"] for mutant in other["mutants"]] != [mutant["what"] for mutant in faults["mutants"]]
    text = conclave("backtest", "past", *paths, "--mutate", "1").out
    assert "FAULT NOTICED BY" in text and "2 of 2 (34 % to 100 %)" in text and "no place for the fault closed-port" in text
    assert (tmp_path / "app.log").read_text().count("ERROR") == 0


def test_faults_are_asked_for(conclave, past, experts):
    past("good1", "healthy")
    paths = named(experts(blind=HEALTHY, also=HEALTHY))
    assert conclave("backtest", "past", *paths, "--json").json["faults"] is None
    assert conclave("backtest", "past", "--seed", "3").code == 2
    assert conclave("backtest", "past", "--mutate", "0").code == 2
