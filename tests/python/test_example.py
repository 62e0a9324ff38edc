"""The example incident and its fault-free twin, judged by the shipped experts, from Python and from the command line."""

import gzip
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import conclave
import pytest
from fake_evidence import ROOT

GENERATOR = ROOT / "resources/example/make_example.py"
PROGRAM = Path(conclave.__file__).parents[2] / "bin/conclave"
JUDGES = {"error_bursts", "new_templates", "time_gaps", "config_audit"}  # the others have nothing to look at here


def make(out, *arguments):
    subprocess.run([sys.executable, str(GENERATOR), str(out), *arguments], check=True, timeout=120)
    return out


@pytest.fixture(scope="module")
def incident(tmp_path_factory):
    return make(tmp_path_factory.mktemp("incident"))


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    return make(tmp_path_factory.mktemp("twin"), "--healthy")


@pytest.fixture(scope="module")
def reports(incident, twin):
    """What the circle says of both, as JSON."""
    made = {}
    for name, folder in (("incident", incident), ("twin", twin)):
        began = time.perf_counter()
        report = conclave.consult(conclave.Case.load(folder / "case.yaml"))
        print(f"\nconsult on the {name}: {time.perf_counter() - began:.2f} s")
        made[name] = report.to_dict() | {"exit_code": report.exit_code}
    return made


def line_of(folder, source, number):
    path = Path(source) if Path(source).is_absolute() else folder / source
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        return next(line for count, line in enumerate(file, 1) if count == number)


def test_the_generator_is_deterministic_and_makes_enough_lines(incident, tmp_path):
    again = make(tmp_path / "again")
    files = sorted(path.relative_to(incident) for path in incident.rglob("*") if path.is_file())
    assert len([path for path in files if path.parts[0] == "logs"]) == 4
    assert all((incident / path).read_bytes() == (again / path).read_bytes() for path in files)
    opened = [
        (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
        for path in (incident / "logs").iterdir()
    ]
    assert sum(data.count(b"\n") for data in opened) >= 200_000


def test_the_twin_differs_in_nothing_until_the_deploy(incident, twin):
    def until_the_deploy(folder):
        text = (folder / "logs/orders.log").read_text()
        return text[: text.index("Starting OrdersApplication v2.14.0")]

    assert until_the_deploy(incident) == until_the_deploy(twin)


def test_the_generator_says_so_when_it_cannot_write():
    done = subprocess.run([sys.executable, str(GENERATOR), "/dev/null/here"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr.startswith("make_example: ") and "Traceback" not in done.stderr


def test_the_incident_is_failing_and_all_judges_answered(reports):
    report = reports["incident"]
    assert (report["verdict"], report["passed"], report["exit_code"]) == ("failing", False, 1)
    status = {response["expert_name"]: response["status"] for response in report["responses"]}
    assert {name for name, state in status.items() if state == "answered"} == JUDGES, status
    assert status["service_health"] == status["language_model"] == "abstained"


def test_the_cause_is_named_with_the_line_in_which_it_first_showed(reports, incident):
    response = next(r for r in reports["incident"]["responses"] if r["expert_name"] == "new_templates")
    assert response["verdict"] == "failing"
    cause = response["claims"][0]
    assert "connection pool exhausted" in cause["text"] and "orders.log" in cause["text"]
    cited = next(item for item in cause["evidence"] if item["kind"] == "log")
    assert "connection pool exhausted" in line_of(incident, cited["source"], cited["line"])
    assert "database pool configured: max=5" in response["content"]


def test_the_burst_of_errors_is_seen_where_it_is(reports):
    response = next(r for r in reports["incident"]["responses"] if r["expert_name"] == "error_bursts")
    named = {Path(claim["evidence"][0]["source"]).name for claim in response["claims"]}
    assert response["verdict"] == "failing" and named == {"orders.log", "gateway.log"}


def test_both_mistakes_in_the_configuration_are_found_with_their_lines(reports, incident):
    response = next(r for r in reports["incident"]["responses"] if r["expert_name"] == "config_audit")
    lines = (incident / "infra.yaml").read_text().splitlines()
    cited = [lines[claim["evidence"][0]["line"] - 1] for claim in response["claims"]]
    assert len(cited) == 2 and any("memory_mb: 96" in line for line in cited) and any("8082" in line for line in cited)


def test_the_log_that_keeps_its_rhythm_is_healthy(reports):
    assert next(r for r in reports["incident"]["responses"] if r["expert_name"] == "time_gaps")["verdict"] == "healthy"


def test_every_claim_for_a_bad_verdict_is_verified(reports):
    for response in reports["incident"]["responses"]:
        if response["verdict"] in ("degraded", "failing"):
            assert response["claims"]
            for claim in response["claims"]:
                assert claim["evidence"] and all(item["verified"] is True for item in claim["evidence"]), claim


def test_the_twin_is_healthy_and_nobody_dissents(reports):
    report = reports["twin"]
    assert (report["verdict"], report["passed"], report["exit_code"]) == ("healthy", True, 0)
    assert {r["expert_name"]: r["verdict"] for r in report["responses"] if r["status"] == "answered"} == dict.fromkeys(
        JUDGES, "healthy"
    )
    assert not report["dissenting_opinions"]


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_the_verdicts_do_not_hang_on_one_seed(tmp_path, seed):
    for folder, arguments, verdict in (("bad", [], "failing"), ("good", ["--healthy"], "healthy")):
        out = make(tmp_path / folder, "--seed", seed, *arguments)
        report = conclave.consult(conclave.Case.load(out / "case.yaml"))
        assert report.verdict == verdict, report.to_markdown()
        if verdict == "failing":
            cause = next(r for r in report.to_dict()["responses"] if r["expert_name"] == "new_templates")["claims"][0]
            assert re.search(r"most likely cause.*connection pool exhausted", cause["text"], re.IGNORECASE)


@pytest.mark.skipif(not PROGRAM.exists(), reason="the program conclave is not built")
@pytest.mark.parametrize("name, code, verdict", [("incident", 1, "failing"), ("twin", 0, "healthy")])
def test_the_command_line_says_the_same(request, name, code, verdict):
    folder = request.getfixturevalue(name)
    done = subprocess.run(
        [str(PROGRAM), "consult", str(folder / "case.yaml"), "--json", "--no-history"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    assert json.loads(done.stdout)["verdict"] == verdict
