"""Run it with `conclave plugins test @NAME@`."""

from pathlib import Path

import conclave

HERE = Path(__file__).parent


def ask(tmp_path, *lines):
    """What the expert says of a log of these lines. It runs in this process, so that print() shows and breakpoint() works."""
    log = tmp_path / "app.log"
    log.write_text("".join(f"2026-03-01T12:00:{second:02}Z {line}\n" for second, line in enumerate(lines)))
    case = conclave.Case(question="Is it healthy?", logs=[log])
    (response,) = conclave.consult(case, experts=[HERE], trust=["@NAME@"]).responses
    assert response.error is None, response.error
    return response


def test_a_full_disk_is_found_and_cited(tmp_path):
    response = ask(tmp_path, "INFO started", "ERROR write failed: No space left on device")
    assert response.verdict == "failing"
    (claim,) = response.claims
    assert claim.evidence[0].line == 2


def test_a_quiet_log_is_healthy(tmp_path):
    assert ask(tmp_path, "INFO started", "INFO served").verdict == "healthy"
