"""Probes of the engine from Python, and what a case expects of a service."""

import asyncio
import datetime
import http.server
import pickle
import threading

import conclave
import pytest
from conclave import scan


class Handler(http.server.BaseHTTPRequestHandler):
    server_version, sys_version = "Tests/1.0", ""

    def do_GET(self):
        body = b'{"status": "ok"}'
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_results_have_what_was_learned(web):
    (result,) = scan.scan(f"127.0.0.1:{web}", probe="auto")
    assert (result.service.name, result.service.product, result.service.version) == ("http", "Tests", "1.0")
    assert result.http.status == 404 and result.http.total_ms > 0 and result.tls is None
    (other,) = asyncio.run(scan.scan_async([("127.0.0.1", web)], probe="http"))
    assert other.http.scheme == "http"
    (bare,) = scan.scan(f"127.0.0.1:{web}")
    assert bare.service is bare.tls is bare.http is None


def test_an_unknown_name_is_looked_for_among_the_plugins(web):
    with pytest.raises(conclave.CircleError, match="htpp"):
        scan.scan(f"127.0.0.1:{web}", probe="htpp")


def judge(evidence, job):
    (service,) = evidence.services
    return f"{service.http.status} {service.service.name} {service.unmet}"


@pytest.mark.parametrize("needs, said", [
    ({"http": {"path": "/health", "status": 200, "json": {"$.status": "ok"}}}, "200 http "),
    ({"http": {"status": 200}}, "404 http status 404, not 200"),
    ({"probe": "auto"}, "404 http "),
])  # fmt: skip
def test_a_case_says_what_it_expects(web, tmp_path, needs, said):
    services = [{"name": "web", "target": f"127.0.0.1:{web}"} | needs]
    case = conclave.Case(question="?", name="small", services=services, base=tmp_path)
    report = conclave.consult(case, experts=[judge])
    assert report.responses[0].content == said
    (service,) = report.to_dict()["evidence"]["services"]
    assert service["http"]["status"] == int(said[:3]) and service["unmet"] == said[9:]


def past(evidence, job):
    (service,) = evidence.services
    known = service.history
    assert isinstance(known, conclave.evidence.ServiceHistory) and known.up and known.first <= known.since <= known.last
    return f"{known.scans} scans, {known.uptime:.2f}, p95 {known.p95_ms:.0f}, {service.unmet}"


def test_experts_see_what_scans_found_before(web, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    case = conclave.Case(
        question="?", name="small", services=[{"name": "web", "target": f"127.0.0.1:{web}", "p95_ms": 1000}], base=tmp_path
    )
    assert case.services[0]["p95_ms"] == 1000 and pickle.loads(pickle.dumps(case)) == case
    history = conclave.history.Store()
    target = scan.Target("web", "127.0.0.1", web)
    for hour, latency in enumerate((5000.0, None)):
        time = datetime.datetime(2026, 3, 1, hour, tzinfo=datetime.timezone.utc)
        history.add_scan([scan.ScanResult(target, "open" if latency else "closed", latency, "127.0.0.1", "", time)])
    alone = conclave.consult(case, experts=[past])
    assert alone.responses[0].content.startswith("1 scans, 1.00, p95 ") and alone.responses[0].content.endswith(", ")
    assert [problem.rule for problem in alone.problems] == ["few-scans"]
    report = conclave.consult(case, experts=[past], history=True)
    assert report.responses[0].content == "3 scans, 0.67, p95 5000, p95 5000.00 ms, above 1000.00 ms (of 2 scans)"
    (service,) = report.to_dict()["evidence"]["services"]
    assert service["history"]["scans"] == 3 and not service["history"]["flapping"] and report.problems == ()
