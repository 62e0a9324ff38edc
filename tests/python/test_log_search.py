"""conclave.logs.search and count."""

import asyncio
import datetime
import os
import pathlib
import re
import threading

import conclave
import pytest
from conclave import logs

TEXT = """before any stamp
2026-03-01T12:00:00Z ERROR db: Timeout
  at com.example.Pool
2026-03-01T12:00:10Z WARN api: slow, timeout
2026-03-01T12:00:20Z INFO api: served

2026-03-01T12:00:30Z FATAL db: gone"""
UTC = datetime.timezone.utc


def found(*arguments, **more):
    return list(logs.search(TEXT, *arguments, **more).numbers)


def test_a_match_is_a_record():
    match = logs.search(TEXT, "Timeout")[0]
    assert match == logs.Match(2, "2026-03-01T12:00:00Z ERROR db: Timeout", "error", datetime.datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert logs.search(TEXT, "pool")[0] == logs.Match(3, "  at com.example.Pool", "unknown", None)


def test_expressions_texts_and_compiled_patterns():
    assert found("timeout") == [2, 4]
    assert found("timeout NOT db") == [4]
    assert found(b"Timeout") == [2]
    assert found(b"timeout NOT db") == []
    assert found(re.compile(r"^\d.*db", re.I)) == [2, 7]
    assert found(re.compile(rb"(?<=api: )s\w+$")) == [5]
    assert found(re.compile("time  out # not a blank", re.X)) == [4]


def test_filters_by_keyword():
    assert found("*", level="error") == [2, 7]
    assert found("*", level="none") == [1, 3, 6]
    assert found("*", level=">=warning") == [2, 4, 7]
    assert found("*", exclude="level:none") == [2, 4, 5, 7]
    noon = datetime.datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert found("*", since=noon + datetime.timedelta(seconds=10), until="2026-03-01T12:00:30Z") == [1, 4, 5, 6]


def test_records_are_found_whole():
    text = TEXT.replace("  at", "java.io.IOException: x\n\tat")
    records = logs.search(text, "IOException OR pool OR gone", records=True)
    assert [record.line for record in records] == [2, 8]
    assert records[0].text == "2026-03-01T12:00:00Z ERROR db: Timeout\njava.io.IOException: x\n\tat com.example.Pool"
    assert records[0].level == "error" and records[0].time.second == 0 and records[1].text.endswith("FATAL db: gone")
    assert records.context(0) == [(2, 4), (8, 8)] and "records" in repr(records)
    assert [record.line for record in records & logs.search(text, "db:", records=True)] == [2, 8]
    assert [record.line for record in records - logs.search(text, "pool", records=True)] == [8]
    with pytest.raises(TypeError):
        ~records
    with pytest.raises(ValueError, match="lines and records"):
        records & logs.search(text, "pool")


def test_fields_of_lines_have_types():
    line = '{"n":1,"big":123456789012345678901,"f":1.5,"ok":true,"no":null,"user":{"name":"\\u00e9"},"tags":["a",2],"e":[],"o":{},' \
           '"ts":"2026-03-01T12:00:00Z","day":"2026-03-01"}'
    assert logs.fields_of(line) == {
        "n": 1, "big": 123456789012345678901, "f": 1.5, "ok": True, "no": None, "user.name": "é", "tags": ["a", 2], "e": [], "o": {},
        "ts": datetime.datetime(2026, 3, 1, 12, tzinfo=UTC), "day": "2026-03-01"}
    assert logs.fields_of(b'level=info msg="a b" n=-2 half="open') == {"level": "info", "msg": "a b", "n": -2}
    assert logs.fields_of("no fields") == {} and logs.fields_of('{"n":' + "9" * 10_000 + "}")["n"] > 1e300
    with pytest.raises(TypeError):
        logs.fields_of(3)


def test_matches_have_fields():
    matches = logs.search('{"status":200}\nstatus=503 path=/api\n{"status":"404"}\n', "field:status>=404")
    assert [match.fields for match in matches] == [{"status": 503, "path": "/api"}, {"status": "404"}]


def test_slices_are_lazy_and_like_those_of_a_list():
    text = "".join(f"line {i}\n" for i in range(1000))
    matches = logs.search(text, "7")
    whole = list(matches)
    assert len(whole) == len(matches) == 271
    for part in (slice(5), slice(-5, None), slice(None, None, -3), slice(10, 200, 7), slice(300, 400)):
        assert isinstance(matches[part], logs.Matches)
        assert list(matches[part]) == whole[part]
        assert list(matches[part].numbers) == [match.line for match in whole[part]]
    assert matches[-1] == whole[-1] and matches[10:][2] == whole[12]
    with pytest.raises(IndexError, match="match 271 of 271"):
        matches[271]


def test_results_are_sets_of_lines():
    a, b = logs.search(TEXT, "db"), logs.search(TEXT, "timeout")
    assert list((a & b).numbers) == [2]
    assert list((a | b).numbers) == [2, 4, 7]
    assert list((a - b).numbers) == [7]
    assert list((~a).numbers) == [1, 3, 4, 5, 6]
    assert (a & b) == logs.search(TEXT, "db timeout") and a != b
    assert 7 in a and 6 not in a and a[0] in a and 7 not in a[:1] and "x" not in a
    assert a.rank(2) == 1 and a.rank(6) == 1 and a.rank(99) == 2
    assert a.context(1) == [(1, 3), (6, 7)]
    with pytest.raises(TypeError):
        a[:1] & b
    with pytest.raises(ValueError, match="different logs"):
        a & logs.search(logs._core.log_text("db", "another"), "db")


def test_numbers_are_an_array_without_a_copy():
    numbers = logs.search(TEXT, "db").numbers
    assert numbers.format == "Q" and numbers.shape == (2,) and numbers.readonly


def test_sources_are_text_files_and_open_logs(tmp_path):
    path = tmp_path / "a.log"
    path.write_text(TEXT)
    for source in (TEXT, TEXT.encode(), path, logs.open_log(path)):
        assert len(logs.search(source, "db")) == 2
        assert logs.count(source, {"d": "db"}) == {"d": 2}
    with pytest.raises(OSError):
        logs.search(tmp_path / "missing", "db")
    with pytest.raises(TypeError):
        logs.search(12, "db")


@pytest.mark.parametrize("expression, said", [("a OR", "1:5"), ("level:eror", "error"), ("/a(/", "wrong"), ("", "nothing"),
                                              ("field:a>b", "1:9")])
def test_a_wrong_expression_is_a_value_error(expression, said):
    with pytest.raises(ValueError, match=said):
        logs.search(TEXT, expression)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="level"):
        logs.search(TEXT, "a", level="loud")
    with pytest.raises(ValueError):
        logs.count(TEXT, {"a": "("})
    with pytest.raises(TypeError):
        logs.search(TEXT, 5)
    with pytest.raises(TypeError):
        logs.count(TEXT, {"a": 5})


def test_a_pattern_that_explodes_is_an_error():
    with pytest.raises(conclave.InfrastructureError, match="line 2"):
        logs.search("x\n" + "a" * 60 + "b", re.compile("(?=(a+)+$)a"))


def test_count_counts_each_pattern():
    patterns = {"db": "db", "any case": re.compile("TIMEOUT", re.I), "bytes": rb"\d{4}", "none": "zzz"}
    assert logs.count(TEXT, patterns) == {"db": 2, "any case": 2, "bytes": 4, "none": 0}
    assert logs.count(TEXT, {}) == {}
    assert logs.count("", {"a": "a"}) == {"a": 0}


def test_searching_can_be_awaited_and_cancelled(tmp_path):
    path = tmp_path / "big.log"
    path.write_bytes(b"aaaaaaaaaaaaaaaaaaaaaaaaaaa b\n" * 500_000)

    async def both():
        several = await asyncio.gather(logs.search_async(TEXT, "db"), logs.count_async(TEXT, {"db": "db"}))
        task = asyncio.ensure_future(logs.search_async(path, re.compile("(?=(a+){2}(a+){2}(a+){2}c)a")))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return several

    matches, counts = asyncio.run(both())
    assert len(matches) == 2 and counts == {"db": 2}


def test_a_stopped_job_ends_a_search():
    job = conclave.Job("search")
    job.request_stop()
    with pytest.raises(conclave.CancelledError):
        logs.search(TEXT, "db", job=job)


def test_other_threads_run_while_it_searches():
    text = "".join(f"2026-03-01T12:00:00Z INFO line {i}\n" for i in range(200_000))
    log = logs._core.log_text(text)
    ticks = 0
    done = threading.Event()

    def tick():
        nonlocal ticks
        while not done.is_set():
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        for _ in range(20):
            logs.search(log, "/(?<!x)7$/ level:info")
        during = ticks
    finally:
        done.set()
        thread.join()
    assert during > 1000


SHARED = pathlib.Path(os.environ.get("CONCLAVE_SHARED") or pathlib.Path(__file__).parents[3] / "shared")
SAMPLES = sorted((SHARED / "data" / "logs").glob("*/*.log"))
PATTERNS = {"errors": rb"(?i)(error|exception|failed)", "stamp": rb"\d{4}-\d{2}-\d{2}[T\s]\d{2}:\d{2}:\d{2}", "end": rb"\d$",
            "start": rb"^\w+ +\d+ \d+:", "address": rb"(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)", "twice": rb"(\w{3,})\W+\1\b",
            "not ascii": rb"[^\x00-\x7f]", "block": rb"blk_-?\d+", "blanks": rb"\s\s", "empty": rb"^$"}


@pytest.mark.skipif(not SAMPLES, reason="no sample logs beside this tree (CONCLAVE_SHARED)")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: getattr(path, "stem", "none"))
def test_what_is_found_is_what_re_finds_line_by_line(path):
    lines = path.read_bytes().split(b"\n")
    lines = [line[:-1] if line.endswith(b"\r") else line for line in (lines if lines[-1] else lines[:-1])]
    expected = {name: [i for i, line in enumerate(lines, 1) if re.search(pattern, line)] for name, pattern in PATTERNS.items()}
    for name, pattern in PATTERNS.items():
        assert list(logs.search(path, re.compile(pattern)).numbers) == expected[name], name
    assert logs.count(path, PATTERNS) == {name: len(numbers) for name, numbers in expected.items()}
