from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TasksConfig(AppConfig):
    name = "tasks"

    def ready(self):
        from fhir import feed
        from fhir.conformance import add
        from tasks import (
            activity_definitions,
            clock_rows,
            compartments,
            conformance,
            reply_operation,
            resource,
            shipped,
            watching,
        )
        from tasks.rules import engine

        resource.register()
        add(*conformance.DEFINITIONS, *reply_operation.DEFINITIONS)
        compartments.register()
        activity_definitions.register()
        watching.register()
        feed.add_follower(engine.FOLLOWER, engine.handle, batch=engine.BATCH)
        # After the pools, to which the types of work lead, have been made.
        post_migrate.connect(shipped.ship, sender=self)
        feed.add_follower(
            clock_rows.FOLLOWER, clock_rows.handle, batch=clock_rows.BATCH, from_start=True
        )
