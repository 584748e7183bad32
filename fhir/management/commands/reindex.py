"""manage.py reindex: prove that every index column is what its document gives, or make it so."""

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from fhir import store
from fhir.models import Resource


class Command(BaseCommand):
    help = "Compare every resource's index columns with its document, and derive those that differ."

    def add_arguments(self, parser):
        parser.add_argument(
            "--check", action="store_true", help="Change nothing; fail if any differ."
        )

    def handle(self, *args, check, **options):
        stale = 0
        for model in apps.get_models():
            if not issubclass(model, Resource):
                continue
            for row in model.objects.order_by("pk").iterator(chunk_size=500):
                columns = store.stale_columns(row)
                if columns:
                    stale += 1
                    self.stderr.write(f"{row}: {', '.join(columns)}")
                    if not check:
                        store.reindex(row)
        if check and stale:
            raise CommandError(f"{stale} resources have stale index columns.")
        self.stdout.write(f"{stale} resources had stale index columns.")
