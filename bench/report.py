"""The table of what was measured, for the terminal and for docs/performance.md."""

import os
import platform
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.client import Answers
from bench.operations import Operation
from bench.plans import Plan

FULL_SIZE = 1_000_000


@dataclass
class Row:
    """One operation at one number of connections, measured some times."""

    operation: Operation
    connections: int
    answers: list[Answers] = field(default_factory=list)
    pgbench: list[float] = field(default_factory=list)
    """Transactions a second."""

    @property
    def rate(self) -> float:
        return statistics.median(each.rate for each in self.answers)

    @property
    def pgbench_rate(self) -> float:
        return statistics.median(self.pgbench) if self.pgbench else 0.0

    @property
    def ratio(self) -> float:
        return 100 * self.rate / self.pgbench_rate if self.pgbench_rate else 0.0

    @property
    def wrong(self) -> int:
        return sum(sum(each.wrong.values()) for each in self.answers)

    def percentile(self, share: float) -> float:
        return statistics.median(each.percentile(share) for each in self.answers)

    @property
    def target(self) -> str:
        if self.operation.target:
            return f"{self.operation.target} %"
        return f"{self.operation.most_ms:g} ms" if self.is_timed else ""

    @property
    def is_timed(self) -> bool:
        """Whether its milliseconds have a limit."""
        return bool(self.operation.most_ms) and self.connections == 1

    def cells(self) -> list[str]:
        return [
            self.operation.name,
            str(self.connections),
            f"{self.rate:,.0f}",
            f"{self.pgbench_rate:,.0f}" if self.pgbench else "",
            f"{self.ratio:.0f} %" if self.pgbench else "",
            self.target,
            f"{self.percentile(0.5):.1f}",
            f"{self.percentile(0.95):.1f}",
            str(self.wrong),
        ]


HEADINGS = (
    "Operation",
    "Connections",
    "HTTP/s",
    "pgbench/s",
    "Ratio",
    "Target",
    "p50 ms",
    "p95 ms",
    "Wrong",
)


@dataclass(frozen=True)
class Setting:
    """What the numbers hold for."""

    tasks: int
    seconds: float
    rounds: int
    workers: int
    threads: int
    postgres: str

    def lines(self) -> list[str]:
        return [
            f"{self.tasks:,} Tasks",
            f"{os.cpu_count()} cores, shared by server, PostgreSQL and client",
            f"Python {platform.python_version()}, PostgreSQL {self.postgres}",
            f"{self.workers} web workers with {self.threads} blocking"
            f" thread{'s' if self.threads > 1 else ''} each",
            f"{self.seconds:g} s for each number"
            + (f", median of {self.rounds} rounds" if self.rounds > 1 else ""),
        ]


def show(rows: list[Row], plans: list[Plan], setting: Setting) -> None:
    console = Console(width=max(120, Console().width))
    table = Table(title="; ".join(setting.lines()))
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for number, row in enumerate(rows):
        last = number + 1 == len(rows) or rows[number + 1].operation != row.operation
        table.add_row(*row.cells(), end_section=last)
    console.print(table)
    for plan in plans:
        console.print(f"{plan.operation}: {_plan_line(plan)}", highlight=False)


def _plan_line(plan: Plan) -> str:
    return f"{'; '.join(plan.nodes)} ({plan.milliseconds:.2f} ms)"


BEGIN, END = "<!-- measured -->", "<!-- end of what was measured -->"


def write(page: Path, rows: list[Row], plans: list[Plan], setting: Setting) -> None:
    """Put the table between the two comments of a Markdown page that people write."""
    lines = [f"- {line}" for line in setting.lines()]
    lines += ["", "| " + " | ".join(HEADINGS) + " |"]
    lines.append("|---" + "|--:" * (len(HEADINGS) - 1) + "|")
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    lines += ["", "How PostgreSQL finds the Tasks, after six runs on one connection:", ""]
    lines += [f"- {plan.operation}: {_plan_line(plan)}" for plan in plans]
    measured = "\n".join([BEGIN, "", *lines, "", END])
    text = page.read_text() if page.exists() else f"{BEGIN}{END}\n"
    before, _, rest = text.partition(BEGIN)
    page.write_text(before + measured + rest.partition(END)[2])


def problems(rows: list[Row], plans: list[Plan], setting: Setting) -> list[str]:
    """Wrong answers, plans without their index, and, at FULL_SIZE, targets that were missed."""
    found = [
        f"{row.operation.name} at {row.connections} connections has {row.wrong} wrong answers."
        for row in rows
        if row.wrong
    ]
    found += [
        f"{plan.operation} does not read the index {plan.expected}: {_plan_line(plan)}."
        for plan in plans
        if not plan.is_right
    ]
    if setting.tasks >= FULL_SIZE:
        found += [
            f"{row.operation.name} at {row.connections} connections reaches {row.ratio:.0f} %"
            f" of pgbench, and {row.operation.target} % are wanted."
            for row in rows
            if row.pgbench and row.ratio < row.operation.target
        ]
        found += [
            f"{row.operation.name} takes {row.percentile(0.5):.1f} ms,"
            f" and {row.operation.most_ms:g} ms are the most."
            for row in rows
            if row.is_timed and row.percentile(0.5) > row.operation.most_ms
        ]
    return found
