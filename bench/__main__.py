"""`python -m bench`: load, measure, report. `--help` says what can be chosen."""

import argparse
import os
import sys
from pathlib import Path

from config.database import TOP


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Taskward.")
    parser.add_argument(
        "--tasks",
        type=int,
        default=os.environ.get("N", "100000"),
        help="how many Tasks the database holds (100000, or $N)",
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="for each number (5)")
    parser.add_argument("--connections", default="1,8,16", help="at once (1,8,16)")
    parser.add_argument("--operations", default="", help="only those whose name begins so")
    parser.add_argument("--rounds", type=int, default=1, help="of which medians are shown (1)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="web workers (cores)")
    parser.add_argument("--threads", type=int, default=4, help="blocking threads each (4)")
    parser.add_argument("--keep", action="store_true", help="keep the database, or use a kept one")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into this page")
    options = parser.parse_args()
    if options.tasks < 2000:
        parser.error("fewer than 2000 Tasks are no benchmark")
    # A server of its own, unless another one is asked for: a demo is not slowed down.
    os.environ.setdefault("TASKWARD_DATA", str(TOP / ".bench"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from bench import database, report
    from bench.pgbench import BenchError
    from config import embedded_postgres
    from config.database import data_folder

    name = database.name_for(options.tasks)
    with embedded_postgres.running(data_folder()), database.made(name, keep=options.keep):
        from bench.measure import measure

        try:
            rows, plans, setting = measure(name, options)
        except BenchError as error:
            print(error, file=sys.stderr)
            return 1
    report.show(rows, plans, setting)
    if options.write:
        report.write(options.write, rows, plans, setting)
    problems = report.problems(rows, plans, setting)
    for sentence in problems:
        print(sentence, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
