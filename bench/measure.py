"""One run of the benchmark: the database is loaded, then HTTP and pgbench take turns."""

import http.client
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import django
import psycopg
from rich.progress import Progress

from bench import load, pgbench, plans, queue
from bench.client import Answers, drive
from bench.clinic import NURSES, POOLS
from bench.database import connection_parameters
from bench.operations import OPERATIONS, Operation, Plans
from bench.pgbench import BenchError, Sample, Scripts
from bench.report import Row, Setting
from config.database import TOP

USED_OF_QUEUE = 0.6
"""The share of the waiting Tasks that one measurement may take."""
REQUESTS = 4_000
"""How many different requests are sent, again and again, where they can be."""
MOST_WRITES_PER_SECOND = 4_000


def measure(name: str, options: Namespace) -> tuple[list[Row], list[plans.Plan], Setting]:
    """Raises BenchError."""
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    clinic = load.loaded(options.tasks)
    if clinic:
        load.remove_new_tasks(clinic)
    else:
        clinic = load.load(options.tasks)
    load.follow_feed()
    run = Run(name, options, Plans(clinic, load.tokens()))
    with psycopg.connect(**connection_parameters(name)) as connection:
        version = str(connection.info.server_version // 10000)
    rows = run.rows()
    setting = Setting(
        options.tasks, options.seconds, options.rounds, options.workers, options.threads, version
    )
    return rows, run.plans, setting


class Run:
    def __init__(self, name: str, options: Namespace, requests: Plans):
        self.name, self.options, self.requests = name, options, requests
        self.plans: list[plans.Plan] = []
        self.pgbench_runs = 0

    def rows(self) -> list[Row]:
        options = self.options
        chosen = [each for each in OPERATIONS if each.name.startswith(options.operations)]
        connections = [int(number) for number in options.connections.split(",")]
        table = [Row(operation, number) for operation in chosen for number in connections]
        context = multiprocessing.get_context("spawn")
        with (
            Progress() as progress,
            ProcessPoolExecutor(1, mp_context=context) as client,
            web_server(options.workers, options.threads) as port,
        ):
            bar = progress.add_task("Measuring", total=2 * len(table) * options.rounds)
            for operation in chosen:
                scripts, constants = ([], {}) if operation.on_page else self._scripts(operation)
                for row in table:
                    if row.operation is not operation:
                        continue
                    progress.update(bar, description=f"{operation.name}, {row.connections}")
                    for _ in range(options.rounds):
                        row.answers.append(
                            self._over_http(operation, row.connections, client, port)
                        )
                        progress.advance(bar)
                        if not operation.on_page:
                            row.pgbench.append(self._by_pgbench(row, scripts, constants))
                        progress.advance(bar)
        return table

    # --- HTTP -------------------------------------------------------------------------------------

    def _over_http(self, operation, connections, client, port) -> Answers:
        count, repeat = REQUESTS, True
        if operation.versions:
            count, repeat = int(MOST_WRITES_PER_SECOND * self.options.seconds * 1.2), False
            if operation.name.startswith("transaction"):
                count //= 4
        if operation.takes:
            queue.refill()
            count = min(count, int(self.requests.clinic.claimable * USED_OF_QUEUE))
        encoded = [each.encoded() for each in operation.requests(self.requests, count)]
        if repeat:
            random.Random(2).shuffle(encoded)
        before = queue.last_version()
        answers = client.submit(
            drive,
            port,
            encoded,
            right=operation.status,
            connections=connections,
            seconds=self.options.seconds,
            repeat=repeat,
        ).result()
        expected = answers.sent * operation.versions
        self._check_written(operation, "HTTP", before, expected)
        return answers

    # --- pgbench ----------------------------------------------------------------------------------

    def _scripts(self, operation: Operation) -> tuple[list[pgbench.Script], dict]:
        """The operation as pgbench scripts; its plan is looked at meanwhile."""
        if operation.takes:
            queue.refill()
            queue.mark()
        # Once before, so that what is looked up once in a process is not recorded.
        pgbench.sample(operation, 0, operation.make(self.requests, NURSES))
        one_of_each = POOLS if operation.name == "claim" else NURSES
        samples = [
            pgbench.sample(operation, number, operation.make(self.requests, number))
            for number in range(one_of_each)
        ]
        with psycopg.connect(**connection_parameters(self.name)) as connection:
            self._look_at_plan(operation, samples[0], connection)
            scripts = Scripts(self.requests.clinic, connection)
            if operation.name == "claim":
                texts = scripts.of_claims(samples)
            else:
                texts = scripts.of_nurses(samples, self.requests)
        return texts, scripts.constants

    def _look_at_plan(self, operation: Operation, sample: Sample, connection) -> None:
        if not operation.index:
            return
        plan = plans.explain(operation, sample.statements, connection)
        if plan is None:
            raise BenchError(f"{operation.name}: no statement reads Tasks.")
        self.plans.append(plan)

    def _by_pgbench(self, row: Row, scripts: list[pgbench.Script], constants: dict) -> float:
        operation, transactions = row.operation, None
        if operation.takes:
            queue.refill()
            transactions = min(
                int(self.requests.clinic.claimable * USED_OF_QUEUE),
                int(row.answers[-1].rate * self.options.seconds * 4),
            )
        self.pgbench_runs += 1
        before = queue.last_version()
        rate = pgbench.run(
            self.name,
            scripts,
            constants,
            clients=row.connections,
            seconds=self.options.seconds,
            transactions=transactions,
            run_number=self.pgbench_runs,
        )
        expected = rate.transactions * operation.versions
        self._check_written(operation, "pgbench", before, expected)
        return rate.per_second

    @staticmethod
    def _check_written(operation: Operation, by: str, before: int, expected: int) -> None:
        written = queue.last_version() - before
        if not 0.98 * expected <= written <= 1.02 * expected + 100:
            raise BenchError(
                f"{operation.name}: {by} wrote {written} versions, and {expected} are right."
            )


@contextmanager
def web_server(workers: int, threads: int) -> Iterator[int]:
    """Taskward's own web server, as `python -m config.run web` starts it; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "TASKWARD_WEB_WORKERS": str(workers),
        "TASKWARD_WEB_THREADS": str(threads),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "config.run", "web"], cwd=TOP, env=environment
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        finally:
            connection.close()
    raise BenchError("The web server does not answer.")
