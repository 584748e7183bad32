from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self):
        from accounts import conformance, pools, resource
        from fhir.conformance import add

        resource.register()
        add(*conformance.DEFINITIONS)
        # After Django has made the permissions that the pools' groups are given.
        post_migrate.connect(pools.create_roles_and_pools, sender=self)
