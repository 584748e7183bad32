"""manage.py clocks: prove that what statistics count is what the versions say, or make it so."""

from django.core.management.base import BaseCommand, CommandError

from tasks import clock_rows


class Command(BaseCommand):
    help = (
        "Compare the clocks of every Task with its versions, and derive those that differ: after"
        " the opening hours of a pool were changed, its ended tasks count by the new ones from"
        " then on."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail if any differ."
        )

    def handle(self, *args, check, **options):
        # What the worker has not come to yet is no fault.
        while not clock_rows.catch_up():
            pass
        pools = clock_rows.known_pools()
        stale = 0
        for task_ids in clock_rows.all_task_ids():
            rows = clock_rows.stale(task_ids, pools=pools)
            stale += len(rows)
            for row in rows:
                self.stderr.write(f"Task/{row['resource_id']}")
            if not check:
                clock_rows.write(rows)
        if check and stale:
            raise CommandError(f"The clocks of {stale} tasks are not what their versions say.")
        self.stdout.write(f"The clocks of {stale} tasks were not what their versions say.")
