"""Each failure of the engine is one exception, which is also the built-in a programmer expects."""

import asyncio
import concurrent.futures
import errno

import conclave
import pytest
from conclave import _core


@pytest.mark.parametrize(
    "error, builtin",
    [
        (conclave.InfrastructureError, RuntimeError),
        (conclave.PerformanceError, RuntimeError),
        (conclave.CircleError, RuntimeError),
        (conclave.SecurityError, PermissionError),
        (conclave.SerializationError, ValueError),
        (conclave.CancelledError, concurrent.futures.CancelledError),
    ],
)
def test_every_error_has_two_bases(error, builtin):
    assert issubclass(error, conclave.ConclaveError) and issubclass(error, builtin) and error.__module__ == "conclave"


def test_cancelled_goes_through_except_exception():
    assert not issubclass(conclave.Cancelled, Exception)
    assert not issubclass(conclave.CancelledError, asyncio.CancelledError)


def test_io_errors_carry_errno_and_file_name(tmp_path):
    for call in (conclave.Case.load, _core.open_log, _core.read_config_file):
        with pytest.raises(FileNotFoundError) as raised:
            call(tmp_path / "absent")
        assert raised.value.errno == errno.ENOENT and raised.value.filename == str(tmp_path / "absent")


def test_paths_that_are_no_unicode_come_back_as_python_writes_them(tmp_path):
    odd = bytes(tmp_path) + b"/\xff.log"
    with pytest.raises(FileNotFoundError) as raised:
        _core.open_log(odd)
    assert raised.value.filename.endswith("\udcff.log")
    with open(odd, "wb") as file:
        file.write(b"one\ntwo\n")
    assert _core.open_log(raised.value.filename).lines == 2


def test_a_wrong_case_lists_every_problem_with_its_place(tmp_path):
    file = tmp_path / "case.yaml"
    file.write_text("question: ok?\nlogs: [a.log]\nverdict: [a, b]\nordered: 3\n")
    with pytest.raises(conclave.InfrastructureError) as raised:
        conclave.Case.load(file)
    places = {(problem.line, problem.file) for problem in raised.value.problems}
    assert places >= {(3, str(file)), (4, str(file))}
    assert "did you mean 'verdicts'" in str(raised.value)


def test_text_that_is_no_yaml_is_an_infrastructure_error():
    with pytest.raises(conclave.InfrastructureError, match="<text>:"):
        conclave.Case.parse("question: [")


def test_wrong_values_are_value_errors_and_wrong_types_type_errors():
    with pytest.raises(ValueError, match="65535"):
        conclave.scan.parse_targets("host:70000")
    with pytest.raises(ValueError):
        _core.Deadline(-1)
    for call in (lambda: _core.open_log(3), lambda: _core.redact(b"x"), lambda: _core.scan(3)):
        with pytest.raises(TypeError):
            call()


def test_a_missing_key_is_a_key_error(tmp_path):
    with pytest.raises(KeyError):
        _core.Store(tmp_path / "history.db").report_json("0123456789")


def test_an_exception_that_crosses_the_engine_is_the_same_object():
    try:
        raise LookupError("mine")
    except LookupError as error:
        kept, number = error, _core.keep_exception(error)
    with pytest.raises(LookupError) as raised:
        _core.raise_kept(number)
    assert raised.value is kept and len(raised.traceback) >= 2
    for error in [KeyError(i) for i in range(300)]:
        _core.keep_exception(error)
    with pytest.raises(conclave.ConclaveError):
        _core.raise_kept(number)


def test_a_stopped_job_is_a_cancelled_error(log):
    job = conclave.Job("t")
    job.request_stop()
    with pytest.raises(conclave.CancelledError):
        conclave.logs.summarize(log, job=job)
