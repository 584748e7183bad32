"""The Tasks that wait in the pools, put back after claims have taken them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

from bench.clinic import FIRST_ROW, resource_id

SENTINEL = 77_000
"""The version that a sampled Task is set to, so that its number is known among the parameters."""
KEPT = (
    ("Task", "tasks_task", "bench_queue"),
    ("Communication", "communications_communication", "bench_messages"),
)
"""What a claim changes: (type, table, table of the rows as they were loaded)."""


def refill() -> None:
    """Make every Task that waited after loading wait again, as its first version, and the message
    that it is about; nothing is left to say that they were claimed.
    """
    with connection.cursor() as cursor:
        for resource_type, table, kept in KEPT:
            cursor.execute(
                f"create temporary table taken as select t.id, t.resource_id from {table} t"
                f" join {kept} q on q.id = t.id where t.version_id > 1"
            )
            cursor.execute("create index on taken (id)")
            cursor.execute("analyze taken")
            cursor.execute(
                "delete from fhir_resourceversion v using taken where v.resource_type = %s"
                " and v.resource_id = taken.resource_id and v.version_id > 1",
                [resource_type],
            )
            cursor.execute(
                "select string_agg(format('%%1$I = q.%%1$I', attname), ', ') from pg_attribute"
                " where attrelid = %s::regclass and attnum > 0 and not attisdropped"
                " and attname <> 'id'",
                [table],
            )
            columns = cursor.fetchone()[0]
            cursor.execute(
                f"update {table} t set {columns} from {kept} q, taken"
                " where t.id = taken.id and q.id = taken.id"
            )
            if resource_type == "Task":
                cursor.execute(
                    "delete from tasks_taskuserobjectpermission p using taken"
                    " where p.content_object_id = taken.id"
                )
            cursor.execute("drop table taken")
        cursor.execute("truncate tasks_provenance")
        cursor.execute("delete from fhir_resourceversion where resource_type = 'Provenance'")
        cursor.execute(
            "vacuum analyze tasks_task, communications_communication, tasks_provenance,"
            " tasks_taskuserobjectpermission"
        )


def mark() -> None:
    """Have every Task that waits, and its message, look as if it were at version SENTINEL;
    `refill` ends it.
    """
    with connection.cursor() as cursor:
        for _resource_type, table, kept in KEPT:
            cursor.execute(
                f"update {table} t set version_id = %s from {kept} q where t.id = q.id",
                [SENTINEL],
            )


@contextmanager
def marked(numbers: Sequence[int]) -> Iterator[None]:
    """Have the `place`-th Task of `numbers` look as if it were at version SENTINEL + 10 · place.

    What is written over it meanwhile leaves the history again; the version goes back.
    """
    rows = [FIRST_ROW + number for number in numbers]
    with connection.cursor() as cursor:
        cursor.execute("select id, version_id from tasks_task where id = any(%s)", [rows])
        before = cursor.fetchall()
        for place, row in enumerate(rows):
            version = SENTINEL + 10 * place
            cursor.execute("update tasks_task set version_id = %s where id = %s", [version, row])
        yield
        for row, version in before:
            cursor.execute("update tasks_task set version_id = %s where id = %s", [version, row])
        cursor.execute(
            "delete from fhir_resourceversion where resource_type = 'Task'"
            " and resource_id = any(%s) and version_id > %s",
            [[resource_id(number) for number in numbers], SENTINEL],
        )


def last_version() -> int:
    """How many versions have ever been written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(pg_sequence_last_value("
            "pg_get_serial_sequence('fhir_resourceversion', 'id')::regclass), 0)"
        )
        return cursor.fetchone()[0]


def created_after(version: int) -> list[str]:
    """The ids of the resources whose first version came after it, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select resource_id from fhir_resourceversion where id > %s and version_id = 1"
            " order by id",
            [version],
        )
        return [row[0] for row in cursor.fetchall()]
