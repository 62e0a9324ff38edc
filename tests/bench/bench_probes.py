"""Naming services: 20 ports that say nothing and 20 that speak eight protocols, beside nmap -sV --version-light.

    /usr/bin/python3 tests/bench/bench_probes.py build/release/bin/conclave [ROUNDS]

Servers are threads of this process on loopback. Wall time of whole processes, in turn; the middle one of ROUNDS (three if not said).
Both are asked for the same ports; what each names right is counted. nmap asks in its usual order and at its usual pace (-T4).
"""

import json
import re
import socket
import statistics
import subprocess
import sys
import threading
import time

HTTP = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
MYSQL = b"\x4a\x00\x00\x00\x0a8.0.35\x00" + b"\x01\x00\x00\x00" + b"abcdefgh\x00\xff\xff\x08\x02\x00\xff\xc7\x15" + b"\0" * 10 + b"ijklmnopqrst\x00" + b"caching_sha2_password\x00"


def silent(connection):
    while connection.recv(4096):
        pass


def says(greeting):
    def talk(connection):
        connection.sendall(greeting)
        silent(connection)

    return talk


def smtp(connection):
    connection.sendall(b"220 mail.example ESMTP Postfix\r\n")
    while asked := connection.recv(4096):
        connection.sendall(b"250 mail.example\r\n" if asked.startswith((b"EHLO", b"HELO")) else b"221 2.0.0 Bye\r\n")


def http(connection):
    asked = b""
    while b"\r\n\r\n" not in asked and (more := connection.recv(4096)):
        asked += more
    if asked.startswith((b"GET ", b"OPTIONS ", b"HEAD ")):
        connection.sendall(HTTP)


def redis(connection):
    while asked := connection.recv(4096):
        if asked == b"PING\r\n":
            connection.sendall(b"+PONG\r\n")
        elif asked.lower().startswith((b"info", b"*1\r\n$4\r\ninfo")):
            connection.sendall(b"$45\r\n# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n\r\n")
        else:
            connection.sendall(b"-ERR unknown command\r\n")


def memcached(connection):
    while asked := connection.recv(4096):
        connection.sendall(b"VERSION 1.6.18\r\n" if asked == b"version\r\n" else b"ERROR\r\n")


# What each answers to, and what conclave and nmap may call it.
SPEAKING = {
    "ssh": (says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"), {"ssh"}),
    "smtp": (smtp, {"smtp"}),
    "ftp": (says(b"220 (vsFTPd 3.0.3)\r\n"), {"ftp"}),
    "mysql": (says(MYSQL), {"mysql"}),
    "imap": (says(b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n"), {"imap"}),
    "http": (http, {"http"}),
    "redis": (redis, {"redis"}),
    "memcached": (memcached, {"memcached"}),
}


def serve(talk):
    """The port of a server with a thread for each connection."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def one(connection):
        with connection:
            try:
                talk(connection)
            except OSError:
                pass

    def accept():
        while True:
            threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def timed(*command):
    begin = time.perf_counter()
    out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return time.perf_counter() - begin, out


def by_conclave(program, ports):
    seconds, out = timed(program, "scan", f"127.0.0.1:{ports}", "--probe=auto", "--json")
    return seconds, {each["port"]: (each["service"] or {}).get("name") or "" for each in json.loads(out)["results"]}


def by_nmap(ports):
    command = ["nmap", "-sT", "-Pn", "-n", "-T4", "-sV", "--version-light", "-p", ports, "-oX", "-", "127.0.0.1"]
    seconds, out = timed(*command)
    found = re.findall(r'portid="(\d+)".*?<service name="([^"]*)"[^>]*method="(\w+)"', out)
    return seconds, {int(port): name for port, name, method in found if method == "probed"}


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    kinds = [name for _ in range(3) for name in SPEAKING][:20]
    speaking = {serve(SPEAKING[name][0]): SPEAKING[name][1] for name in kinds}
    ports = ",".join(str(port) for port in [*speaking, *(serve(silent) for _ in range(20))])
    times = {"conclave": [], "nmap": []}
    for _ in range(rounds):
        for name, ask in (("conclave", lambda: by_conclave(program, ports)), ("nmap", lambda: by_nmap(ports))):
            seconds, named = ask()
            times[name].append(seconds)
            right = sum(named.get(port) in expected for port, expected in speaking.items())
            wrong = sum(bool(service) for port, service in named.items() if port not in speaking)
            print(f"{name}: {seconds:.2f} s, {right} of {len(speaking)} named right, {wrong} silent ports named", flush=True)
    ours, theirs = (statistics.median(times[name]) for name in ("conclave", "nmap"))
    print(f"conclave {ours:.2f} s, nmap {theirs:.2f} s: {theirs / ours:.1f} times as fast")


if __name__ == "__main__":
    main()
