"""Fill the database: staff through the product's own code, Tasks by COPY in two processes.

The columns are those that the store would write: `Task.index_columns`, `lookup_columns` and the
rows of notes and permissions. Indexes are made after the rows.
"""

import multiprocessing
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import django
from rich.progress import Progress

from bench.clinic import (
    FIRST_ROW,
    NURSES,
    POOLS,
    ROLES,
    Clinic,
    performer_type,
    pools_of_nurse,
    role_code,
    staff_name,
    staff_reference,
)

PROCESSES = 2
COORDINATOR = "coordinator"
"""Of all the pools."""
CHUNK = 5_000
TABLES = (
    "tasks_task",
    "accounts_patient",
    "communications_communication",
    "fhir_resourceversion",
    "tasks_taskuserobjectpermission",
    "tasks_tasknote",
    "tasks_taskclocks",
)


def loaded(tasks: int) -> Clinic | None:
    """The clinic that an earlier run left in this database, if it was loaded to its end."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('bench_clinic') is not null")
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("select tasks, now from bench_clinic where tasks = %s", [tasks])
        found = cursor.fetchone()
    return found and Clinic(*found)


def load(tasks: int) -> Clinic:
    """Load everything, into a database that has been migrated and is empty else."""
    from django.db import connection

    clinic = Clinic(tasks, datetime.now(UTC))
    make_staff(clinic)
    connection.close()
    indexes = _drop_indexes()
    load_tasks(clinic)
    _make_indexes(indexes)
    with connection.cursor() as cursor:
        # What claims change is put back from here between two measurements (bench.queue).
        cursor.execute(
            "create table bench_queue as select * from tasks_task"
            " where owner = '' and status = 'requested'"
        )
        cursor.execute(
            "create table bench_messages as select * from communications_communication"
            " where id in (select id from bench_queue)"
        )
        for table in ("bench_queue", "bench_messages"):
            cursor.execute(f"alter table {table} add primary key (id)")
        cursor.execute("create table bench_clinic as select %s tasks, %s now", [tasks, clinic.now])
        cursor.execute("vacuum analyze")
    return clinic


def follow_feed() -> None:
    """Number every version, and let the followers have seen it, as a worker would have."""
    from fhir import feed, sql
    from tasks.clock_rows import FOLLOWER

    feed.number_changes()  # in a new cluster, it looks for what a backup has brought
    while feed.number_changes(limit=1_000_000_000):
        pass
    sql.rows(
        "insert into fhir_feedcursor (name, number) values (%s, 0) on conflict do nothing",
        (FOLLOWER,),
    )
    sql.rows("update fhir_feedcursor set number = %s", (feed.latest(),))


def make_staff(clinic: Clinic) -> None:
    """The nurses with their roles, and bare accounts for everybody else who owns Tasks."""
    from accounts.actions import create_user
    from accounts.models import User
    from fhir import actions
    from fhir.actor import SYSTEM, Role

    for nurse in range(NURSES):
        reference = staff_reference(nurse)
        practitioner_id = reference.partition("/")[2]
        given, _, family = staff_name(nurse).partition(" ")
        _put({"id": practitioner_id, "name": [{"family": family, "given": [given]}]})
        for pool in pools_of_nurse(nurse):
            role = {
                "resourceType": "PractitionerRole",
                "id": f"{practitioner_id}-{ROLES[pool][0]}",
                "active": True,
                "practitioner": {"reference": reference},
                "code": performer_type(pool),
            }
            actions.put("PractitionerRole", role["id"], role, actor=SYSTEM)
        create_user(
            practitioner_id,
            role=Role.PRACTITIONER,
            reference=reference,
            display=staff_name(nurse),
        )
    coordinator = create_user(COORDINATOR, role=Role.COORDINATOR)
    for pool in range(POOLS):
        _pool(pool).coordinators.add(coordinator)
    User.objects.bulk_create(
        User(
            username=f"staff-{person:05d}",
            password="!",  # noqa: S106 - nobody can sign in with it
            first_name="Staff",
            last_name=staff_name(person).partition(" ")[2],
            reference=staff_reference(person),
        )
        for person in range(NURSES, clinic.staff)
    )


def _pool(number: int):
    from accounts.models import Pool

    return Pool.objects.get(codes__contains=[role_code(number)])


def _put(practitioner: dict) -> None:
    from fhir import actions
    from fhir.actor import SYSTEM

    document = {"resourceType": "Practitioner", **practitioner}
    actions.put("Practitioner", document["id"], document, actor=SYSTEM)


def tokens() -> list[str]:
    """A new bearer token for each nurse, and one for the coordinator."""
    from accounts.models import User
    from accounts.tokens import issue

    names = [*(f"staff-{nurse:05d}" for nurse in range(NURSES)), COORDINATOR]
    users = User.objects.in_bulk(names, field_name="username")
    return [issue(users[name], days=1) for name in names]


def load_tasks(clinic: Clinic) -> None:
    context = multiprocessing.get_context("spawn")
    chunks = range(0, clinic.tasks, CHUNK)
    with (
        Progress() as progress,
        ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=django.setup) as pool,
    ):
        bar = progress.add_task("Loading", total=clinic.tasks + clinic.patients)
        waiting = [pool.submit(load_patients, clinic)]
        waiting += [
            pool.submit(load_chunk, clinic, start, min(start + CHUNK, clinic.tasks))
            for start in chunks
        ]
        for done in as_completed(waiting):
            progress.advance(bar, done.result())


def load_chunk(clinic: Clinic, start: int, end: int) -> int:
    """Copy the Tasks from `start` to before `end`, and their messages; returns how many Tasks."""
    dice = random.Random(start)
    with _copied() as rows:
        for n in range(start, end):
            document = clinic.document(n, dice)
            rows.add_task(n, document)
            rows.add_clocks(n, document, clinic.past(n, document))
            if clinic.state(n) == "waiting":
                patient = document["for"]["reference"]
                rows.add_message(n, clinic.message(document), patient)
    return end - start


def load_patients(clinic: Clinic) -> int:
    dice = random.Random(0)
    with _copied() as rows:
        for number in range(clinic.patients):
            rows.add(clinic.patient(number, dice), staff_reference(0))
    return clinic.patients


@contextmanager
def _copied() -> Iterator["Rows"]:
    """Rows that are copied into their tables, in one transaction, when the block ends."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()::text::bigint")
        rows = Rows(cursor.fetchone()[0])
        yield rows
        for table, columns, values in rows.tables():
            names = ", ".join(columns)
            with cursor.copy(f"copy {table} ({names}) from stdin") as copy:
                for row in values:
                    copy.write_row(row)


class Rows:
    """The rows of some resources in each of the tables, as the store would write them."""

    def __init__(self, transaction_id: int):
        self.transaction_id = transaction_id
        self.resources: dict[str, list[dict]] = {}
        """By table."""
        self.versions: list[tuple] = []
        self.permissions: list[tuple] = []
        self.notes: list[tuple] = []
        self.clocks: list[list] = []

    def add(self, document: dict, actor: str, **columns) -> dict:
        """One resource and its version; returns its row."""
        from psycopg.types.json import Jsonb

        from fhir import json, resources

        type_name, text = document["resourceType"], json.dumps(document).decode()
        model = resources.get(type_name).model
        at = datetime.fromisoformat(document["meta"]["lastUpdated"])
        values = model.index_columns(document) | columns
        values["ranges"] = Jsonb(values["ranges"])
        values |= {
            "resource_id": document["id"],
            "version_id": 1,
            "last_updated": at,
            "deleted": False,
            "document": text,
        }
        self.resources.setdefault(model._meta.db_table, []).append(values)
        self.versions.append(
            (type_name, document["id"], 1, at, text, "create", actor, self.transaction_id)
        )
        return values

    def add_task(self, n: int, document: dict) -> None:
        from tasks.document import note_rows

        row_id, pool = FIRST_ROW + n, _pool_column(document["performerType"])
        row = self.add(document, document["requester"]["reference"], id=row_id, **pool)
        if row["owner"]:
            ids = _ids()
            self.permissions.append((row_id, ids.users[row["owner"]], ids.view_task))
        self.notes += ((row_id, *note) for note in note_rows(document.get("note", [])))

    def add_message(self, n: int, document: dict, sender: str) -> None:
        from communications.document import newest_alone

        self.add(document, sender, id=FIRST_ROW + n, **newest_alone(document))

    def add_clocks(self, n: int, document: dict, past: list[tuple[datetime, dict]]) -> None:
        from psycopg.types.json import Jsonb

        from tasks import clock_rows
        from tasks.clocks import Recorded
        from tasks.explanations import Written

        versions = [
            (
                Recorded(number, at, owner(step), step),
                Written(number, at, owner(step), self.transaction_id, False),
            )
            for number, (at, step) in enumerate(past, start=1)
        ]
        row = clock_rows.derive(document["id"], versions, (), pools=_pools()) | {"version_id": 1}
        values = [
            Jsonb(row[name]) if name in clock_rows.JSON_COLUMNS else row[name]
            for name in clock_rows.COLUMNS
        ]
        self.clocks.append([FIRST_ROW + n, *values])

    def tables(self):
        from fhir.store import VERSION_COLUMNS
        from tasks.clock_rows import COLUMNS

        for table, rows in self.resources.items():
            columns = tuple(rows[0])
            yield table, columns, [[row[name] for name in columns] for row in rows]
        yield "fhir_resourceversion", (VERSION_COLUMNS, "transaction"), self.versions
        yield (
            "tasks_taskuserobjectpermission",
            ("content_object_id", "user_id", "permission_id"),
            self.permissions,
        )
        yield "tasks_tasknote", ("task_id", "position", "author", "time", "text"), self.notes
        yield "tasks_taskclocks", ("task_id", *COLUMNS), self.clocks


@dataclass(frozen=True)
class Ids:
    users: dict[str, int]
    """By reference."""
    view_task: int


@cache
def _ids() -> Ids:
    from django.contrib.auth.models import Permission

    from accounts.models import User

    return Ids(
        dict(User.objects.values_list("reference", "id")),
        Permission.objects.get(content_type__app_label="tasks", codename="view_task").pk,
    )


def owner(document: dict) -> str:
    """Whoever has a Task has claimed it."""
    return document.get("owner", {}).get("reference", "User/system")


@cache
def _pools():
    from tasks.clock_rows import known_pools

    return known_pools()


def _pool_column(performer_type: list[dict]) -> dict:
    return _pool_of_code(performer_type[0]["coding"][0]["code"])


@cache
def _pool_of_code(code: str) -> dict:
    from tasks.models import Task

    pool = next(n for n in range(POOLS) if ROLES[n][0] == code)
    return Task.lookup_columns(None, {"performerType": performer_type(pool)})


def _drop_indexes() -> list[str]:
    """Drop the indexes of the tables, but those of constraints; returns what makes them again."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname, pg_get_indexdef(i.indexrelid) from pg_index i"
            " join pg_class c on c.oid = i.indexrelid"
            " where i.indrelid = any(%s::regclass[]) and not exists"
            " (select from pg_constraint k where k.conindid = i.indexrelid)",
            [list(TABLES)],
        )
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(f'drop index "{name}"')
    return [definition for _, definition in found]


def _make_indexes(definitions: list[str]) -> None:
    from django.db import connection

    with Progress() as progress, connection.cursor() as cursor:
        for definition in progress.track(definitions, description="Making indexes"):
            cursor.execute(definition)
        cursor.execute(
            "select setval(pg_get_serial_sequence('tasks_task', 'id'), max(id)) from tasks_task"
        )


def remove_new_tasks(clinic: Clinic) -> None:
    """What earlier runs on a kept database have created."""
    from django.db import connection

    with connection.cursor() as cursor:
        new = "select {} from tasks_task where id >= %s"
        last = [FIRST_ROW + clinic.tasks]
        for table, column, key in (
            ("tasks_taskuserobjectpermission", "content_object_id", "id"),
            ("tasks_tasknote", "task_id", "id"),
            ("tasks_taskclocks", "task_id", "id"),
            ("fhir_resourceversion", "resource_id", "resource_id"),
        ):
            cursor.execute(f"delete from {table} where {column} in ({new.format(key)})", last)
        cursor.execute("delete from tasks_task where id >= %s", last)
        # As after loading: entries that wait to be sorted into an index make each look at it longer.
        cursor.execute("vacuum analyze")
