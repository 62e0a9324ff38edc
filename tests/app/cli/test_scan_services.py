"""conclave scan --probe=auto|http|tls|...: what speaks there, its certificate, its answer, and what is expected of it."""
import contextlib
import csv
import http.server
import io
import json
import socket
import ssl
import subprocess
import threading
import xml.etree.ElementTree

import pytest

SERVICE = {"name", "product", "version", "detail", "banner"}
TLS = {"version", "cipher", "alpn", "start_tls", "verified", "verify_error", "names", "subject", "issuer", "not_before", "not_after",
       "days_left", "key", "signature", "chain", "handshake_ms", "error"}
HTTP = {"scheme", "path", "status", "reason", "version", "server", "redirect", "content_type", "body_bytes", "truncated", "connect_ms",
        "tls_ms", "first_byte_ms", "total_ms", "error"}


class Handler(http.server.BaseHTTPRequestHandler):
    server_version, sys_version = "Tests/1.0", ""

    def do_GET(self):
        body = json.dumps({"status": "ok", "path": self.path}).encode()
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "https://elsewhere.test/\x1b[31m")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def web(request):
    """Starts a web server, which serves one connection after the other; with TLS if it is given a certificate. Its port."""

    def start(certificate=None):
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        request.addfinalizer(server.server_close)
        request.addfinalizer(server.shutdown)
        return server.server_address[1]

    return start


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    paths = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=tests", "-addext",
         "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return [str(path) for path in paths]


def test_a_web_server_is_recognised_on_any_port(conclave, web):
    port = web()
    (result,) = conclave("scan", f"127.0.0.1:{port}", "--probe", "--json").json["results"]
    assert set(result["service"]) == SERVICE and set(result["http"]) == HTTP and result["tls"] is None
    assert (result["service"]["name"], result["service"]["product"], result["service"]["version"]) == ("http", "Tests", "1.0")
    assert (result["http"]["status"], result["http"]["content_type"]) == (200, "application/json")
    assert 0 <= result["http"]["connect_ms"] <= result["http"]["total_ms"]
    table = conclave("scan", "--probe", f"127.0.0.1:{port}")  # what follows --probe is a target, not a name
    assert table.code == 0 and "http Tests 1.0, 200" in table.out
    root = xml.etree.ElementTree.fromstring(conclave("scan", f"127.0.0.1:{port}", "--probe=http", "--nmap-xml").out)
    assert root.find(".//service").attrib["product"] == "Tests"


def test_a_certificate_is_told_and_judged(conclave, web, certificate, tmp_path):
    port = web(certificate)
    (result,) = conclave("scan", f"127.0.0.1:{port}", "--probe=auto", "--json").json["results"]
    assert set(result["tls"]) == TLS
    assert not result["tls"]["verified"] and "self-signed" in result["tls"]["verify_error"]
    assert result["tls"]["names"] == ["127.0.0.1"] and result["tls"]["days_left"] in (29, 30)
    assert result["http"]["scheme"] == "https" and result["http"]["status"] == 200
    expectations = tmp_path / "expect.txt"
    expectations.write_text(f'127.0.0.1:{port} open {{"tls_valid_days": 14, "http": {{"status": 200}}}}  # ours\n')
    outcome = conclave("scan", "--expect", "expect.txt")
    assert outcome.code == 1 and "certificate: self-signed" in outcome.out
    conclave.env["SSL_CERT_FILE"] = certificate[0]
    outcome = conclave("scan", "--expect", "expect.txt", "--json")
    assert outcome.code == 0 and outcome.json["results"][0]["tls"]["verified"]
    expectations.write_text(f'127.0.0.1:{port} open {{"tls_valid_days": 60}}\n')
    outcome = conclave("scan", "--expect", "expect.txt", "--json")
    assert outcome.code == 1 and "days, not 60" in outcome.json["results"][0]["unmet"][0]


def test_csv_and_xml_tell_service_certificate_and_answer(conclave, web, certificate, tmp_path):
    plain, encrypted = web(), web(certificate)
    (tmp_path / "expect.txt").write_text(f'127.0.0.1:{plain} open {{"http": {{"status": 204}}}}\n127.0.0.1:{encrypted} open\n')
    outcome = conclave("scan", "--expect", "expect.txt", "--probe=auto", "--csv")
    first, second = csv.DictReader(io.StringIO(outcome.out))
    assert (first["service"], first["product"], first["version"]) == ("http", "Tests", "1.0")
    assert (first["http_status"], first["unmet"], first["tls_verified"]) == ("200", "status 200, not 204", "")
    assert float(first["http_ms"]) > 0 and first["http_server"].startswith("Tests/1.0")
    assert second["tls_version"].startswith("TLS") and second["tls_days_left"] in ("29", "30") and second["http_status"] == "200"
    assert second["tls_verified"] == "false" and "self-signed" in second["tls_error"] and second["tls_not_after"].endswith("Z")
    (silent,) = csv.DictReader(io.StringIO(conclave("scan", f"127.0.0.1:{plain}", "--csv").out))
    assert list(silent) == list(first) and not any(silent[name] for name in list(silent)[9:])
    root = xml.etree.ElementTree.fromstring(conclave("scan", f"127.0.0.1:{plain},{encrypted}", "--probe", "--nmap-xml").out)
    services = {port.get("portid"): port.find("service").attrib for port in root.iter("port")}
    expected = {"name": "http", "product": "Tests", "version": "1.0", "method": "probed", "conf": "10"}
    assert services == {str(plain): expected, str(encrypted): {**expected, "tunnel": "ssl"}}


def test_no_server_writes_formulas_into_a_spreadsheet(conclave):
    def serve(listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(ConnectionError):  # the scan hangs up before the probe asks
                connection.recv(4096)
                connection.sendall(b'HTTP/1.1 200 OK\r\nServer: =HYPERLINK("http://x")\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        outcome = conclave("scan", f"127.0.0.1:{listener.getsockname()[1]}", "--probe=http", "--csv")
        listener.shutdown(socket.SHUT_RDWR)
    (row,) = csv.DictReader(io.StringIO(outcome.out))
    assert row["http_server"] == '\'=HYPERLINK("http://x")'
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


def test_answers_are_judged(conclave, web, tmp_path):
    port = web()
    expectations = tmp_path / "expect.txt"
    needs = {"path": "/health", "status": 200, "within_ms": 60000, "body_matches": "/health", "json": {"$.status": "ok"}}
    expectations.write_text(f"127.0.0.1:{port} open {json.dumps({'http': needs})}\n")
    assert conclave("scan", "--expect", "expect.txt").code == 0
    expectations.write_text(f'127.0.0.1:{port} open {{"http": {{"path": "/moved", "status": 200, "json": {{"$.status": "up"}}}}}}\n')
    outcome = conclave("scan", "--expect", "expect.txt", "--json")
    assert outcome.code == 1
    assert outcome.json["results"][0]["unmet"] == ["status 302, not 200", '$.status is "ok", not "up"']
    assert outcome.json["results"][0]["http"]["redirect"] == "https://elsewhere.test/ [31m"


@pytest.mark.parametrize("line, flaw", [
    ('127.0.0.1:1 open {"tls": 1}', "has no 'tls'"),
    ('127.0.0.1:1 closed {"tls_valid_days": 1}', "only of what is open"),
    ('127.0.0.1:1 open {"tls_valid_days": 1', "not JSON"),
    ('127.0.0.1:1 open {"tls_valid_days": 1} or so', "nothing but a comment"),
])  # fmt: skip
def test_expectations_that_cannot_be_understood(conclave, tmp_path, line, flaw):
    (tmp_path / "expect.txt").write_text("# first\n" + line + "\n")
    said = conclave.fails(2, "scan", "--expect", "expect.txt")
    assert "expect.txt:2" in said and flaw in said


def test_a_silent_service_is_said_to_be_silent(conclave):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        (result,) = conclave("scan", f"127.0.0.1:{port}", "--probe", "--timeout", "300", "--json").json["results"]
    assert result["state"] == "open" and result["service"]["name"] is None
    assert result["service"]["detail"].startswith("silent for ")


def test_without_a_probe_nobody_is_asked(conclave, web):
    (result,) = conclave("scan", f"127.0.0.1:{web()}", "--json").json["results"]
    assert result["service"] is result["tls"] is result["http"] is None and result["unmet"] == []


def test_an_unknown_probe_is_refused(conclave, listener):
    assert "htpp" in conclave.fails(2, "scan", f"127.0.0.1:{listener}", "--probe=htpp")
