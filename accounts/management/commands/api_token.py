"""manage.py api_token USERNAME: print a bearer token."""

from django.core.management.base import BaseCommand, CommandError

from accounts import tokens
from accounts.models import User


class Command(BaseCommand):
    help = "Print a new bearer token for a user."

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            help="A SMART v2 scope such as user/Task.rs that narrows the token; may be repeated.",
        )
        parser.add_argument("--days", type=int, default=tokens.DAYS, help="How long it lives.")

    def handle(self, *args, username, scope, days, **options):
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user called {username}.")
        if days < 1:
            raise CommandError("A token lives for at least one day.")
        self.stdout.write(tokens.issue(user, scope=" ".join(scope), days=days))
