from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "tasks"

    def ready(self):
        from fhir.conformance import add
        from tasks import compartments, conformance, resource

        resource.register()
        add(*conformance.DEFINITIONS)
        compartments.register()
