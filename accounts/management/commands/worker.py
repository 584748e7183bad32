"""manage.py worker: run background jobs and the followers of the change feed until told to stop."""

import threading

from django.core.management import call_command
from django.core.management.base import BaseCommand

from fhir import loops

STOP_LIMIT = 20.0  # seconds for the steps in hand to end


class Command(BaseCommand):
    help = "Run background jobs and follow the change feed until SIGINT or SIGTERM."

    def handle(self, *args, **options):
        stopping = threading.Event()
        threads = loops.start_all(stopping)
        try:
            # One job at a time: the work is short, and the database is shared with the web server.
            call_command("procrastinate", "worker", "--concurrency", "1")
        finally:
            stopping.set()
            for thread in threads:
                thread.join(STOP_LIMIT / len(threads))
