"""`manage.py demo_data`: the demo clinic, its sign-ins, and the file that lists them."""

import os
from dataclasses import replace
from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from fhir import resources, store
from fhir.actor import SYSTEM
from fhir.loading import Item, load, missing
from tasks import shipped
from tasks.demo import clinic, past, sign_ins
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
        wanted = missing(clinic(timezone.now()))
        ended = [each for each in wanted if past.has_past(each)]
        loaded = self.load(each for each in wanted if not past.has_past(each))
        loaded += self.load(write_past(ended)) + len(ended)
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


@transaction.atomic
def write_past(tasks: list[dict]) -> list[dict]:
    """Write the versions of ended Tasks as of when they would have been written; what explains them.

    The store takes any time: the actions, which take the present one, are for people.
    """
    task_type, why = resources.get("Task"), []
    for task in tasks:
        stored = None
        versions = past.versions(task)
        for version in versions:
            writer = {"actor": replace(SYSTEM, reference=_person(version.actor)), "at": version.at}
            if stored is None:
                stored = store.insert(
                    task_type, task["id"], version.document, interaction="create", **writer
                )
            else:
                stored = store.update(
                    task_type, stored, version.document, interaction="update", **writer
                )
        why += past.provenance(task, versions)
    return why


def _person(actor: str) -> str:
    return "" if actor == SYSTEM.name else actor


def switch_on_rules() -> None:
    """The demo clinic shows every rule that is shipped; what waits already is left to people."""
    slugs = [each["slug"] for each in shipped.RULES]
    now = timezone.now()
    Rule.objects.filter(slug__in=slugs).update(active=True, checked=now)
    first = Rule.objects.filter(slug__in=slugs).first()
    if first is not None:
        # As if somebody had done it some weeks ago: analytics mark it in the line of time.
        LogEntry.objects.create(
            user=User.objects.get(username="admin"),
            content_type=ContentType.objects.get_for_model(Rule),
            object_id=first.pk,
            object_repr=str(first),
            action_flag=CHANGE,
            action_time=now - timedelta(weeks=5),
            change_message='[{"changed": {"fields": ["Active"]}}]',
        )
