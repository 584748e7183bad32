"""Subscriptions: who is told of which changes, and the messages that tell it.

https://hl7.org/fhir/R4/subscription.html
"""


def register() -> None:
    """Called from `AppConfig.ready`: the resource type, the follower of the feed, the loops."""
    from functools import partial

    from django.conf import settings

    from fhir import conformance, feed, loops
    from fhir.subscriptions import delivering, following, resource
    from fhir.subscriptions.conformance import DEFINITIONS

    conformance.add(*DEFINITIONS)
    resource.register()
    feed.add_follower(resource.FOLLOWER, following.handle)
    for number in range(settings.DELIVERY_LOOPS):
        # Half of them are not for receivers that fail, so that those cannot take up all.
        step = partial(delivering.step, only_healthy=number % 2 == 1)
        loops.add_loop(f"deliveries-{number + 1}", step)
