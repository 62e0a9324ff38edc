"""Where logs come from: standard input, rotated sets, archives; and what letters they are written in."""
import gzip
import io
import json
import os
import pty
import select
import signal
import subprocess
import tarfile

LINES = "2026-03-01T12:00:00Z INFO api one\n2026-03-01T12:00:01Z ERROR api two failed\n"


def piped(conclave, data, *arguments):
    process = conclave.start("logs", *arguments, stdin=subprocess.PIPE)
    out, err = process.communicate(data, timeout=60)
    return process.returncode, out.decode(), err.decode()


def test_every_command_reads_standard_input(conclave, tmp_path):
    (tmp_path / "before.log").write_text(LINES)
    code, out, _ = piped(conclave, LINES.encode(), "summary", "-", "--json")
    found = json.loads(out)
    assert code == 0 and found["total_lines"] == 2 and found["levels"]["error"] == 1
    assert found["sources"][0]["path"] == "-" and found["sources"][0]["file_bytes"] == len(LINES)
    assert piped(conclave, LINES.encode(), "search", "failed", "-") == (0, "2:2026-03-01T12:00:01Z ERROR api two failed\n", "")
    code, out, _ = piped(conclave, LINES.encode(), "templates", "-", "--assignments")
    assert code == 0 and len(out.splitlines()) == 2
    code, out, _ = piped(conclave, (LINES * 50).encode(), "compare", "before.log", "-", "--json")
    assert json.loads(out)["records_after"] == 100


def test_standard_input_stands_beside_files(conclave, tmp_path):
    (tmp_path / "a.log").write_text(LINES)
    code, out, _ = piped(conclave, LINES.encode(), "search", "failed", "a.log", "-")
    assert code == 0 and [line.split(":")[0] for line in out.splitlines()] == [str(tmp_path / "a.log"), "-"]


def test_compressed_standard_input_is_unpacked(conclave, tmp_path):
    packed = gzip.compress(LINES.encode())
    assert json.loads(piped(conclave, packed, "summary", "-", "--json")[1])["total_lines"] == 2
    code, out, err = piped(conclave, packed[:-20], "summary", "-", "--json")
    assert code == 1 and "damaged or cut off" in err and json.loads(out)["problems"]


def test_a_file_given_as_standard_input_is_read(conclave, log):
    with log.open("rb") as file:
        process = conclave.start("logs", "summary", "-", "--json", stdin=file)
    assert json.loads(process.communicate(timeout=60)[0])["total_lines"] == 180


def test_standard_input_is_read_only_once(conclave):
    code, _, err = piped(conclave, LINES.encode(), "compare", "-", "-")
    assert code == 2 and "only once" in err
    code, out, err = piped(conclave, LINES.encode(), "summary", "-", "-", "--json")
    assert code == 2 and "only once" in err and json.loads(out)["total_lines"] == 2


def test_standard_input_that_cannot_be_read_is_an_error(conclave, tmp_path):
    folder = os.open(tmp_path, os.O_RDONLY)
    process = conclave.start("logs", "summary", "-", stdin=folder)
    os.close(folder)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2 and b"-: cannot read: Is a directory" in err


def test_ctrl_c_ends_the_wait_for_standard_input(conclave):
    read, write = os.pipe()
    process = conclave.start("-v", "logs", "summary", "-", stdin=read)
    os.write(write, LINES.encode())
    conclave.wait_for(lambda: not select.select([read], [], [], 0)[0])  # it was read, and there is no end
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    os.close(write)
    os.close(read)
    assert process.returncode == 130 and b"failed" not in out


def test_a_terminal_is_told_how_to_end(conclave):
    master, slave = pty.openpty()
    process = conclave.start("logs", "summary", "-", "--json", stdin=slave)
    os.close(slave)
    os.write(master, LINES.encode() + b"\x04")
    out, err = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 0 and json.loads(out)["total_lines"] == 2
    assert "Ctrl-D" in err.decode()


def paths(conclave, *arguments):
    found = conclave("logs", "summary", *arguments, "--json")
    return [os.path.relpath(source["path"], conclave.folder) for source in found.json["sources"]]


def test_a_rotated_set_comes_oldest_first(conclave, tmp_path):
    for name in ("app.log", "app.log.1", "app.log.2", "app.log.10", "app-2026-02-01.log"):
        (tmp_path / name).write_text(f"{name}\n")
    (tmp_path / "app.log.11.gz").write_bytes(gzip.compress(b"app.log.11.gz\n"))
    order = ["app-2026-02-01.log", "app.log.11.gz", "app.log.10", "app.log.2", "app.log.1", "app.log"]
    assert paths(conclave, "app*") == order
    lines = conclave("logs", "search", "*", "app*").out.splitlines()
    assert [line.rsplit(":")[-1] for line in lines] == order
    assert paths(conclave, "app.log") == ["app.log"]


def test_each_file_of_a_set_has_its_own_year(conclave, tmp_path):
    for name, written in (("sys.log.1", 1_300_000_000), ("sys.log", 1_330_000_000)):  # March 2011, February 2012
        (tmp_path / name).write_text("Feb 12 12:00:06 host x\n")
        os.utime(tmp_path / name, (written, written))
    assert conclave("logs", "summary", "sys.log*", "--json").json["first_time"] == "2011-02-12T12:00:06Z"
    times = [match["time"] for match in conclave("logs", "search", "x", "sys.log*", "--json").json["matches"]]
    assert times == ["2011-02-12T12:00:06Z", "2012-02-12T12:00:06Z"]
    logs = conclave("logs", "templates", "sys.log*", "--json").json["logs"]
    assert [log["templates"][0]["first_time"][:4] for log in logs] == ["2011", "2012"]


def bundle(mode="w:gz"):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, text in (("var/log/app.log", LINES), ("var/log/app.log.1", LINES * 2), ("etc/hosts", "localhost\n")):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def test_logs_in_an_archive_are_read_one_by_one(conclave, tmp_path):
    (tmp_path / "bundle.tar.gz").write_bytes(bundle())
    inside = ["bundle.tar.gz!/var/log/app.log.1", "bundle.tar.gz!/var/log/app.log"]
    assert paths(conclave, "bundle.tar.gz") == inside
    assert conclave("logs", "search", "failed", inside[1]).out.endswith(":2:2026-03-01T12:00:01Z ERROR api two failed\n")
    assert len(conclave("logs", "templates", "bundle.tar.gz", "--assignments").out.splitlines()) == 6
    assert conclave("logs", "compare", *inside, "--json").json["records_before"] == 4
    assert "in an archive" in conclave.fails(2, "logs", "follow", inside[0])
    assert "no log in the archive" in conclave.fails(2, "logs", "search", "x", "bundle.tar.gz!/other.log")


def test_an_archive_may_come_through_standard_input(conclave):
    for mode in ("w", "w:gz"):
        code, out, err = piped(conclave, bundle(mode), "summary", "-", "--json")
        assert (code, err) == (0, "")
        assert [source["path"] for source in json.loads(out)["sources"]] == ["-!/var/log/app.log.1", "-!/var/log/app.log"]


def test_members_that_lead_out_of_an_archive_are_a_finding(conclave, tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in ("../evil.log", "good.log"):
            archive.addfile(tarfile.TarInfo(name))
    outcome = conclave("logs", "summary", "a.tar", "--json")
    assert outcome.code == 1 and "leads out of the archive" in outcome.err
    assert len(outcome.json["sources"]) == 1


def test_a_case_judges_the_logs_in_an_archive(conclave, tmp_path):
    """The expert runs in a process of its own, which the kernel lets read the archive."""
    (tmp_path / "bundle.tar.gz").write_bytes(bundle())
    (tmp_path / "case.yaml").write_text("version: 1\nquestion: Well?\nlogs: [bundle.tar.gz]\n")
    (tmp_path / "reader.py").write_text("""import conclave

@conclave.expert(scope="logs")
def reader(evidence, job):
    log = evidence.logs[1]
    return conclave.ExpertResponse(content=log.line(2), verdict="failing", confidence=0.9,
        claims=[conclave.Claim("it failed", evidence=[conclave.Citation.log(log.path, 2)])])
""")
    report = conclave("consult", "case.yaml", "--expert", "./reader.py", "--json").json
    response, = report["responses"]
    assert (response["status"], response["content"]) == ("answered", "2026-03-01T12:00:01Z ERROR api two failed"), response
    assert response["claims"][0]["evidence"][0]["verified"] is True
    logs = [os.path.relpath(tmp_path / log["path"], tmp_path) for log in report["evidence"]["logs"]]
    assert logs == ["bundle.tar.gz!/var/log/app.log.1", "bundle.tar.gz!/var/log/app.log"]
    archive, = [each for each in report["receipt"]["inputs"] if each["path"].endswith("bundle.tar.gz")]
    assert archive["bytes"] == (tmp_path / "bundle.tar.gz").stat().st_size and len(archive["sha256"]) == 64


def test_letters_are_decoded_as_the_source_writes_them(conclave, tmp_path):
    (tmp_path / "old.log").write_bytes("ERROR café fermé – 5 €\n".encode("cp1252"))
    (tmp_path / "new.log").write_text("ERROR café fermé – 5 €\n")
    (tmp_path / "wide.log").write_bytes("ERROR café fermé – 5 €\n".encode("utf-16"))
    found = conclave("logs", "summary", "old.log", "new.log", "wide.log", "--json").json
    assert [source["encoding"] for source in found["sources"]] == ["latin-1", "utf-8", "utf-16le"]
    assert found["sources"][0]["bytes"] == 23
    for name in ("old.log", "new.log", "wide.log"):
        assert conclave("logs", "search", "ERROR", name).out == "1:ERROR café fermé – 5 €\n"
        assert conclave("logs", "search", "ERROR", name, "--json").json["matches"][0]["text"] == "ERROR café fermé – 5 €"
