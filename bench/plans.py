"""How PostgreSQL carries out the statement that matters most of each operation."""

import json
import re
from dataclasses import dataclass

import psycopg
from psycopg import sql

from bench.operations import Operation
from bench.recording import Statement

RUNS_BEFORE = 6
"""PostgreSQL decides on a generic plan at the sixth run of a prepared statement."""


@dataclass(frozen=True)
class Plan:
    operation: str
    expected: str
    indexes: tuple[str, ...]
    nodes: tuple[str, ...]
    """Those that read a table, from the top of the plan."""
    milliseconds: float

    @property
    def is_right(self) -> bool:
        """The index is used, and no large table is read from end to end."""
        return self.expected in self.indexes and not any(
            node == "Seq Scan on tasks_task" for node in self.nodes
        )


def explain(operation: Operation, statements: list[Statement], connection) -> Plan | None:
    """The plan that a connection settles on after a few runs; None when there is nothing to read.

    `connection` is psycopg's; what the statement changes is rolled back.
    """
    statement = next((each for each in statements if _finds_tasks(each)), None)
    if statement is None:
        return None
    numbers = iter(range(1, len(statement.params) + 1))
    text = re.sub(
        "%%|%[sbt]", lambda m: "%" if m[0] == "%%" else f"${next(numbers)}", statement.text
    )
    values = sql.SQL(", ").join(sql.Literal(param) for param in statement.params)
    execute = sql.SQL("execute measured({})").format(values)
    with connection.transaction(force_rollback=True), psycopg.ClientCursor(connection) as cursor:
        cursor.execute(sql.SQL("prepare measured as ") + sql.SQL(text))
        for _ in range(RUNS_BEFORE):
            cursor.execute(execute)
        cursor.execute(sql.SQL("explain (analyze, buffers off, format json) ") + execute)
        found = cursor.fetchone()[0]
        cursor.execute("deallocate measured")
    found = found if isinstance(found, list) else json.loads(found)
    nodes = list(_walk(found[0]["Plan"]))
    return Plan(
        operation.name,
        operation.index,
        tuple(dict.fromkeys(node["Index Name"] for node in nodes if "Index Name" in node)),
        tuple(dict.fromkeys(filter(None, map(_described, nodes)))),
        found[0]["Planning Time"] + found[0]["Execution Time"],
    )


def _finds_tasks(statement: Statement) -> bool:
    text = statement.text.lower()
    if text.startswith("with picked"):  # statistics
        return True
    return "tasks_task" in text and "document" in text and text.startswith(("select", "with c"))


def _walk(node: dict):
    if node.get("Actual Loops"):
        yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


def _described(node: dict) -> str:
    if "Index Name" in node:
        return f"{node['Node Type']} using {node['Index Name']}"
    if "Relation Name" in node:
        return f"{node['Node Type']} on {node['Relation Name']}"
    return node["Node Type"] if node["Node Type"] in ("Sort", "Incremental Sort") else ""
