"""`manage.py demo_data`: the demo clinic, its sign-ins, and the file that lists them."""

import os
from time import monotonic

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from fhir.loading import Item, load, missing
from tasks import shipped
from tasks.demo import clinic, sign_ins
from tasks.models import Rule


class Command(BaseCommand):
    help = (
        "Make the demo clinic: invented patients, staff, threads and Tasks, and users to sign in"
        " with. What is there already, and what was done to it since, stays as it is."
    )

    def handle(self, **options):
        began = monotonic()
        file = settings.TASKWARD_DATA / "demo.json"
        base = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
        try:
            known = sign_ins.read(file)
            # Users first: a Task's owner is let in when the Task is written.
            current = sign_ins.keep(known, base=base)
        except sign_ins.NotTheDemo as error:
            raise CommandError(str(error)) from error
        if current != known:
            sign_ins.write(file, current)
        loaded = self.load(missing(clinic(timezone.now())))
        if not known:
            switch_on_rules()
        if loaded:
            self.stdout.write(
                f"The demo clinic is ready: {loaded:,} resources in {monotonic() - began:.1f} s."
            )
        else:
            self.stdout.write("The demo clinic is there already.")
        self.show(current)
        self.stdout.write(f"Tokens for the API are in {file}.")

    def load(self, documents):
        outcomes = list(load(Item("the demo clinic", document) for document in documents))
        refused = [item for outcome in outcomes for item in outcome.refused]
        for item in refused:
            self.stderr.write(f"{item.name}: {item.refusal}")
        if refused:
            raise CommandError("The demo clinic is not complete; its refusals are named above.")
        return sum(outcome.loaded for outcome in outcomes)

    def show(self, current):
        self.stdout.write(f"\nSign in at {current['base']} as one of\n")
        self.stdout.write(f"  {'user':<13} {'password':<18} {'role':<13} name")
        for user in current["users"].values():
            self.stdout.write(
                f"  {user['username']:<13} {user['password']:<18} {user['role']:<13} {user['name']}"
            )
        self.stdout.write("")


def switch_on_rules() -> None:
    """The demo clinic shows every rule that is shipped; what waits already is left to people."""
    slugs = [each["slug"] for each in shipped.RULES]
    Rule.objects.filter(slug__in=slugs).update(active=True, checked=timezone.now())
