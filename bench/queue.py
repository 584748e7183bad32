"""The Tasks that wait in the pools, put back after claims have taken them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

from bench.clinic import FIRST_ROW, resource_id

SENTINEL = 77_000
"""The version that a sampled Task is set to, so that its number is known among the parameters."""


def refill() -> None:
    """Make every Task that waited after loading wait again, as its first version."""
    with connection.cursor() as cursor:
        cursor.execute(
            "create temporary table taken as select t.id, t.resource_id from tasks_task t"
            " join bench_queue q on q.id = t.id where t.version_id > 1"
        )
        cursor.execute("create index on taken (id)")
        cursor.execute("analyze taken")
        cursor.execute(
            "delete from tasks_taskuserobjectpermission p using taken"
            " where p.content_object_id = taken.id"
        )
        cursor.execute(
            "delete from fhir_resourceversion v using taken where v.resource_type = 'Task'"
            " and v.resource_id = taken.resource_id and v.version_id > 1"
        )
        cursor.execute(
            "select string_agg(format('%1$I = q.%1$I', attname), ', ') from pg_attribute"
            " where attrelid = 'tasks_task'::regclass and attnum > 0 and not attisdropped"
            " and attname <> 'id'"
        )
        columns = cursor.fetchone()[0]
        cursor.execute(
            f"update tasks_task t set {columns} from bench_queue q, taken"
            " where t.id = taken.id and q.id = taken.id"
        )
        cursor.execute("drop table taken")
        cursor.execute("vacuum analyze tasks_task, tasks_taskuserobjectpermission")


def mark() -> None:
    """Have every Task that waits look as if it were at version SENTINEL; `refill` ends it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update tasks_task t set version_id = %s from bench_queue q where t.id = q.id",
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
