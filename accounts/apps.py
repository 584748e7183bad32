from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self):
        from accounts import branding, conformance, identity, pools, resource
        from fhir.conformance import add
        from fhir.subscriptions.authors import set_lookup

        register(branding.check_branding)
        resource.register()
        set_lookup(identity.actor_of_grant)
        add(*conformance.DEFINITIONS)
        # After Django has made the permissions that the pools' groups are given.
        post_migrate.connect(pools.create_roles_and_pools, sender=self)
