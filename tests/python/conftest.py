"""What several tests share: a small case, its evidence."""

import datetime
import pathlib
import socket

import conclave
import pytest

START = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)


def log_lines(count=600, every=50):
    """One line a second; each `every`-th is an error."""
    for i in range(count):
        time = (START + datetime.timedelta(seconds=i)).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield f"{time} ERROR request {i} failed" if i % every == 0 else f"{time} INFO request {i} served"


@pytest.fixture
def log(tmp_path) -> pathlib.Path:
    path = tmp_path / "app.log"
    path.write_text("\n".join(log_lines()) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def case(log) -> conclave.Case:
    return conclave.Case(question="Is it safe to go on?", name="small", logs=[log], base=log.parent)


@pytest.fixture
def evidence(case) -> conclave.Evidence:
    return conclave.Evidence(conclave.case.gather(case).evidence)


@pytest.fixture
def hanging_target():
    """A loopback port whose queue is full: connects to it get no answer."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    port = server.getsockname()[1]
    clients = []
    for _ in range(4):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", port))
        clients.append(client)
    yield ("127.0.0.1", port)
    for one in [*clients, server]:
        one.close()
