"""The shipped experts on logs of real systems (loghub): what an engineer who knows them would say, and nothing cried out."""

import os
from pathlib import Path

import conclave
import pytest
from fake_evidence import ROOT

LOGS = Path(os.environ.get("CONCLAVE_SHARED") or ROOT.parent / "shared") / "data/logs"

# Not a skip of the whole module: pytest would find no test in it, which counts as a failure.
pytestmark = pytest.mark.skipif(not LOGS.is_dir(), reason=f"{LOGS} is not here")

EXPERTS = ["error_bursts", "new_templates", "time_gaps"]


def judge(name):
    case = conclave.Case(question="Is it well?", logs=[str(LOGS / name / f"{name}_2k.log")])
    report = conclave.consult(case, experts=EXPERTS).to_dict()
    assert all(response["status"] == "answered" for response in report["responses"]), report["responses"]
    return report


@pytest.mark.parametrize("name", ["HDFS", "HealthApp", "Linux", "OpenSSH", "Thunderbird", "Zookeeper"])
def test_a_system_that_works_is_healthy(name):
    # Linux and OpenSSH are full of refused logins from outside, Zookeeper of warnings: none of them is a fault of the service.
    report = judge(name)
    assert report["verdict"] == "healthy", report["responses"]


def test_a_job_that_lost_its_network_is_failing_from_that_moment_on():
    report = judge("Hadoop")
    assert report["verdict"] == "failing"
    texts = [claim["text"] for response in report["responses"] for claim in response["claims"]]
    assert any("ERROR IN CONTACTING RM" in text and "18:06" in text for text in texts)


def test_a_supercomputer_with_episodes_of_fatal_errors_is_degraded_with_verified_claims():
    report = judge("BGL")
    assert report["verdict"] == "degraded"
    bad = [response for response in report["responses"] if response["verdict"] == "degraded"]
    assert bad and all(item["verified"] for response in bad for claim in response["claims"] for item in claim["evidence"])
