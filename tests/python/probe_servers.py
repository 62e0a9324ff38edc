"""Servers on loopback for probes to talk with."""

import contextlib
import socket
import threading


@contextlib.contextmanager
def serving(talk):
    """The port of a server that calls talk(connection) on a thread for each connection, among them that of the scan itself."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threading.Thread(target=_accept, args=(listener, talk), daemon=True).start()
        yield listener.getsockname()[1]
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener, talk):
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_talk, args=(connection, talk), daemon=True).start()


def _talk(connection, talk):
    with connection, contextlib.suppress(OSError):
        talk(connection)


def pong(connection):
    """Answers PING with PONG, and everything else with what it got."""
    while asked := connection.recv(4096):
        connection.sendall(b"PONG\r\n" if asked == b"PING\r\n" else asked)


def silent(connection):
    while connection.recv(4096):
        pass


def flood(connection):
    while True:
        connection.sendall(b"x" * 65536)
