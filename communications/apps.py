from django.apps import AppConfig


class CommunicationsConfig(AppConfig):
    name = "communications"

    def ready(self):
        from communications import conformance, resource
        from fhir.conformance import add

        resource.register()
        add(*conformance.DEFINITIONS)
