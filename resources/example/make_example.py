#!/usr/bin/env python3
"""Writes the example incident: four services' logs over two hours, their configuration, and the case that asks about them.

    python3 make_example.py OUT             the incident
    python3 make_example.py OUT --healthy   its twin: the same traffic and the same deploy, without the mistake

Nothing is drawn: the shop is simulated. Shoppers call the gateway, which calls `orders`; `orders` takes a connection of its
database pool and keeps it while it asks `inventory` and `payments`. Whatever then goes wrong follows from the size of that pool,
which is the only difference between the two runs besides two values in infra.yaml. The same seed gives the same bytes.
"""

import argparse
import gzip
import heapq
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

START = datetime(2026, 3, 3, 13, 0, tzinfo=timezone.utc)
SECONDS = 2 * 3600
DEPLOY = 62 * 60  # 14:02:00, orders 2.14.0
POOL_BEFORE, POOL_LOWERED = 20, 5
WAIT_LIMIT = 3.0  # orders gives up waiting for a connection, in seconds
MAX_TRIES = 2  # the gateway tries an order once more
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0", "okhttp/4.12.0", "ShopApp/7.3 (iOS 18.3)")
FIRST = START.timestamp()


class Log:
    """Lines of one service, written in order of time."""

    def __init__(self):
        self.entries = []

    def add(self, at, text):
        self.entries.append((at, len(self.entries), text))

    def text(self):
        self.entries.sort()
        return "".join(entry[2] for entry in self.entries)


class Clock:
    """Renders seconds since the start in the four formats; the date and time of a second are made once."""

    def __init__(self):
        moments = [START + timedelta(seconds=second) for second in range(SECONDS + 120)]
        self.iso = [moment.strftime("%Y-%m-%dT%H:%M:%S") for moment in moments]
        self.access = [moment.strftime("%d/%b/%Y:%H:%M:%S +0000") for moment in moments]
        self.error = [moment.strftime("%Y/%m/%d %H:%M:%S") for moment in moments]

    def ms(self, at, separator="T"):
        text = self.iso[int(at)]
        return f"{text[:10]}{separator}{text[11:]}.{int(at % 1 * 1000):03d}"


class Shop:
    def __init__(self, seed, healthy):
        self.random = random.Random(seed)
        self.healthy = healthy
        self.clock = Clock()
        self.gateway, self.orders, self.payments, self.inventory = Log(), Log(), Log(), Log()
        self.pool = [0.0] * POOL_BEFORE  # a heap: when each connection is free again
        self.serial = 0
        self.resized = False

    def run(self):
        events = [(at, number, 1) for number, at in enumerate(self.arrivals())]
        heapq.heapify(events)
        self.life_of_its_own()
        self.deploy()
        while events:
            at, number, attempt = heapq.heappop(events)
            if at >= SECONDS:
                continue
            if not self.resized and at >= DEPLOY:
                self.resized = True
                self.pool = [at] * (POOL_BEFORE if self.healthy else POOL_LOWERED)
            if attempt == 1 and self.random.random() < 0.36:
                self.browse(at)
                continue
            failed_at = self.order(at, attempt)
            if failed_at is not None and attempt < MAX_TRIES:
                heapq.heappush(events, (failed_at + 0.2, number, attempt + 1))

    def arrivals(self):
        """Visits in seconds since the start: about 8 a second before lunch is over, 13 from a quarter past two on."""
        times, at = [], 0.0
        while at < SECONDS:
            times.append(at)
            rise = min(max((at - 64 * 60) / (10 * 60), 0.0), 1.0)
            at += self.random.expovariate(8.2 + 5.0 * rise)
        return times

    # --- what shoppers do ---

    def access(self, at, request, status, size, seconds, upstream):
        ip = f"198.51.100.{self.random.randrange(1, 255)}"
        self.gateway.add(
            at,
            f'{ip} - - [{self.clock.access[int(at)]}] "{request} HTTP/1.1" {status} {size} "-" '
            f'"{AGENTS[self.random.randrange(3)]}" rt={seconds:.3f} upstream={upstream}\n',
        )

    def browse(self, at):
        pick = self.random.random
        seconds = 0.01 + pick() * 0.05
        sku = int(pick() * 4000)
        if pick() < 0.006:
            self.access(at + seconds, f"GET /api/items/{90000 + sku}", 404, 153, seconds, "inventory")
            return
        self.inventory.add(
            at, f"{self.clock.ms(at)}Z INFO  inventory.api GET item sku={sku} cache={'hit' if pick() < 0.8 else 'miss'}\n"
        )
        self.access(at + seconds, f"GET /api/items/{sku}", 200, 400 + int(pick() * 900), seconds, "inventory")

    def order(self, at, attempt):
        """One try to place an order. Returns when it failed, or None."""
        pick = self.random.random
        self.serial += 1
        order, thread = 500000 + self.serial, 1 + int(pick() * 40)
        free = self.pool[0]
        if free > at + WAIT_LIMIT:
            queue = int((free - at) / 0.65 * len(self.pool))
            return self.exhausted(at + WAIT_LIMIT, order, thread, attempt, queue)
        taken = max(at, free)
        hold = 0.42 + pick() * 0.46  # the connection is kept while the two others are asked; 0.65 s on average
        heapq.heapreplace(self.pool, taken + hold)
        sku, cents = int(pick() * 4000), 500 + int(pick() * 20000)
        done = taken + hold
        self.java(taken, "INFO ", thread, "c.e.orders.OrderService", f"order {order} received, {1 + int(pick() * 5)} items")
        self.inventory.add(
            taken + 0.02, f"{self.clock.ms(taken + 0.02)}Z INFO  inventory.stock reserved sku={sku} qty=1 order={order}\n"
        )
        result = 'level=warn msg="card declined"' if pick() < 0.012 else 'level=info msg="payment authorised"'
        self.payments.add(
            taken + 0.2,
            f"time={self.clock.ms(taken + 0.2)}Z {result} order={order} amount={cents / 100:.2f} "
            f"currency=EUR dur={int(hold * 700)}ms\n",
        )
        if pick() < 0.004:
            self.java(
                done, "WARN ", thread, "c.e.orders.db.QueryTimer", f"slow query: {int(800 + pick() * 700)} ms for order {order}"
            )
        if pick() < 0.0012:
            self.lost_update(done, order, thread)
        self.access(done, "POST /api/orders", 201, 310 + int(pick() * 60), done - at, "orders")
        return None

    def exhausted(self, at, order, thread, attempt, queue):
        size = len(self.pool)
        self.java(
            at,
            "ERROR",
            thread,
            "c.e.orders.db.ConnectionPool",
            f"connection pool exhausted: no connection after {int(WAIT_LIMIT * 1000)} ms "
            f"(max={size}, active={size}, waiting={queue})",
        )
        self.java(
            at + 0.001,
            "ERROR",
            thread,
            "c.e.orders.OrderController",
            f"order {order} failed",
            """\
com.example.orders.PoolTimeoutException: could not obtain a database connection
\tat com.example.orders.db.ConnectionPool.borrow(ConnectionPool.java:118)
\tat com.example.orders.OrderRepository.begin(OrderRepository.java:54)
\tat com.example.orders.OrderService.place(OrderService.java:71)
""",
        )
        self.gateway.add(
            at,
            f"{self.clock.error[int(at)]} [error] 29#29: *{order} upstream timed out (110: Connection timed out) while "
            f'reading response header from upstream, request: "POST /api/orders HTTP/1.1", upstream: "http://orders:8081"\n',
        )
        if attempt < MAX_TRIES:
            self.gateway.add(
                at, f"{self.clock.error[int(at)]} [warn] 29#29: *{order} retrying POST /api/orders, attempt {attempt + 1}\n"
            )
        else:
            self.access(at, "POST /api/orders", 504, 167, WAIT_LIMIT, "orders")
        return at

    # --- daily life and the deploy ---

    def java(self, at, level, thread, logger, message, trace=""):
        self.orders.add(
            at, f"{self.clock.ms(at, ' ')} {level} 1 --- [nio-8081-exec-{thread}] {logger:<32} : {message}\n{trace}"
        )

    def lost_update(self, at, order, thread):
        self.java(
            at,
            "ERROR",
            thread,
            "c.e.orders.OrderRepository",
            f"order {order} changed by someone else, trying again",
            """\
org.example.orm.OptimisticLockException: row was updated by another transaction
\tat com.example.orders.OrderRepository.save(OrderRepository.java:88)
""",
        )

    def life_of_its_own(self):
        """What happens on every day without anyone being called: health checks, cache misses, partners that do not answer."""
        pick, clock = self.random.random, self.clock
        for second in range(5, SECONDS, 10):
            at = second + pick()
            self.gateway.add(
                at,
                f'10.0.0.{2 + second % 3} - - [{clock.access[int(at)]}] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.31" '
                f"rt=0.001 upstream=-\n",
            )
            self.inventory.add(at, f"{clock.ms(at)}Z INFO  inventory.health ok, {int(40 + pick() * 20)} connections\n")
        for minute in range(SECONDS // 60):
            at = minute * 60 + pick() * 59
            self.orders.add(
                at,
                f"{clock.ms(at, ' ')} INFO  1 --- [scheduler-1     ] {'c.e.orders.db.ConnectionPool':<32} : "
                f"pool statistics: checked out connections returned, {int(pick() * 900)} statements cached\n",
            )
            if pick() < 0.5:
                self.payments.add(
                    at,
                    f'time={clock.ms(at)}Z level=error msg="webhook delivery failed" partner=acme-loyalty '
                    f"attempt=1 retry_in=30s\n",
                )
            if pick() < 0.8:
                self.inventory.add(
                    at, f"{clock.ms(at)}Z WARN  inventory.stock low stock sku={int(pick() * 4000)} left={int(pick() * 5)}\n"
                )
            if pick() < 0.2:
                self.inventory.add(
                    at, f"{clock.ms(at)}Z ERROR inventory.sync supplier feed not reachable, using the copy of last hour\n"
                )
            if pick() < 0.4:
                self.gateway.add(
                    at,
                    f"{clock.error[int(at)]} [error] 29#29: *{int(pick() * 9e5)} client sent invalid header line while reading "
                    f"client request headers\n",
                )

    def deploy(self):
        size = POOL_BEFORE if self.healthy else POOL_LOWERED
        for step, (instance, text) in enumerate(
            (
                ("orders-0", "shutting down gracefully, waiting for active requests to complete"),
                ("orders-0", "Starting OrdersApplication v2.14.0 using Java 21.0.6 with PID 1"),
                ("orders-0", f"database pool configured: max={size}"),
                ("orders-0", "Started OrdersApplication in 6.214 seconds"),
            )
        ):
            at = DEPLOY + step * 2.1
            self.orders.add(
                at,
                f"{self.clock.ms(at, ' ')} INFO  1 --- [main            ] {'c.e.orders.OrdersApplication':<32} : {instance} {text}\n",
            )


def infrastructure(healthy):
    return f"""\
# What should run. Memory is in MiB, CPU in thousandths of a core.
global_settings:
  environment: production
  region: eu-central
services:
  - name: gateway
    replicas: 2
    cpu_millicores: 500
    memory_mb: 256
    ports: [8080]
    environment:
      UPSTREAM_ORDERS: orders:8081
      UPSTREAM_INVENTORY: inventory:8083
  - name: orders
    replicas: 2
    cpu_millicores: 1000
    memory_mb: 1024
    ports: [8081]
    environment:
      RELEASE: 2.14.0
      DATABASE_POOL_MAX: "{POOL_BEFORE if healthy else POOL_LOWERED}"
      DATABASE_PASSWORD: ${{ORDERS_DB_PASSWORD}}
  - name: payments
    replicas: 2
    cpu_millicores: 500
    memory_mb: 512
    ports: [8082]
    environment:
      PROVIDER_URL: https://psp.example.net/v3
  - name: inventory
    replicas: 2
    cpu_millicores: 250
    memory_mb: {256 if healthy else 96}
    ports: [{8083 if healthy else 8082}]
    environment:
      CACHE_TTL_S: "300"
"""


CASE = """\
version: 1
name: {name}
question: Is the shop healthy after the deploy of orders 2.14.0?
change_time: {change}
logs: [logs/*]
config: infra.yaml
"""


def main():
    parser = argparse.ArgumentParser(description="Writes the example incident or its fault-free twin.")
    parser.add_argument("out", type=Path, help="folder to write to; made if it is not there")
    parser.add_argument("--healthy", action="store_true", help="the twin without the mistake")
    parser.add_argument("--seed", type=int, default=20260303, help="of the traffic (default: %(default)s)")
    arguments = parser.parse_args()
    shop = Shop(arguments.seed, arguments.healthy)
    shop.run()
    try:
        logs = arguments.out / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        for name in ("gateway", "orders", "payments"):
            (logs / f"{name}.log").write_text(getattr(shop, name).text(), encoding="utf-8")
        # mtime=0: the same bytes on every run
        (logs / "inventory.log.gz").write_bytes(gzip.compress(shop.inventory.text().encode(), compresslevel=1, mtime=0))
        (arguments.out / "infra.yaml").write_text(infrastructure(arguments.healthy), encoding="utf-8")
        change = (START + timedelta(seconds=DEPLOY)).strftime("%Y-%m-%dT%H:%M:%SZ")
        name = "shop, fault-free twin" if arguments.healthy else "shop after a deploy"
        (arguments.out / "case.yaml").write_text(CASE.format(name=name, change=change), encoding="utf-8")
    except OSError as error:
        print(f"make_example: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
