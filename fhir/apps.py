from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FhirConfig(AppConfig):
    name = "fhir"

    def ready(self):
        from fhir import conformance, extensions, feed, loops, resources, subscriptions, validate

        resources.register_for_all(validate.operations)
        conformance.add(validate.DEFINITION, extensions.HISTORY_ACTOR)
        loops.add_loop("feed", feed.step)
        subscriptions.register()
        post_migrate.connect(conformance.store_documents, sender=self)
