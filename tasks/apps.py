from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "tasks"

    def ready(self):
        from tasks import compartments, resource

        resource.register()
        compartments.register()
