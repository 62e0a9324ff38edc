"""Workers: processes that run one expert, hook or probe each, confined to what its manifest allows; and the zygote they are forked from.

The program's side is scripting/worker (C++). It starts `/usr/bin/python3.11 -I` (with -S one for workers with an environment) with `serve`, asks it over a socket to fork, and
talks with each worker over a socket of its own: a u32 length and JSON, descriptors beside it.

    to a worker     {"run": info of _runner, "folder", "memory_mb", "network", "read", "write", "environment", "subprocess", "raw_evidence"}
                    with the memfd of the evidence;  {"say": "stop"};  the info of a hook holds "hook": {"name", "argument"},
                    and beside that of a probe comes the connection it talks on
    {"say": "resolved", "id", "addresses" or "error"}
    from a worker   {"say": "begins", "not_enforced": [...]};  {"say": "progress", "done", "total"};
                    {"say": "resolve", "id", "host"};  {"say": "log", "level", "text"};  {"say": "answer", "response": {...}},
                    or of a hook {"say": "answer", "returned": as _hooks.call}

Paths travel as latin-1 text, since they are bytes. Confinement is on before a line of the plugin is read: the kernel enforces it
(`_core.confine`), and an audit hook says the same in words a plugin's author understands.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import functools
import gc
import io
import json
import logging
import os
import queue
import resource
import select
import signal
import site
import socket
import struct
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from conclave import _core, _hooks, _runner
from conclave.evidence import Evidence

LARGEST_ANSWER = 16 << 20
# From a stop to the interrupt; the program kills after 0.8 s.
GRACE_S = 0.3
MOST_MESSAGES = 20  # of an on_startup
LONGEST_MESSAGE = 2000  # characters
# Descriptors of a worker beside its standard streams.
CHANNEL, WORDS = 3, 4


# --- the zygote --------------------------------------------------------------------------------------------------------


def serve(control: int, parent: int) -> NoReturn:
    """Forks workers until the program closes `control` or ends. It stays single-threaded: only then may it fork."""
    _core.die_with_parent(signal.SIGTERM, parent)
    if sys.flags.no_site:
        del sys.path[0]  # where this package is, and maybe others of the program's Python
    _Zygote(socket.socket(fileno=control)).run()


class _Zygote:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._workers: dict[int, tuple[int, int]] = {}  # by pidfd: (id, process)
        self._poll = select.poll()

    def run(self) -> NoReturn:
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        with contextlib.suppress(ImportError):
            import numpy  # noqa: F401 - so that no worker has to
        _python_places()
        gc.collect()
        gc.freeze()  # what is here stays shared with the workers
        self._poll.register(self._control, select.POLLIN)
        self._say({"event": "ready"})
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._control.fileno():
                    self._fork()
                else:
                    self._ended(descriptor)

    def _say(self, message: dict[str, Any], descriptors: Iterable[int] = ()) -> None:
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], list(descriptors))
        except OSError:
            self._end()

    def _end(self) -> NoReturn:
        for _, process in self._workers.values():
            _kill_group(process)
        os._exit(0)

    def _fork(self) -> None:
        data, files, _, _ = socket.recv_fds(self._control, 4096, 8)
        if not data:
            self._end()
        worker = json.loads(data)["fork"]
        try:
            process = os.fork()
        except OSError as error:
            self._say({"event": "not_forked", "id": worker, "text": str(error)})
        else:
            if process == 0:
                _work(*files)
            with contextlib.suppress(OSError):
                os.setpgid(process, process)  # here and there, since either may be first
            pidfd = os.pidfd_open(process)
            self._workers[pidfd] = (worker, process)
            self._poll.register(pidfd, select.POLLIN)
            self._say({"event": "forked", "id": worker, "pid": process}, [pidfd])
        for file in files:
            os.close(file)

    def _ended(self, pidfd: int) -> None:
        worker, process = self._workers.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _kill_group(process)  # what it started; its number is not given to another before it is waited for
        _, status = os.waitpid(process, 0)
        self._say({"event": "exited", "id": worker, "status": status})


def _kill_group(process: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(process, signal.SIGKILL)


# --- a worker ----------------------------------------------------------------------------------------------------------


def _work(*files: int) -> NoReturn:
    """The child of a fork. Never returns into the zygote."""
    try:
        os.setpgid(0, 0)
        _core.die_with_parent(signal.SIGKILL, os.getppid())
        _take_files(files)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _run(_Channel(socket.socket(fileno=CHANNEL)))
    except BaseException as error:  # noqa: BLE001 - of this file; what the expert raises is in its answer
        with contextlib.suppress(BaseException):
            sys.stderr.write(f"conclave: the worker failed: {type(error).__name__}: {error}\n")
            sys.stderr.flush()
    finally:
        os._exit(70)


def _take_files(files: tuple[int, ...]) -> None:
    """(channel, standard output, standard error, last words) to their places; everything else is closed."""
    channel, out, err, words = (fcntl.fcntl(file, fcntl.F_DUPFD, 64) for file in files)  # out of the way
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.dup2(channel, CHANNEL)
    os.dup2(words, WORDS)
    os.closerange(WORDS + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    sys.stdout = sys.__stdout__ = open(1, "w", 1, "utf-8", "replace", closefd=False)
    sys.stderr = sys.__stderr__ = open(2, "w", 1, "utf-8", "replace", closefd=False)
    sys.stdin = _Nobody()  # type: ignore[assignment]
    faulthandler.enable(WORDS, all_threads=True)
    faulthandler.register(signal.SIGUSR1, WORDS, all_threads=True)


class _Nobody(io.TextIOBase):
    """sys.stdin of a worker."""

    def readable(self) -> bool:
        return True

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        raise EOFError("an isolated plugin has nobody to ask; input() and getpass() work in the console")

    def read(self, size: int | None = -1, /) -> str:
        return ""


class _Channel:
    """Messages to and from the program. One thread writes at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._writing = threading.Lock()

    def receive(self) -> tuple[dict[str, Any], list[int]] | None:
        """A message and its descriptors; None once the program is gone."""
        files: list[int] = []
        head = self._exactly(4, files)
        body = self._exactly(struct.unpack("=I", head)[0], files) if head else b""
        return (json.loads(body), files) if body else None

    def _exactly(self, size: int, files: list[int]) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            data, more, _, _ = socket.recv_fds(self._connection, min(size - len(parts), 1 << 20), 4)
            files += more
            if not data:
                return b""
            parts += data
        return bytes(parts)

    def send(self, message: dict[str, Any], files: Iterable[int] = ()) -> None:
        frame = _framed(message)
        with self._writing:
            sent = socket.send_fds(self._connection, [frame], list(files))
            self._connection.sendall(frame[sent:])


def _framed(message: dict[str, Any]) -> bytes:
    body = json.dumps(message).encode()
    return struct.pack("=I", len(body)) + body


def _path(text: str) -> str:
    return os.fsdecode(text.encode("latin-1"))


def _run(channel: _Channel) -> None:
    received = channel.receive()
    if received is None:
        os._exit(0)
    order, files = received
    info = order["run"]
    hook = info.pop("hook", None)
    info["path"] = _path(info["path"])
    info["grace_s"] = GRACE_S
    secrets = info.pop("secret_values")
    info["secrets"] = list(secrets)
    info["find_secret"] = lambda name: _secret(secrets[name])
    with contextlib.suppress(OSError):
        os.chdir(_path(order["folder"]))
    is_probe = hook is not None and hook["name"] == "probe"
    if is_probe:
        hook["argument"]["socket"] = files.pop()  # the connection it talks on
    evidence = _evidence(files)
    rights = _Rights(order, info["path"], evidence, is_probe)
    job = _core.Job(info["name"])
    notes = _Notes(channel, job)
    info["on_job"] = notes.watch
    sys.breakpointhook = _no_breakpoint
    gaps, listener = _core.confine(
        rights.read,
        rights.write,
        subprocess=rights.subprocess,
        network=bool(rights.network),
        memory_mb=order["memory_mb"],
    )
    channel.send({"say": "begins", "not_enforced": gaps}, [listener] if listener >= 0 else [])
    if listener >= 0:
        os.close(listener)
    notes.start()
    if rights.network:
        _Names(notes, rights.network).install()
    sys.addaudithook(rights.audit)
    if rights.environment is not None:
        _enter(rights.environment)
    if hook is None:
        message = {"response": _runner.run_expert(info, evidence, job).to_dict()}
    else:
        message = _run_hook(info, hook["name"], hook["argument"] if evidence is None else evidence, job)
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(Exception):
            stream.flush()
    notes.answer(message)


def _enter(environment: str) -> None:
    """As if this Python had been started in it. Only now: what packages say in .pth files is run here."""
    sys.prefix = sys.exec_prefix = environment
    sys.executable = os.path.join(environment, "bin", "python")
    site.addsitedir(sysconfig.get_path("purelib", "venv", {"base": environment}))


def _evidence(files: list[int]) -> Evidence | None:
    """None for a hook that comes before there is any."""
    if not files:
        return None
    evidence = Evidence(_core.Evidence.from_descriptor(files[0]))
    os.close(files[0])
    return evidence


def _run_hook(info: dict[str, Any], name: str, argument: Any, job: _core.Job) -> dict[str, Any]:
    if name == "on_startup":
        return _run_startup_hook(info, job)
    returned, failure = _runner.run_hook(info, lambda: _hooks.call(info, name, argument), job)
    return {"returned": returned} if failure is None else {"response": failure.to_dict()}


def _run_startup_hook(info: dict[str, Any], job: _core.Job) -> dict[str, Any]:
    """The answer is what it said: the program is in another process, and only takes messages from here."""
    from conclave._app import App

    said: list[str] = []

    def request(what: str, argument: str) -> bool:
        if what != "message":
            raise _core.ConclaveError(f"app.{what} is for plugins that run inside Conclave; in a process of its own a plugin has app.message")
        if len(said) < MOST_MESSAGES:
            said.append(json.loads(argument)[:LONGEST_MESSAGE])
        return True

    returned, failure = _runner.run_hook(info, lambda: _hooks.call(info, "on_startup", App(request, {})), job)
    if failure is not None:
        return {"response": failure.to_dict()}
    return {"returned": None if returned is None else {"value": said}}


def _secret(found: dict[str, str | None]) -> str | None:
    if "error" in found:
        raise _core.SecurityError(found["error"])
    return found["value"]


class _Notes(logging.Handler):
    """What goes to the program while the expert runs, and its stop back. One thread sends and one listens, so that an interrupt
    of the expert never tears a message."""

    def __init__(self, channel: _Channel, job: _core.Job) -> None:
        super().__init__(logging.INFO)
        self._channel = channel
        self._job = job
        self._own: _core.Job | None = None
        self._told = (0, 0)
        self._lines: list[tuple[int, str]] = []
        self._questions: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._ended = threading.Event()
        self._teller = threading.Thread(target=self._tell, name="conclave-notes", daemon=True)

    def start(self) -> None:
        logger = logging.getLogger("conclave.expert")
        logger.setLevel(logging.INFO)
        logger.addHandler(self)
        logger.propagate = False
        threading.Thread(target=self._listen, name="conclave-channel", daemon=True).start()
        self._teller.start()

    def watch(self, own: _core.Job) -> None:
        self._own = own

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._lines) < 10_000:
            self._lines.append((record.levelno, self.format(record)))

    def ask(self, host: str) -> dict[str, Any]:
        """What the program says of a host name."""
        reply: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._questions[id(reply)] = reply
        self._channel.send({"say": "resolve", "id": id(reply), "host": host})
        return reply.get()

    def answer(self, message: dict[str, Any]) -> None:
        self._ended.set()
        self._teller.join()
        message = {"say": "answer", **message}
        frame = _framed(message)
        if len(frame) > LARGEST_ANSWER:
            reason = f"its answer is too large: {len(frame)} bytes, more than {LARGEST_ANSWER}"
            error = _core.ResponseError("ValueError", reason)
            message = {"say": "answer", "response": _core.ExpertResponse(status="failed", error=error).to_dict()}
        self._channel.send(message)
        os._exit(0)

    def _tell(self) -> None:
        while True:
            last = self._ended.wait(0.05)
            self._send_news()
            if last:
                return

    def _send_news(self) -> None:
        while self._lines:
            level, text = self._lines.pop(0)
            self._channel.send({"say": "log", "level": level, "text": text[:65536]})
        if self._own is not None:
            now = self._own.progress()
            if (now.done, now.total) != self._told:
                self._told = (now.done, now.total)
                self._channel.send({"say": "progress", "done": now.done, "total": now.total})

    def _listen(self) -> None:
        while (received := self._channel.receive()) is not None:
            if received[0].get("say") == "stop":
                self._job.request_stop()
            elif (reply := self._questions.pop(received[0].get("id", 0), None)) is not None:
                reply.put(received[0])
        os.kill(os.getpid(), signal.SIGKILL)  # the program is gone


def _no_breakpoint(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError(
        "breakpoint() needs a terminal, which an isolated plugin does not have; run it in the program with --trust NAME"
    )


class _Names:
    """getaddrinfo for a process without a resolver: the program looks up the hosts of the manifest, and no others."""

    def __init__(self, notes: _Notes, network: list[str]) -> None:
        self._notes = notes
        self._network = network
        self._numeric = socket.getaddrinfo

    def install(self) -> None:
        setattr(socket, "getaddrinfo", self.getaddrinfo)
        setattr(socket, "gethostbyname", lambda host: self.getaddrinfo(host, None, socket.AF_INET)[0][4][0])

    def getaddrinfo(self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> list[Any]:  # noqa: A002
        found = []
        for address in self._addresses(host):
            with contextlib.suppress(socket.gaierror):  # of another family
                found += self._numeric(address, port, family, type or socket.SOCK_STREAM, proto, flags | socket.AI_NUMERICHOST)
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, f"no address of {host} fits")
        return found

    def _addresses(self, host: Any) -> list[str]:
        name = host.decode("idna") if isinstance(host, bytes) else host
        if not name:
            return ["127.0.0.1"]
        try:
            self._numeric(name, None, flags=socket.AI_NUMERICHOST)
        except socket.gaierror:
            reply = self._notes.ask(name)
            if reply.get("error") == "not allowed":
                _refuse(f"may not look up {name}", f'network = ["{name}:PORT"]')
            if "addresses" not in reply:
                raise socket.gaierror(socket.EAI_NONAME, f"{name}: {reply.get('error')}") from None
            addresses: list[str] = reply["addresses"]
            return addresses
        return [name]


# --- what it may do ----------------------------------------------------------------------------------------------------

_SYSTEM_READ = (
    "/usr /lib /lib64 /bin /sbin /etc/ld.so.cache /etc/localtime /etc/timezone /etc/ssl/certs /etc/ssl/openssl.cnf /etc/mime.types "
    "/proc/self /proc/cpuinfo /proc/meminfo /proc/stat /sys/devices/system/cpu /dev/urandom /dev/random /dev/zero"
).split()
_SYSTEM_WRITE = ["/dev/null"]
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class _Rights:
    """The permissions of a manifest as this process keeps them. The audit hook is for clear words; the kernel is for certainty."""

    def __init__(self, order: dict[str, Any], plugin: str, evidence: Evidence | None, is_probe: bool) -> None:
        folder = plugin if os.path.isdir(plugin) else os.path.dirname(os.path.abspath(plugin))
        self.network: list[str] = order["network"]
        self._is_probe = is_probe
        self.subprocess: bool = order["subprocess"]
        self._raw: bool = order["raw_evidence"]
        self._logs = {os.path.abspath(_core.log_file(log.path)) for log in (evidence.logs if evidence is not None else ())}
        named = [_in(folder, _path(text)) for text in order["read"]]
        self.write = [_in(folder, _path(text)) for text in order["write"]] + _SYSTEM_WRITE
        self.environment = None if order["environment"] is None else _path(order["environment"])
        own = [plugin, *named, *(sorted(self._logs) if self._raw else []), *([self.environment] if self.environment else [])]
        self.read: list[str] = [*_python_places(), *own]
        self._readable = _Places([*own, *self.write], _python_places())
        self._writable = _Places(self.write)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        check = _CHECKS.get(event)
        if check is not None:
            check(self, *arguments)

    def _open(self, path: Any, mode: Any, flags: Any = 0) -> None:
        if not isinstance(path, (str, bytes)):
            return  # a descriptor it has
        name = os.path.abspath(os.fsdecode(path))
        writes = (isinstance(flags, int) and flags & _WRITING) or (isinstance(mode, str) and any(c in mode for c in "wax+"))
        if (self._writable if writes else self._readable).hold(name):
            return
        if writes:
            _refuse(f"may not write {name}", f'write = ["{name}"]', "; what is there before may be written" * (not os.path.exists(name)))
        if name in self._logs:
            _refuse(f"may not read {name} as it is, because it may use the network", "raw_evidence = true")
        if os.path.exists(name):
            _refuse(f"may not read {name}", f'read = ["{name}"]')

    def _list(self, path: Any = None) -> None:
        if isinstance(path, (str, bytes)) and not self._readable.hold(os.path.abspath(os.fsdecode(path))):
            name = os.path.abspath(os.fsdecode(path))
            _refuse(f"may not list {name}", f'read = ["{name}"]')

    def _change(self, path: Any, *_: Any) -> None:
        if isinstance(path, (str, bytes)) and not self._writable.hold(os.path.abspath(os.fsdecode(path))):
            name = os.path.abspath(os.fsdecode(path))
            _refuse(f"may not change {name}", f'write = ["{os.path.dirname(name)}"]')

    def _start(self, *_: Any) -> None:
        if not self.subprocess:
            _refuse("may not start processes", "subprocess = true")

    def _socket(self, _: Any, family: int, kind: int, *__: Any) -> None:
        if family in (socket.AF_INET, socket.AF_INET6) and not self.network:
            self._refuse_network("may not use the network", "HOST:PORT")

    def _connect(self, _: Any, address: Any) -> None:
        if isinstance(address, tuple) and not any(text.endswith(f":{address[1]}") for text in self.network):
            self._refuse_network(f"may not connect to {address[0]}:{address[1]}", f"{address[0]}:{address[1]}")

    def _resolve(self, host: Any, port: Any, *_: Any) -> None:
        host = host.decode("utf-8", "replace") if isinstance(host, bytes) else host
        if not self.network and host is not None:
            self._refuse_network(f"may not look up {host}", f"{host}:{port}")

    def _refuse_network(self, what: str, place: str) -> NoReturn:
        if self._is_probe:
            raise PermissionError(f"an isolated probe {what}; it has the connection that it is given, and no other network")
        _refuse(what, f'network = ["{place}"]')


def _refuse(what: str, permission: str, hint: str = "") -> NoReturn:
    raise PermissionError(f"an isolated plugin {what}; {permission} under [permissions] of its plugin.toml would allow it{hint}")


_CHECKS: dict[str, Callable[..., None]] = {
    "open": _Rights._open,
    "os.listdir": _Rights._list,
    "os.scandir": _Rights._list,
    **dict.fromkeys(("os.remove", "os.rmdir", "os.mkdir", "os.rename", "os.truncate", "os.chmod", "os.chown", "os.utime"), _Rights._change),
    **dict.fromkeys(
        ("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.system", "os.spawn", "subprocess.Popen", "pty.spawn"), _Rights._start
    ),
    "socket.__new__": _Rights._socket,
    "socket.connect": _Rights._connect,
    **dict.fromkeys(("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"), _Rights._resolve),
}


class _Places:
    """Files and folders with all in them."""

    def __init__(self, paths: Iterable[str], more: frozenset[str] = frozenset()) -> None:
        self._roots = {*paths, *(os.path.realpath(path) for path in paths)}
        self._more = more

    def hold(self, name: str) -> bool:
        return any(path in self._roots or path in self._more for path in (*_above(name), *_above(os.path.realpath(name))))


def _above(name: str) -> Iterator[str]:
    while True:
        yield name
        parent = os.path.dirname(name)
        if parent == name:
            return
        name = parent


def _in(folder: str, path: str) -> str:
    return os.path.abspath(os.path.join(folder, os.path.expanduser(path)))


@functools.cache
def _python_places() -> frozenset[str]:
    """What every worker may read: the system, and where modules come from, through links into a source tree. The zygote finds it
    out once."""
    package = os.path.dirname(os.path.abspath(__file__))
    sources = {os.path.dirname(os.path.realpath(os.path.join(package, name))) for name in os.listdir(package)}
    places = [*_SYSTEM_READ, *filter(None, sys.path), *sysconfig.get_paths().values(), package, *sources]
    there = {path for path in (os.path.abspath(place) for place in places) if os.path.exists(path)}
    there |= {os.path.realpath(path) for path in there if not path.startswith("/proc")}  # /proc/self is another in each process
    return frozenset(path for path in there if not any(above in there for above in list(_above(path))[1:]))
