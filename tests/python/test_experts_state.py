"""The experts that read states: service_health and config_audit."""

import conclave
import pytest
from conclave.evidence import ServiceHistory
from fake_evidence import ask, at, config, evidence, service

# --- service_health ---


def test_services_as_expected_are_healthy():
    assert (
        ask("service_health", evidence(services=[service("api", "open"), service("old", "closed", expect="closed")])).verdict
        == "healthy"
    )


@pytest.mark.parametrize("state", ["closed", "filtered", "unreachable", "dns_error", "rejected"])
def test_one_that_should_be_up_and_is_not_is_failing_and_cited(state):
    answer = ask("service_health", evidence(services=[service("api", "open"), service("db", state, port=5432, detail="why")]))
    assert answer.verdict == "failing"
    assert answer.claims[0].evidence[0].kind == "service" and "db" in answer.claims[0].text and "why" in answer.claims[0].text


def test_one_that_should_be_closed_and_is_open_is_degraded():
    assert ask("service_health", evidence(services=[service("telnet", "open", expect="closed")])).verdict == "degraded"


def test_what_went_wrong_on_this_machine_says_nothing_about_the_service():
    answer = ask(
        "service_health",
        evidence(services=[service("api", "open"), service("db", "local_error", detail="too many open files")]),
    )
    assert answer.verdict == "healthy" and answer.confidence < 0.6 and "could not be probed" in answer.content
    assert isinstance(ask("service_health", evidence(services=[service("db", "cancelled")])), conclave.Abstain)


def test_a_service_that_does_not_say_what_it_should_is_failing():
    found = ask("service_health", evidence(services=[service("api", "open", unmet="status 503, not 200"), service("db", "open")]))
    assert found.verdict == "failing"
    assert found.claims[0].text == "api (127.0.0.1:80) is open, but not as it should be: status 503, not 200"


def test_slow_by_itself_or_beside_the_others_is_degraded():
    assert ask("service_health", evidence(services=[service("api", "open", latency_ms=900)])).verdict == "degraded"
    mixed = [service(f"s{n}", "open", latency_ms=2, port=n) for n in range(1, 5)] + [
        service("far", "open", latency_ms=120, port=9)
    ]
    answer = ask("service_health", evidence(services=mixed))
    assert answer.verdict == "degraded" and "far" in answer.content and "median" in answer.content
    assert ask("service_health", evidence(services=[service("far", "open", latency_ms=120)])).verdict == "healthy"


def history(up, flapping=False, since_known=True):
    return ServiceHistory(20, at(0), at(60), up, at(30), since_known, 0.8, 7, 35.0, flapping, 16, 1.0, 2.0, 2.0)


def test_one_that_flaps_is_degraded_while_it_is_up():
    found = ask("service_health", evidence(services=[service("api", "open", history=history(True, flapping=True)), service("db", "open")]))
    assert found.verdict == "degraded" and found.content.startswith("1 of 2 services")
    assert "went up or down 7 times in 20 scans, and 80.0% of them" in found.claims[0].text
    assert ask("service_health", evidence(services=[service("api", "open", history=history(True))])).verdict == "healthy"


def test_since_when_it_is_down_is_said_where_it_is_known():
    (claim,) = ask("service_health", evidence(services=[service("db", "closed", history=history(False))])).claims
    assert claim.text.endswith(", since 2026-03-03 13:30:00 UTC")
    (claim,) = ask("service_health", evidence(services=[service("db", "closed", history=history(False, since_known=False))])).claims
    assert "since" not in claim.text


@pytest.mark.parametrize("days, said", [(-2, "ended 2 days ago"), (0, "ends today"), (7, "ends in 7 days")])
def test_a_certificate_that_ends_is_degraded_before_anyone_asked(days, said):
    found = ask("service_health", evidence(services=[service("web", "open", days_left=days)]))
    assert found.verdict == "degraded" and found.claims[0].text == f"the certificate of web (127.0.0.1:80) {said}"
    assert ask("service_health", evidence(services=[service("web", "open", days_left=8)])).verdict == "healthy"
    assert ask("service_health", evidence(services=[service("web", "open", days_left=8)]), expiry_days=30).verdict == "degraded"


def test_what_the_case_asked_of_a_certificate_is_claimed_once():
    found = ask("service_health", evidence(services=[service("web", "open", days_left=2, unmet="certificate valid for 2 days, not 14")]))
    assert found.verdict == "failing" and len(found.claims) == 1


def test_without_services_it_abstains():
    assert isinstance(ask("service_health", evidence()), conclave.Abstain)


# --- config_audit ---


def test_a_clean_configuration_is_healthy():
    clean = config(
        [
            ("services.api.environment.DB_PASSWORD", "${DB_PASSWORD}"),
            ("services.api.environment.TOKEN_FILE", "/run/secrets/t"),
            ("services.api.environment.PEER", "http://orders:8081/v1"),
            ("services.api.environment.PSP", "https://psp.example.net/v3"),
            ("services.api.image", "registry.example.net/shop/orders@sha256-of-something"),
            ("services.api.replicas", "2"),
        ]
    )
    answer = ask("config_audit", evidence(config=clean))
    assert answer.verdict == "healthy" and not answer.claims


def test_what_the_engine_found_is_passed_on_with_its_place():
    found = config(problems=[("warning", "memory-too-low", "memory_mb is 96", 42)])
    answer = ask("config_audit", evidence(config=found))
    assert answer.verdict == "degraded" and "memory_mb is 96" in answer.content
    assert (answer.claims[0].evidence[0].source, answer.claims[0].evidence[0].line) == ("infra.yaml", 42)
    assert (
        ask("config_audit", evidence(config=config(problems=[("error", "wrong-type", "ports is text", 3)]))).verdict
        == "failing"
    )


def test_a_port_used_twice_breaks_only_where_both_share_a_host():
    found = config(problems=[("error", "duplicate-port", "port 8082 is used twice", 42)])
    assert ask("config_audit", evidence(config=found)).verdict == "degraded"


@pytest.mark.parametrize(
    "path, value",
    [
        ("services.api.environment.DATABASE_PASSWORD", "hunter2"),
        ("services.api.environment.STRIPE_API_KEY", "abcd"),
        ("services.api.environment.DATABASE_URL", "postgres://shop:hunter2@db/shop"),
        ("services.api.environment[3]", "DB_PASSWORD=hunter2"),
        ("services.api.environment.3", "DB_TOKEN=hunter2"),
        ('services.api.environment."db.password"', "hunter2"),
        ("services.api.environment.SETTING", "Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RFRkdISUpLTE1O"),
    ],
)
def test_secrets_in_plain_text_are_found_and_never_printed(path, value):
    answer = ask("config_audit", evidence(config=config([("global_settings.x", "1"), (path, value)])))
    assert answer.verdict == "degraded"
    assert path in answer.claims[0].text and answer.claims[0].evidence[0].line == 2
    assert value not in answer.content + "".join(claim.text for claim in answer.claims) and "hunter2" not in answer.content


def test_addresses_without_encryption_count_only_where_they_leave_the_house():
    def one(url):
        return ask("config_audit", evidence(config=config([("services.a.environment.U", url)])))

    assert one("http://partner.example.com/hook").verdict == "degraded"
    assert (
        one("http://127.0.0.1:9000").verdict
        == one("http://10.1.2.3").verdict
        == one("http://db.svc.cluster.local").verdict
        == "healthy"
    )
    redis = one("redis://cache.example.com:6379")
    assert redis.verdict == "healthy" and redis.claims[0].stance == "neutral"
    assert one("http://[::1").verdict == "degraded"


def test_a_single_replica_is_mentioned_only_where_the_file_says_so():
    services = [{"name": "api", "replicas": 1}]
    said = config([("services.api.replicas", "1")], services=services)
    assert "single replica" in ask("config_audit", evidence(config=said)).claims[0].text
    assert not ask("config_audit", evidence(config=config(services=services))).claims
    assert not ask("config_audit", evidence(config=said), single_replica=False).claims


def test_counts_and_names_of_secrets_are_none():
    kept = [("model.max_tokens", "4096"), ("db.existingSecret", "shop-db"), ("services.api.environment[0]", "TOKEN=${TOKEN}")]
    assert ask("config_audit", evidence(config=config(kept))).verdict == "healthy"


def test_without_configuration_it_abstains():
    assert isinstance(ask("config_audit", evidence()), conclave.Abstain)
