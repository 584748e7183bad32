from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FhirConfig(AppConfig):
    name = "fhir"

    def ready(self):
        from fhir import (
            changes,
            conformance,
            extensions,
            feed,
            loops,
            resources,
            subscriptions,
            validate,
        )

        resources.register_for_all(validate.operations)
        resources.register_for_system(changes.OPERATION)
        conformance.add(validate.DEFINITION, extensions.HISTORY_ACTOR)
        conformance.add(changes.DEFINITION, changes.CHANGE_NUMBER)
        loops.add_loop("feed", feed.step)
        subscriptions.register()
        post_migrate.connect(conformance.store_documents, sender=self)
