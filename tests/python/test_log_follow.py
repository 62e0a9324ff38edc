"""Logs as they grow."""

import asyncio
import json
import os
import pickle
import subprocess
import threading

import conclave
import pytest
from conclave import _core, logs

JOURNAL_WRITER = "/lib/systemd/systemd-journal-remote"


def test_lines_come_as_they_are_written(tmp_path):
    log = tmp_path / "a.log"
    log.write_bytes("oné\r\ntwo\n".encode())
    news = logs.follow(log, last_lines=1)
    assert next(news) == logs.Followed(str(log), "text", ("two",))
    with log.open("ab") as file:
        file.write(b"three\n\xff\n\n")
    assert next(news).lines == ("three", "\ufffd", "")
    log.rename(tmp_path / "a.log.1")
    log.write_text("new\n")
    assert [next(news), next(news)] == [logs.Followed(str(log), "replaced"), logs.Followed(str(log), "text", ("new",))]


def test_a_job_ends_it_and_the_last_line_is_not_lost(tmp_path):
    log = tmp_path / "a.log"
    log.write_text("one\nhalf")
    job = _core.Job("follow")
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(logs.follow([log, str(tmp_path / "later.log")], job=job)))
    thread.start()
    while not seen:
        pass
    job.request_stop()
    thread.join(30)
    assert [line for each in seen for line in each.lines] == ["one", "half"]


def test_what_cannot_be_followed_is_said_at_once(tmp_path):
    with pytest.raises(OSError, match="is a directory"):
        logs.follow(tmp_path)
    packed = tmp_path / "a.gz"
    packed.write_bytes(b"\x1f\x8b\x08 and so on")
    with pytest.raises(conclave.ConclaveError, match="is compressed"):
        logs.follow(packed)
    with pytest.raises(ValueError, match="patience"):
        _core.Follower([packed.with_suffix(".log")]).take(-1)


def test_it_is_awaited_and_cancelled(tmp_path):
    log = tmp_path / "a.log"
    log.write_text("one\n")

    async def main():
        seen = []

        async def watch():
            async for news in logs.follow_async(log):
                seen.extend(news.lines)

        task = asyncio.create_task(watch())
        while seen != ["one"]:
            await asyncio.sleep(0.01)
        log.write_text("one\ntwo\n")
        while seen != ["one", "two"]:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.skipif(not os.access(JOURNAL_WRITER, os.X_OK), reason="needs Debian's systemd-journal-remote")
def test_the_journal_is_followed(tmp_path):
    with subprocess.Popen([JOURNAL_WRITER, "-o", tmp_path / "system.journal", "-"], stdin=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as writer:
        def write(number, message):
            writer.stdin.write(f"__REALTIME_TIMESTAMP={1772366405000000 + number}\n__MONOTONIC_TIMESTAMP={number}\n"
                               f"_BOOT_ID={'a' * 32}\nMESSAGE={message}\n\n".encode())
            writer.stdin.flush()

        write(1, "one")
        name = f"journal:directory={tmp_path}"
        while True:
            try:
                news = logs.follow(name)
                break
            except (LookupError, OSError, conclave.ConclaveError):  # the file is being made
                pass
        first = next(news)
        assert first.path == name and json.loads(first.lines[0])["message"] == "one"
        write(2, "tw\xf6")
        assert json.loads(next(news).lines[0])["message"] == "tw\xf6"
        writer.stdin.close()
    with pytest.raises(ValueError, match="cannot be followed"):
        logs.follow(f"{name},until=-1h")


def test_news_are_values():
    news = logs.Followed("a.log", "text", ("one",))
    assert pickle.loads(pickle.dumps(news)) == news and hash(news) == hash(logs.Followed("a.log", "text", ("one",)))
