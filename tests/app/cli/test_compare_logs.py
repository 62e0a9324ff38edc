"""conclave logs compare."""
import pytest


def usual(seconds, start=0):
    return "".join(f"2026-03-01T12:{i // 60:02d}:{i % 60:02d}Z INFO app: kind{' more' * kind} done in {i} ms\n"
                   for i in range(start, start + seconds) for kind in range(10))


@pytest.fixture
def two(tmp_path):
    (tmp_path / "before.log").write_text(usual(30))
    (tmp_path / "after.log").write_text(usual(30, 60) + "2026-03-01T12:05:00Z ERROR app: disk full on /dev/sda\n" * 9)
    return "before.log", "after.log"


def test_what_is_new_is_a_finding(conclave, two):
    outcome = conclave("logs", "compare", *two, "--json")
    (change,) = outcome.json["changes"]
    assert outcome.code == 1 and outcome.err == "" and outcome.json["problems"] == []
    assert (change["kind"], change["before"], change["after"], change["level"]) == ("new", 0, 9, "error")
    assert change["sample"] == {"path": change["sample"]["path"], "line": 301,
                                "text": "2026-03-01T12:05:00Z ERROR app: disk full on /dev/sda"}
    assert change["sample"]["path"].endswith("after.log")
    assert (outcome.json["statistic"], outcome.json["correction"]) == ("G", "Benjamini-Hochberg")


def test_the_table_names_it(conclave, two):
    outcome = conclave("logs", "compare", *two)
    assert outcome.code == 1 and "disk full on <path>" in outcome.out and "new" in outcome.out


def test_a_log_has_not_changed_from_itself(conclave, two):
    outcome = conclave("logs", "compare", two[0], two[0])
    assert outcome.code == 0 and "nothing changed" in outcome.out


def test_one_log_is_split_at_a_time(conclave, tmp_path):
    (tmp_path / "one.log").write_text(usual(30) + "2026-03-01T12:00:40Z WARN app: deployed\n" + usual(30, 60))
    outcome = conclave("logs", "compare", "one.log", "--split", "2026-03-01T12:00:35Z", "--json")
    assert outcome.code == 1 and [change["text"] for change in outcome.json["changes"]] == ["deployed"]


@pytest.mark.parametrize("arguments", [["before.log"], ["before.log", "none.log"], ["before.log", "--split", "soon"],
                                       ["before.log", "--split", "2020-01-01"], ["before.log", "after.log", "--by", "magic"],
                                       ["before.log", "after.log", "--split", "2026-03-01"]])
def test_what_cannot_be_compared_is_refused(conclave, two, arguments):
    outcome = conclave("logs", "compare", *arguments)
    assert outcome.code == 2 and outcome.err and outcome.out == ""


@pytest.mark.parametrize("before", ["utf-8", "latin-1", "utf-16"])
@pytest.mark.parametrize("after", ["utf-8", "latin-1", "utf-16"])
def test_logs_are_compared_however_they_write_letters(conclave, tmp_path, before, after):
    text = usual(30) + "".join(f"2026-03-01T12:01:{i:02d}Z INFO app: requ\xeate trait\xe9e en {i} ms\n" for i in range(30))
    (tmp_path / "before.log").write_bytes(text.encode(before))
    (tmp_path / "after.log").write_bytes((text + "2026-03-01T12:05:00Z ERROR app: \xe9chec\n" * 9).encode(after))
    outcome = conclave("logs", "compare", "before.log", "after.log", "--json")
    (change,) = outcome.json["changes"]
    assert (change["kind"], change["text"], change["after"]) == ("new", "\xe9chec", 9)
    assert change["sample"]["text"] == "2026-03-01T12:05:00Z ERROR app: \xe9chec"
    assert outcome.json["templates"] == 12 and conclave("logs", "compare", "before.log", "before.log").code == 0
    split = conclave("logs", "compare", "after.log", "--split", "2026-03-01T12:04:00Z", "--json")
    assert {"\xe9chec", "requ\xeate trait\xe9e en <*> ms"} <= {each["text"] for each in split.json["changes"]}
