"""manage.py worker: run background jobs until told to stop."""

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Run background jobs until SIGINT or SIGTERM."

    def handle(self, *args, **options):
        # One job at a time: the work is short, and the database is shared with the web server.
        call_command("procrastinate", "worker", "--concurrency", "1")
