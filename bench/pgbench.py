"""PostgreSQL's own pgbench on the statements that requests send, prepared as the product's are.

What differs from request to request becomes a variable of pgbench: the Task that is read or
changed, the message that it is about, the ids of what is new, and the version that is replaced.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.adapt import PyFormat, Transformer

from bench.clinic import EVERY, FIRST_ROW, ID_PREFIX, POOLS, Clinic, about_id, resource_id
from bench.database import connection_parameters
from bench.operations import Operation, Plans, Request
from bench.queue import SENTINEL, created_after, last_version, marked
from bench.recording import Statement, answer, recording
from config.embedded_postgres import _program


class BenchError(Exception):
    """The benchmark cannot be trusted; the message is one sentence."""


@dataclass(frozen=True)
class Sample:
    """One request of a nurse, and the statements that it sent."""

    nurse: int
    request: Request
    statements: list[Statement]
    created: list[str]
    """The ids of the resources that it made, in their order."""

    def known(self) -> dict[Any, str]:
        """What differs from request to request, and what stands for it in a script."""
        known: dict[Any, str] = {}
        for number, task in enumerate(self.tasks()):
            # Claim next learns from its own look which Task it takes.
            row = f":row{number}" if self.request.tasks else f":locked{number}_id"
            version = SENTINEL + 10 * number
            about = f"('about-' || lpad(({row}::bigint - {FIRST_ROW})::text, 8, '0'))"
            known |= {
                resource_id(task): f"('{ID_PREFIX}' || lpad(({row}::bigint - {FIRST_ROW})::text,"
                " 12, '0'))",
                FIRST_ROW + task: f"{row}::bigint",
                version: f":locked{number}_version_id::int",
                version + 1: f"(:locked{number}_version_id::int + 1)",
                about_id(task): about,
                f"Communication/{about_id(task)}": f"('Communication/' || {about})",
            }
        for number, made in enumerate(self.created):
            known[made] = f"('0200000{number}-0000-7000-8000-' || lpad(:new::text, 12, '0'))"
        return known

    def tasks(self) -> list[int]:
        """The numbers of the loaded Tasks that it reads or changes."""
        rows = {
            value
            for statement in self.statements
            for value in statement.params
            if type(value) is int and value >= FIRST_ROW
        }
        return [*self.request.tasks] or [row - FIRST_ROW for row in sorted(rows)]


def sample(operation: Operation, nurse: int, request: Request) -> Sample:
    """Have the product answer the request, and record what it sends. Raises BenchError.

    The Tasks that wait in the pools must be marked, if it is one that takes them.
    """
    before = last_version()
    with marked(() if operation.takes else request.tasks), recording() as statements:
        status = answer(request)
    if status != operation.status:
        raise BenchError(f"{operation.name}: the answer to a sample is {status}.")
    return Sample(nurse, request, statements, created_after(before))


NEW = ["\\set new (:run * 100 + :client_id) * 100000000 + :done", "\\set done :done + 1"]
"""The number of what a transaction makes: no other transaction has it."""


LONGEST_CHOICE = 300
"""Parameters that are longer, or of other types, are those of one sample in every transaction."""
CHOSEN_TYPES = (
    "::text",
    "::varchar",
    "::int2",
    "::int4",
    "::int8",
    "::int2[]",
    "::int4[]",
    "::int8[]",
)


class Script(NamedTuple):
    """`weight` says how often it runs beside the others."""

    text: str
    weight: int = 1


@dataclass
class Scripts:
    """pgbench scripts in the making; `constants` are passed beside them.

    Requests that send the same statements become one script, as they share prepared statements in
    the product; what differs from nurse to nurse is picked from an array.
    """

    clinic: Clinic
    connection: psycopg.Connection
    constants: dict[tuple[str, str], str] = field(default_factory=dict)
    """(type, text) → name of the variable."""

    def of_claims(self, samples: list[Sample]) -> list[Script]:
        """Take the waiting Tasks one by one, each for the first nurse of its pool."""
        staff, first = self.clinic.staff, self.clinic.first_open_block
        lines = [
            "\\set i :done * :clients + :client_id",
            *NEW,
            f"\\set task0 {staff} * ({first} + {EVERY} * (:i / {staff})) + :i % {staff}",
            f"\\set row0 {FIRST_ROW} + :task0",
            f"\\set nurse :task0 % {POOLS}",
        ]
        return [Script(self._script(lines, samples))]

    def of_nurses(self, samples: list[Sample], plans: Plans) -> list[Script]:
        """A random nurse, and random Tasks of hers."""
        scripts, blocks = [], plans.owned_blocks
        for group in _grouped(samples):
            first, last = group[0].nurse, group[-1].nurse
            lines = [f"\\set nurse random({first}, {last})"]
            if group[0].created:
                lines += NEW
            count = len(group[0].request.tasks)
            for number in range(count):
                # Rows are locked in their order, so that no two wait for each other.
                start, end = len(blocks) * number // count, len(blocks) * (number + 1) // count - 1
                lines += [
                    f"\\set m random({start}, {end})",
                    f"\\set block {self.clinic.first_open_block}"
                    f" + {EVERY} * (:m / {EVERY - 1}) + 1 + :m % {EVERY - 1}",
                    f"\\set task{number} {self.clinic.staff} * :block + :nurse",
                    f"\\set row{number} {FIRST_ROW} + :task{number}",
                ]
            scripts.append(Script(self._script(lines, group), len(group)))
        return scripts

    def _script(self, lines: list[str], samples: list[Sample]) -> str:
        known = [each.known() for each in samples]
        for number, statement in enumerate(samples[0].statements):
            places = [
                self._places(each.statements[number], names)
                for each, names in zip(samples, known, strict=True)
            ]
            merged = [self._merged(place, samples) for place in zip(*places, strict=True)]
            text = _with_places(statement.text, merged)
            # What is locked besides the Task is known by it: its message.
            if "tasks_task" not in text or "for update" not in text:
                lines.append(text + ";")
                continue
            tasks = samples[0].request.tasks
            locked = (n for n, task in enumerate(tasks) if resource_id(task) in statement.params)
            prefix = f"locked{next(locked, 0)}_"
            # Without a row, nothing is set and nothing written: `Run` counts what was.
            lines += [f"\\set {prefix}id 0", f"{text} \\aset {prefix}"]
        return "\n".join([*lines, ""])

    def _places(self, statement: Statement, known: dict[Any, str]) -> list[str | tuple[str, str]]:
        """For each parameter what stands for it in the script, or its type and text."""
        if not statement.params:
            return []
        transformer = Transformer(self.connection)
        formats = [PyFormat.TEXT] * len(statement.params)
        values = transformer.dump_sequence(statement.params, formats)
        types = self._types(statement.text, transformer.types)
        places: list[str | tuple[str, str]] = []
        for param, value, oid in zip(statement.params, values, types, strict=True):
            if isinstance(param, str | int) and param in known:
                places.append(known[param])
            elif value is None:
                places.append("null")
            else:
                places.append((self._type_name(oid), bytes(value).decode()))
        return places

    def _types(self, text: str, sent: Sequence[int]) -> list[int]:
        """The types that PostgreSQL takes the parameters for, when psycopg sends these."""
        numbers = iter(range(1, len(sent) + 1))
        places = [f"${number}" for number in numbers]
        pgconn = self.connection.pgconn
        pgconn.prepare(b"", _with_places(text, places).encode(), sent)
        described = pgconn.describe_prepared(b"")
        return [described.param_type(number) for number in range(len(sent))]

    def _type_name(self, oid: int) -> str:
        info = self.connection.adapters.types.get(oid)
        if info is None:
            raise BenchError(f"The type {oid} of a parameter is not known.")
        return f"::{info.name}" + ("[]" if info.array_oid == oid else "")

    def _merged(self, places: tuple[str | tuple[str, str], ...], samples: list[Sample]) -> str:
        """What stands for one parameter of all the samples."""
        first = places[0]
        if isinstance(first, str):
            if set(places) != {first}:
                raise BenchError("Samples of one operation are not alike.")
            return first
        texts = [text for _, text in places]
        long = next((place for place in places if place[0] not in CHOSEN_TYPES), None)
        if long or len(set(texts)) == 1 or max(map(len, texts)) > LONGEST_CHOICE:
            return self._constant(*(long or first))
        quoted = ", ".join(map(_quoted, texts))
        widest = max((type_name for type_name, _ in places), key=CHOSEN_TYPES.index)
        return f"((array[{quoted}])[:nurse - {samples[0].nurse - 1}]){widest}"

    def _constant(self, type_name: str, text: str) -> str:
        if not text:  # pgbench has no empty variables
            return f"''{type_name}"
        name = self.constants.setdefault((type_name, text), f"c{len(self.constants)}")
        return f":{name}{type_name}"


def _grouped(samples: list[Sample]) -> list[list[Sample]]:
    """Neighbours who send the same statements."""
    groups = groupby(samples, lambda each: [statement.text for statement in each.statements])
    return [list(group) for _, group in groups]


def _with_places(text: str, places: list[str]) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    if re.search(r"(?<!:):[A-Za-z0-9_]", text):
        raise BenchError("A statement holds what pgbench would take for a variable.")
    left = iter(places)
    return re.sub(r"%%|%[sbt]", lambda match: "%" if match[0] == "%%" else next(left), text)


def _quoted(text: str) -> str:
    """A literal in which pgbench finds no variables."""
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a")
    return f"E'{escaped}'"


@dataclass(frozen=True)
class Rate:
    per_second: float
    transactions: int


def run(
    database: str,
    scripts: list[Script],
    constants: dict[tuple[str, str], str],
    *,
    clients: int,
    seconds: float,
    transactions: int | None,
    run_number: int,
) -> Rate:
    """Run for so many seconds, or until so many transactions are done. Raises BenchError."""
    parameters = connection_parameters(database)
    with tempfile.TemporaryDirectory() as folder:
        command = [_program("pgbench"), "--no-vacuum", "--protocol=prepared"]
        command += ["-h", parameters["host"], "-p", str(parameters["port"])]
        command += ["-U", parameters["user"], f"--client={clients}"]
        command += [f"--jobs={min(clients, os.cpu_count() or 1)}"]
        if transactions is None:
            command += [f"--time={max(1, round(seconds))}"]
        else:
            command += [f"--transactions={max(1, transactions // clients)}"]
        for number, script in enumerate(scripts):
            file = Path(folder, f"{number}.sql")
            file.write_text(script.text)
            command += [f"--file={file}@{script.weight}"]
        defined = {"done": "0", "clients": str(clients), "run": str(run_number)}
        defined |= {name: text for (_, text), name in constants.items()}
        command += [f"--define={name}={value}" for name, value in defined.items()]
        done = subprocess.run(
            [*command, parameters["dbname"]],
            env=os.environ | {"PGPASSWORD": parameters["password"], "PGOPTIONS": ""},
            capture_output=True,
            text=True,
            check=False,
        )
    rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.M)
    count = re.search(r"^number of transactions actually processed: (\d+)", done.stdout, re.M)
    failed = re.search(r"^number of failed transactions: ([1-9]\d*)", done.stdout, re.M)
    if done.returncode or failed or not rate or not count:
        said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        raise BenchError(f"pgbench failed: {(said or done.stderr.splitlines() or ['?'])[0]}")
    return Rate(float(rate[1]), int(count[1]))
