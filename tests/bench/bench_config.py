"""Reading configurations: 10 MB of YAML against PyYAML's C loader, and 1,000 Compose files of the usual size.

    PYTHONPATH=build/release/python /usr/bin/python3 tests/bench/bench_config.py

Processor time of this process; best of three. Conclave parses, keeps every place, builds the model and runs all rules; PyYAML
(python3-yaml) builds Python objects.
"""

import pathlib
import tempfile
import time

import yaml

import conclave

SERVICE = """  service-{i}:
    replicas: {replicas}
    cpu_millicores: {cpu}
    memory_mb: 512
    ports: [{port}]
    environment:
      LOG_LEVEL: info
      REGION: "eu-central-{replicas}"
      DESCRIPTION: service number {i} of the farm
"""
COMPOSE = """x-limits: &limits {{resources: {{limits: {{cpus: "0.5", memory: 256M}}}}}}
services:
  web:
    image: shop/web:1.{i}
    ports: ["8080:80", "127.0.0.1:9100:9100"]
    environment: {{LOG_LEVEL: info, REGION: "${{REGION:-eu}}"}}
    deploy: {{<<: *limits, replicas: 1}}
    healthcheck: {{test: ["CMD", "curl", "-f", "http://localhost/health"], interval: 30s}}
    depends_on: [api]
  api:
    build: ./api
    environment: [DATABASE_HOST=db, MODE=fast]
    mem_limit: 512m
    depends_on: {{db: {{condition: service_healthy}}}}
  db:
    image: postgres:16.2
    mem_limit: 1g
    volumes: ["data:/var/lib/postgresql/data"]
    healthcheck: {{test: pg_isready}}
volumes: {{data: {{}}}}
"""


def best(work, rounds=3):
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def services(size):
    parts = ["services:\n"]
    total, i = 0, 0
    while total < size:
        parts.append(SERVICE.format(i=i, replicas=i % 5 + 1, cpu=200 + i % 100, port=i % 60_000 + 1))
        total += len(parts[-1])
        i += 1
    return "".join(parts)


def main():
    text = services(10_000_000)
    ours = best(lambda: conclave.config.read(text))
    theirs = best(lambda: yaml.load(text, Loader=yaml.CSafeLoader), rounds=1)
    print(f"10 MB of YAML: {ours:.2f} s, PyYAML {theirs:.2f} s: {theirs / ours:.1f} x (goal 3 x)")
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i in range(1000):
            path = pathlib.Path(folder, str(i), "compose.yaml")
            path.parent.mkdir()
            path.write_text(COMPOSE.format(i=i))
            paths.append(path)
        seconds = best(lambda: [conclave.config.read(path) for path in paths])
    print(f"1,000 Compose files: {seconds:.2f} s (goal 1 s)")


if __name__ == "__main__":
    main()
