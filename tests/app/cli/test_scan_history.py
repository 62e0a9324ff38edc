"""Scans that are remembered: what changed since, since when, how steadily, how fast; and when there is no history."""
import json
import socket
import sqlite3

import pytest


def test_a_scan_says_what_changed_since_the_last_one(conclave, listener, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        targets = f"127.0.0.1:{listener},{server.getsockname()[1]}"
        first = conclave("scan", targets, "--diff", "last", "--json")
        assert first.code == 0 and first.json["diff"] is None and first.json["scan"] == 1
        assert "were not scanned before" in first.err
        same = conclave("scan", targets, "--diff", "last").out
        assert "Nothing changed since scan 1 of 20" in same
        port = server.getsockname()[1]
    conclave("scan", f"127.0.0.1:{listener}")  # of other targets
    later = conclave("scan", f"127.0.0.1:{port}", f"127.0.0.1:{listener}", "--diff", "last", "--json")
    assert later.code == 1 and later.json["diff"]["scan"] == 2
    assert [(each["port"], each["before"], each["after"]) for each in later.json["diff"]["changes"]] == [(port, "open", "closed")]
    text = conclave("scan", targets, "--diff", "1").out
    assert "Changed since scan 1 of" in text and f"127.0.0.1:{port}: open -> closed  Connection refused" in text


def test_results_say_since_when_and_how_steadily(conclave, closed_port):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for _ in range(2):
            result = conclave("scan", f"127.0.0.1:{port},{closed_port}", "--json").json["results"][0]
    known = result["history"]
    assert (known["scans"], known["up"], known["since_known"], known["uptime"], known["changes"]) == (2, True, False, 1.0, 0)
    assert known["since"] == known["first"] < known["last"]
    assert known["latency_ms"]["count"] == 2 and known["latency_ms"]["p95"] >= known["latency_ms"]["p50"]
    text = conclave("scan", f"127.0.0.1:{port},{closed_port}").out
    assert "66.7% of 3" in text and "down since 20" in text and "down since before 20" in text
    down = conclave("scan", f"127.0.0.1:{port}", "--json").json["results"][0]["history"]
    assert (down["up"], down["since_known"], down["changes"], down["flapping"]) == (False, True, 1, False)


def test_a_watch_and_a_case_are_remembered_too(conclave, listener, case):
    watch = conclave.start("scan", f"127.0.0.1:{listener}", "--watch", "1s", "--json")
    for _ in range(3):
        watch.stdout.readline()
    watch.terminate()
    watch.communicate(timeout=60)
    conclave("consult", case(f"services: [\"127.0.0.1:{listener}\"]\n"), "--expert", "error_bursts")
    scans = conclave("history", "scans", "--json").json
    assert len(scans) >= 4 and scans[0]["occasion"] == "case small" and scans[1]["occasion"] == "command scan"
    (service,) = conclave("history", "services", f"127.0.0.1:{listener}", "--json").json
    assert service["history"]["scans"] == len(scans)


def test_the_history_lists_scans_and_services(conclave, listener, closed_port):
    assert "no scan is in the history" in conclave("history", "scans").out
    assert "no scan is in the history" in conclave("history", "services").out
    conclave("scan", f"127.0.0.1:{listener},{closed_port}")
    conclave("scan", f"127.0.0.1:{listener}")
    first, second = conclave("history", "scans", "--json").json
    assert (first["id"], first["count"], first["open"], first["targets"]) == (2, 1, 1, f"127.0.0.1:{listener}")
    assert (second["id"], second["count"], second["open"]) == (1, 2, 1)
    assert "command scan" in conclave("history", "scans", "--limit", "1").out
    table = conclave("history", "services").out
    assert f"127.0.0.1:{listener}" in table and "100.0%" in table and "0.0%" in table
    assert "never scanned" in conclave("history", "services", "127.0.0.2:9").out
    shown = conclave("history", "scan", "1", "--diff", "2", "--json").json
    assert [each["state"] for each in sorted(shown["results"], key=lambda each: each["port"] == closed_port)] == ["open", "closed"]
    assert [(each["before"], each["after"]) for each in shown["diff"]["changes"]] == [(None, "closed")]
    assert "Changed since scan 2" in conclave("history", "scan", "1", "--diff", "2").out
    assert "there is no scan 9" in conclave.fails(2, "history", "scan", "9")
    assert "removed 0 reports and 2 scans" in conclave("history", "purge", "--older-than", "0s").out
    assert conclave("history", "scans", "--json").json == []


def test_no_history_neither_looks_nor_keeps(conclave, listener):
    for _ in range(2):
        outcome = conclave("scan", f"127.0.0.1:{listener}", "--no-history", "--json")
        assert outcome.json["scan"] is None and outcome.json["results"][0]["history"] is None
    assert not (conclave.state / "history.db").exists()


def test_a_history_that_cannot_be_used_stops_no_scan(conclave, listener):
    conclave.state.mkdir(parents=True)
    (conclave.state / "history.db").write_bytes(b"no database" * 1000)
    outcome = conclave("scan", f"127.0.0.1:{listener}", "--json")
    assert outcome.code == 0 and outcome.json["results"][0]["state"] == "open" and outcome.json["scan"] is None
    assert "going on without history" in outcome.err and "damaged" in outcome.err
    assert conclave("scan", f"127.0.0.1:{listener}", "--diff", "last").code == 2


def test_wide_scans_are_kept_shortly_and_compared_wholly(conclave, listener):
    conclave("scan", "127.0.0.3:1-3000", f"127.0.0.1:{listener}")
    rows, = sqlite3.connect(conclave.state / "history.db").execute("SELECT count(*) FROM observations").fetchone()
    assert rows < 1000
    outcome = conclave("scan", f"127.0.0.1:{listener}", "127.0.0.3:1-3000", "--diff", "last", "--json").json
    assert outcome["diff"]["changes"] == [] and outcome["summary"]["targets"] == 3001
    assert outcome["results"][0]["history"]["scans"] == 2


@pytest.mark.parametrize("bound, code", [("600000", 0), ("0.000001", 1)])
def test_the_95th_percentile_is_expected_to_stay_below_a_bound(conclave, listener, tmp_path, bound, code):
    (tmp_path / "expect.txt").write_text(f"127.0.0.1:{listener} open p95_ms={bound}\n")
    conclave("scan", "--expect", "expect.txt")
    outcome = conclave("scan", "--expect", "expect.txt", "--json")
    assert outcome.code == code and outcome.json["results"][0]["p95_bound_ms"] == float(bound)
    assert outcome.json["summary"]["unexpected"] == code
    text = conclave("scan", "--expect", "expect.txt").out
    assert ("above" in text) == (code == 1)


def test_the_bound_holds_for_slow_scans_of_the_past(conclave, listener, tmp_path):
    (tmp_path / "expect.txt").write_text(f"127.0.0.1:{listener} open p95_ms=1000\n")
    assert conclave("scan", "--expect", "expect.txt").code == 0
    with sqlite3.connect(conclave.state / "history.db") as history:
        history.execute("UPDATE observations SET latency_ms = 5000")
    outcome = conclave("scan", "--expect", "expect.txt")
    assert outcome.code == 1 and "p95 5000.00 ms, above 1000.00 ms" in outcome.out
    assert conclave("scan", "--expect", "expect.txt", "--no-history").code == 0


def test_scan_history_is_json_a_line_in_a_watch(conclave, listener):
    watch = conclave.start("scan", f"127.0.0.1:{listener}", "--watch", "1s", "--json")
    first = json.loads(watch.stdout.readline())
    watch.terminate()
    watch.communicate(timeout=60)
    assert first["scan"] == 1 and first["diff"] is None and first["results"][0]["history"]["scans"] == 1
