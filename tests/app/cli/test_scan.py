"""conclave scan: targets, expectations, formats, scans that go on."""
import csv
import io
import json
import signal
import socket
import xml.etree.ElementTree

import pytest

FIELDS = {"target", "host", "port", "address", "state", "expect", "latency_ms", "detail", "error", "time", "addresses",
          "p95_bound_ms", "history", "service", "tls", "http", "unmet"}


def test_scan_says_who_is_there(conclave, listener, closed_port):
    outcome = conclave("scan", f"127.0.0.1:{listener},{closed_port}", "--json")
    assert outcome.code == 1 and outcome.err == ""
    first, second = outcome.json["results"]
    assert set(first) == FIELDS
    assert (first["port"], first["state"], first["error"]) == (listener, "open", None) and first["latency_ms"] >= 0
    assert (second["port"], second["state"], second["error"]) == (closed_port, "closed", "Connection refused")
    summary = outcome.json["summary"]
    assert summary.pop("seconds") >= 0
    assert summary == {"targets": 2, "states": {"open": 1, "closed": 1}, "unexpected": 1, "passed": False, "interrupted": False}


def test_scan_of_open_services_passes(conclave, listener):
    outcome = conclave("scan", f"127.0.0.1:{listener}")
    assert outcome.code == 0 and "open" in outcome.out and "\x1b" not in outcome.out


def test_each_address_of_a_name_is_there(conclave, listener):
    (result,) = conclave("scan", f"localhost:{listener}", "--json").json["results"]
    assert result["state"] == "open" and [each["address"] for each in result["addresses"]] == ["127.0.0.1", "::1"]


def test_scan_says_all_that_is_wrong_with_targets(conclave):
    outcome = conclave("scan", "a:0", "b:nosuchservice", "127.0.0.1:1", "--json")
    assert outcome.code == 2 and outcome.out == ""
    assert "a:0" in outcome.err and "nosuchservice" in outcome.err


def test_scan_is_in_the_audit_log(conclave, closed_port):
    conclave("scan", f"127.0.0.1:{closed_port}")
    line, = (conclave.state / "audit.jsonl").read_text().splitlines()
    assert json.loads(line)["event"] == "scan" and json.loads(line)["subject"] == "1 target"
    assert f"127.0.0.1:{closed_port}" in line


def test_ranges_are_short_in_the_audit_log(conclave):
    conclave("scan", "127.0.0.1:1-200,300")
    line, = (conclave.state / "audit.jsonl").read_text().splitlines()
    assert json.loads(line)["detail"] == "command scan: 127.0.0.1:1-200 127.0.0.1:300"


def test_targets_come_from_files_and_networks(conclave, listener, tmp_path):
    (tmp_path / "hosts.txt").write_text(f"# ours\n127.0.0.1:{listener}\n127.0.0.8/31  # two more\n")
    outcome = conclave("scan", "@hosts.txt", "--ports", f"{listener}", "--json", "--seed", "7", "--rate", "500/s")
    assert [(each["host"], each["state"]) for each in outcome.json["results"]] == [
        ("127.0.0.1", "open"), ("127.0.0.8", "closed"), ("127.0.0.9", "closed")]  # fmt: skip
    (tmp_path / "hosts.txt").write_text("\n127.0.0.1:70000\n")
    assert "hosts.txt:2: '127.0.0.1:70000'" in conclave.fails(2, "scan", "@hosts.txt")
    assert "absent.txt" in conclave.fails(2, "scan", "@absent.txt")


def test_expectations_decide(conclave, listener, closed_port, tmp_path):
    expectations = tmp_path / "expect.txt"
    expectations.write_text(f"127.0.0.1:{listener} open\n127.0.0.1:{closed_port} closed # since May\n")
    outcome = conclave("scan", "--expect", "expect.txt", "--json")
    assert outcome.code == 0 and outcome.json["summary"]["unexpected"] == 0
    assert [each["expect"] for each in outcome.json["results"]] == ["open", "closed"]
    expectations.write_text(f"127.0.0.1:{listener} closed\n")
    outcome = conclave("scan", f"127.0.0.1:{closed_port},{listener}", "--expect", "expect.txt")
    assert outcome.code == 1 and "EXPECTED" in outcome.out  # nobody said how the other one should be
    expectations.write_text("127.0.0.1:1 up\n")
    assert "expect.txt:1" in conclave.fails(2, "scan", "--expect", "expect.txt")
    assert "absent" in conclave.fails(2, "scan", "--expect", "absent")


def test_many_of_a_state_are_one_line(conclave, listener):
    text = conclave("scan", "127.0.0.3:1-400", f"127.0.0.1:{listener}").out
    assert "more closed" in text and len(text.splitlines()) < 60 and f"127.0.0.1:{listener}" in text


def test_csv_is_read_by_python(conclave, listener, closed_port):
    outcome = conclave("scan", f"127.0.0.1:{listener},{closed_port}", "--csv")
    first, second = csv.DictReader(io.StringIO(outcome.out))
    assert (first["target"], first["state"]) == (f"127.0.0.1:{listener}", "open") and float(first["latency_ms"]) >= 0
    assert (second["port"], second["detail"]) == (str(closed_port), "Connection refused")


def test_xml_has_what_readers_of_nmap_look_for(conclave, listener, closed_port):
    outcome = conclave("scan", f"127.0.0.1:{listener},{closed_port}", f"localhost:{listener}", "--nmap-xml")
    root = xml.etree.ElementTree.fromstring(outcome.out)
    assert root.tag == "nmaprun" and len(root.findall("host")) == 2
    host = root.find("host")
    assert host.find("address").attrib == {"addr": "127.0.0.1", "addrtype": "ipv4"} and host.find("status").get("state") == "up"
    states = {port.get("portid"): port.find("state").get("state") for port in host.findall("ports/port")}
    assert states == {str(listener): "open", str(closed_port): "closed"}
    assert root.find("runstats/finished").get("exit") == "success"
    assert host.find("hostnames/hostname") is None and root.findall("host")[1].find("hostnames/hostname").get("name") == "localhost"


def test_a_watch_says_what_changed(conclave):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        watch = conclave.start("scan", f"127.0.0.1:{port}", "--watch", "1s", "--json")
        assert json.loads(watch.stdout.readline())["results"][0]["state"] == "open"
    changes = []
    while not changes:
        changes = json.loads(watch.stdout.readline())["changes"]
    assert [(each["before"], each["after"], each["port"]) for each in changes] == [("open", "closed", port)]
    watch.send_signal(signal.SIGINT)
    watch.communicate(timeout=60)
    assert watch.returncode == 130


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "TARGET is required"),
        (["a:1", "--rate", "fast"], "--rate"),
        (["a:1", "--rate", "0"], "--rate"),
        (["a:1", "--watch", "soon"], "--watch"),
        (["a:1", "--watch", "5s", "--csv"], "--watch"),
        (["a:1", "--diff", "first"], "--diff"),
        (["a:1", "--diff", "last", "--csv"], "--diff"),
        (["a:1", "--diff", "last", "--no-history"], "--diff"),
        (["a:1", "--diff", "77"], "there is no scan 77"),
        (["a:1", "--json", "--csv"], "--json"),
        (["a", "--ports", "0"], "ports go from 1 to 65535"),
    ],
)
def test_what_cannot_be_meant_is_refused(conclave, arguments, said):
    assert said in conclave.fails(2, "scan", *arguments)
