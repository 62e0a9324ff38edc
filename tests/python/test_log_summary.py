"""Summaries of logs: values that merge, from any kind of text."""
import copy
import datetime
import gc
import mmap
import pickle
import random
import re
import sys

import conclave
import pytest
from conclave import logs
from conclave._regular import for_engine

UTC = datetime.timezone.utc
TEXT = (
    "no stamp yet: failed\n2026-03-01 12:00:05 ERROR a failed\n  at b\n2026-03-01 12:30:00 WARN disk 7\n"
    "2026-03-01 13:00:00 INFO disk 12\n2026-03-01 13:59:59 FATAL the end\n"
)


def shown(summary):
    return {name: getattr(summary, name) for name in summary.__slots__ if name != "_state"}


def test_parts_of_a_log_merge_to_what_one_pass_gives_wherever_they_are_cut():
    options = {"patterns": {"disk": r"disk \d+$"}, "max_gaps": 2, "max_samples": 2}
    whole = logs.summarize(TEXT, **options)
    assert whole.patterns == {"disk": 2} and [sample.text for sample in whole.samples] == TEXT.splitlines()[:2]
    lines = TEXT.splitlines(keepends=True)
    for seed in range(20):
        cuts = sorted(random.Random(seed).choices(range(len(lines) + 1), k=3))
        first, second, third, fourth = (
            logs.summarize("".join(lines[a:b]), **options) for a, b in zip([0, *cuts], [*cuts, len(lines)])
        )
        left = first.merge(second).merge(third).merge(fourth)
        right = first.merge(second.merge(third.merge(fourth)))
        assert shown(left) == shown(right) == shown(whole), cuts


def test_a_summary_survives_being_pickled_and_merges_then():
    first, second = (logs.summarize(part) for part in (TEXT[:60], TEXT[60:]))
    for travelled in (pickle.loads(pickle.dumps(first)), copy.deepcopy(first), copy.copy(first)):
        assert travelled == first
        assert shown(travelled.merge(pickle.loads(pickle.dumps(second)))) == shown(first.merge(second))


def test_bytes_that_are_no_summary_are_refused():
    state = logs.summarize(TEXT)._state.__getstate__()
    for broken in (b"", b"\xff" * 40, state[0][:-9], b"\xa0"):
        with pytest.raises(ValueError):
            type(logs.summarize("")._state).__new__(type(logs.summarize("")._state)).__setstate__((broken, {}))


def test_summaries_of_other_options_do_not_merge():
    with pytest.raises(ValueError, match="same options"):
        logs.summarize(TEXT).merge(logs.summarize(TEXT, patterns={"x": "x"}))


def test_joined_logs_have_no_gap_between_them():
    early, late = logs.summarize("2026-03-01 12:00:00 a\n"), logs.summarize("b\n2026-03-02 12:00:00 c\n")
    joined = early.join(late)
    assert (joined.lines, joined.gaps, len(joined.buckets)) == (3, [], 2)
    assert len(early.merge(late).gaps) == 1


def test_the_histogram_can_be_made_wider():
    summary = logs.summarize(TEXT)
    assert [(bucket.start.hour, bucket.lines) for bucket in summary.histogram(3600)] == [(12, 3), (13, 2)]
    first = summary.histogram()[0]
    assert first == logs.LevelBucket(datetime.datetime(2026, 3, 1, 12, tzinfo=UTC), 2, {}) and first.levels["error"] == 1
    for seconds in (90, 0, -60, 1e300):
        with pytest.raises(ValueError):
            summary.histogram(seconds)


def test_samples_are_kept_by_level():
    samples = logs.summarize(TEXT, max_level_samples=1).level_samples
    assert {level: [(s.line, s.text) for s in found] for level, found in samples.items() if found} == {
        "unknown": [(1, "no stamp yet: failed")], "error": [(2, "2026-03-01 12:00:05 ERROR a failed")],
        "warning": [(4, "2026-03-01 12:30:00 WARN disk 7")], "info": [(5, "2026-03-01 13:00:00 INFO disk 12")],
        "fatal": [(6, "2026-03-01 13:59:59 FATAL the end")],
    }


def test_a_time_zone_says_what_stamps_without_an_offset_mean():
    assert logs.summarize(TEXT, tz="Europe/Berlin").first_time == datetime.datetime(2026, 3, 1, 11, 0, 5, tzinfo=UTC)
    assert logs.summarize(TEXT.replace(" 12:00:05", "T12:00:05Z"), tz="+05:30").first_time.minute == 0
    with pytest.raises(ValueError):
        logs.summarize(TEXT, tz="Mars/Base")


@pytest.mark.parametrize("kind", ["bytearray", "memoryview", "slice", "mmap"])
def test_any_buffer_is_a_log(kind, tmp_path):
    path = tmp_path / "a.log"
    path.write_text(TEXT)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        data = TEXT.encode()
        source = {"bytearray": bytearray(data), "memoryview": memoryview(data), "slice": memoryview(b"#" + data)[1:],
                  "mmap": mapped}[kind]
        assert shown(logs.summarize(source)) == shown(logs.summarize(TEXT))
        assert conclave.LogAnalyzer({"disk": "disk"}).analyze_logs(source)["disk"] == 2
        assert conclave.LogAnalyzer().analyze_logs(source)["total_lines"] == 6
        if kind == "bytearray":
            source.append(0)  # no longer pinned


@pytest.mark.parametrize("letters", ["T\xfcr zu", "\u65e5\u672c", "lone \ud800 surrogate", "plain", "nul \0"])
def test_a_str_is_a_log_whatever_its_letters_and_is_let_go_again(letters):
    text = "".join([letters, " failed\n"] * 3)  # an object of its own
    held = sys.getrefcount(text)
    assert conclave.LogAnalyzer().analyze_logs(text)["error"] == 3
    assert sys.getrefcount(text) == held
    opened = logs.search(text, "failed").log
    wanted = text.replace("\ud800", "?").splitlines()
    text = None
    gc.collect()
    assert [opened.line(number) for number in (1, 2, 3)] == wanted[:3]


def test_a_view_with_holes_is_refused():
    with pytest.raises((BufferError, TypeError, ValueError)):
        logs.summarize(memoryview(b"abcd")[::2])


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(ValueError, match="no regular expression"):
        logs.summarize(TEXT, patterns={"x": "("})


def random_pattern(rng, depth=3):
    def atom():
        return rng.choice([rb"a", rb"b", rb"E", rb"7", rb"\d", rb"\s", rb"\W", rb".", rb"[a-c]", rb"[^b\d]", rb"[\x80-\xff]", rb"\b", rb"^", rb"$",
                           rb"\.", rb"-", rb"\x00", rb"error"])

    if depth == 0:
        return atom()
    parts = [random_pattern(rng, depth - 1) for _ in range(rng.randrange(1, 3))]
    kind = rng.randrange(6)
    if kind == 0:
        return b"(" + b"|".join(parts) + b")"
    if kind == 1:
        return b"(?:" + b"".join(parts) + b")" + rng.choice([b"{0,2}", b"{1,3}?", b"{2}"])
    if kind == 2 and b"^" not in parts[0] and b"$" not in parts[0]:
        return b"(?:" + parts[0] + b")" + rng.choice([b"*", b"+", b"?", b"*?"])
    return b"".join(parts) + (rng.choice([rb"(?=a)", rb"(?!b)", rb"\B"]) if rng.random() < 0.1 else b"")


def test_own_patterns_count_as_pythons_re_line_by_line_whoever_counts():
    rng = random.Random(5)
    pieces = [b"a", b"b", b"B", b"e", b"error", b"ERROR", b"7", b" ", b".", b"-", b"\x00", b"\xe9", b"\t", b"\n", b"\r\n"]
    taken = 0
    for _ in range(300):
        text = b"".join(rng.choices(pieces + [b"\r"] * (rng.random() < 0.1), k=rng.randrange(60)))
        pattern = re.compile(random_pattern(rng), rng.choice([0, re.I, re.M, re.S, re.I | re.S]))
        taken += for_engine(pattern) is not None
        wanted = sum(pattern.search(line) is not None for line in text.splitlines())
        assert conclave.LogAnalyzer({"own": pattern}).analyze_logs(text)["own"] == wanted, (pattern, text)
    assert taken > 200


def test_only_what_surely_means_the_same_goes_to_the_engine():
    for same in (r"disk \d+$", r"(?i)error|exception|failed", r"^a.*?[^x]{2,}b", r"(?x) a b  # both", b"\\bx", ""):
        assert for_engine(re.compile(same.encode() if isinstance(same, str) else same)) is not None, same
    for other in (rb"(a)\1", rb"(?=a)b", rb"(?<!a)b", rb"(?i:a)b", rb"a++b", rb"(?>a|ab)c", rb"\Ba", rb"(a)?(?(1)b|c)", rb"a{999}"):
        assert for_engine(re.compile(other)) is None, other
    assert for_engine(re.compile(rb"\w", re.LOCALE)) is None
    counts = conclave.LogAnalyzer({"back": r"(a)\1", "plain": "a"}).analyze_logs("aa\nab\nb\n")
    assert (counts["back"], counts["plain"]) == (1, 2)


def test_a_pattern_that_is_too_hard_for_the_engine_is_left_to_re():
    text = "a" * 24 + "!\n" + "ab\n"
    assert conclave.LogAnalyzer({"hard": r"^(?:a|a?)*b$"}).analyze_logs(text)["hard"] == 1
