from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self):
        from accounts import pools, resource

        resource.register()
        # After Django has made the permissions that the pools' groups are given.
        post_migrate.connect(pools.create_roles_and_pools, sender=self)
