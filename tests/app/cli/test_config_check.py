"""conclave config check: kinds of configuration, several files, exit codes."""

import pytest

COMPOSE = """services:
  web:
    image: web:1
    ports: ["8080:80"]
    mem_limit: 256m
    healthcheck: {test: "true"}
    command: [serve]
    environment: {DB_PASSWORD: "${DB_PASSWORD}", MODE: "${MODE:-fast}"}
"""
POD = """apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app: p}}
spec: {containers: [{name: c, image: "c:1", ports: [{name: web, containerPort: 80}]}]}
"""
SERVICE = """apiVersion: v1
kind: Service
metadata: {name: s}
spec: {selector: {app: p}, ports: [{port: 80, targetPort: %s}]}
"""


def rules_of(outcome):
    return [problem["rule"] for problem in outcome.json["problems"] if problem["severity"] != "note"]


def test_a_compose_file_is_understood_with_what_stands_beside_it(conclave, tmp_path):
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    (tmp_path / ".env").write_text("DB_PASSWORD=secret-of-the-database\n")
    outcome = conclave("config", "check", "compose.yaml", "--json")
    assert outcome.code == 0 and outcome.json["problems"] == []
    assert outcome.json["file"] == "compose.yaml" and outcome.json["files"][0]["kind"] == "compose"
    (web,) = outcome.json["config"]["services"]
    assert (web["image"], web["ports"], web["memory_mb"], web["health_check"]) == ("web:1", [8080], 256, "true")
    assert web["environment"]["MODE"] == "fast"
    assert [one["path"] for one in outcome.json["files"][0]["not_understood"]] == ["services.web.command"]
    assert "compose.yaml: compose, 1 service, 0 problems, 1 not understood" in conclave("config", "check", "compose.yaml").out


def test_the_environment_of_the_program_has_no_part_in_it(conclave, tmp_path):
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    conclave.env["DB_PASSWORD"] = "leaked"
    outcome = conclave("config", "check", "compose.yaml", "--json")
    assert rules_of(outcome) == ["undefined-variable"] and "leaked" not in outcome.out


def test_manifests_given_together_refer_to_one_another(conclave, tmp_path):
    (tmp_path / "pod.yaml").write_text(POD)
    (tmp_path / "service.yaml").write_text(SERVICE % "web")
    assert rules_of(conclave("config", "check", "service.yaml", "--json")) == ["selects-nothing"]
    together = conclave("config", "check", "service.yaml", "pod.yaml", "--json")
    assert together.code == 0 and rules_of(together) == []
    assert [file["file"] for file in together.json["files"]] == ["service.yaml", "pod.yaml"]
    assert [service["name"] for service in together.json["config"]["services"]] == ["p"]
    (tmp_path / "service.yaml").write_text(SERVICE % "wbe")
    wrong = conclave("config", "check", "service.yaml", "pod.yaml")
    assert wrong.code == 1 and "service.yaml:4:" in wrong.out and "undefined-port" in wrong.out


def test_a_unit_is_understood(conclave, tmp_path):
    (tmp_path / "web.service").write_text("[Service]\nExecStart=/bin/web\nExecStrat=x\nUser=web\nRestart=always\nMemoryMax=1G\n")
    outcome = conclave("config", "check", "web.service", "--json")
    assert outcome.code == 1 and rules_of(outcome) == ["unknown-key"]
    assert outcome.json["files"][0]["kind"] == "systemd" and outcome.json["config"]["services"][0]["memory_mb"] == 1024


def test_how_severe_a_problem_must_be_is_asked_for(conclave, tmp_path):
    def code(*fail_on):
        return conclave("config", "check", "compose.yaml", *fail_on).code

    (tmp_path / "compose.yaml").write_text(COMPOSE.replace("web:1", "web:latest").replace("${DB_PASSWORD}", ""))
    assert code() == code("--fail-on", "warning") == 1 and code("--fail-on", "error") == 0
    (tmp_path / "compose.yaml").write_text(COMPOSE.replace("mem_limit: 256m", "").replace("${DB_PASSWORD}", ""))
    assert code() == 0 and code("--fail-on", "note") == 1
    assert "fatal" in conclave.fails(2, "config", "check", "compose.yaml", "--fail-on", "fatal")


def test_a_secret_is_reported_and_never_printed(conclave, tmp_path):
    (tmp_path / "compose.yaml").write_text(COMPOSE.replace("${DB_PASSWORD}", "hunter2hunter2"))
    outcome = conclave("config", "check", "compose.yaml")
    assert "plain-text-secret" in outcome.out and "hunter2" not in outcome.out + outcome.err


def test_a_comment_ignores_a_problem(conclave, tmp_path):
    text = COMPOSE.replace("web:1", "web:latest  # conclave: ignore image-latest").replace("${DB_PASSWORD}", "")
    (tmp_path / "compose.yaml").write_text(text)
    assert conclave("config", "check", "compose.yaml", "--json").json["problems"] == []


@pytest.mark.parametrize("others", [["missing.yaml"], ["broken.yaml"], ["pod.yaml", "missing.yaml"]])
def test_one_unreadable_file_is_enough_for_exit_code_2(conclave, tmp_path, others):
    (tmp_path / "pod.yaml").write_text(POD)
    (tmp_path / "broken.yaml").write_text("a: [")
    message = conclave.fails(2, "config", "check", *others, "--json")
    assert others[-1] in message
