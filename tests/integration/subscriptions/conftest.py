"""Receivers, entries of the allow-list, and Subscriptions that send to them."""

import time

import pytest

from fhir import actions, feed
from fhir.actor import SYSTEM
from fhir.models import ResourceVersion
from fhir.subscriptions import delivering
from fhir.subscriptions.document import CONTENT_URL
from fhir.subscriptions.models import Endpoint, Subscriber
from fhir.subscriptions.resource import FOLLOWER
from tests.integration.subscriptions.receiver import Receiver


@pytest.fixture
def receiver():
    started = Receiver().start()
    yield started
    started.stop()


def allow(url: str, **entry) -> Endpoint:
    """List the endpoint of a test, as an admin would."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, _, port = authority.partition(":")
    listed = {
        "scheme": scheme,
        "host": host,
        "port": int(port or {"https": 443, "http": 80}[scheme]),
        "path_prefix": "/",
        "allows_private": True,
    } | entry
    return Endpoint.objects.create(**listed)


def subscription(url: str, criteria: str = "Task?", content: str = "", **elements) -> dict:
    channel = {"type": "rest-hook", "endpoint": url, "payload": "application/fhir+json"}
    if content:
        channel["_payload"] = {"extension": [{"url": CONTENT_URL, "valueCode": content}]}
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "A test",
        "criteria": criteria,
        "channel": channel | elements.pop("channel", {}),
    } | elements


def subscribe(url: str, criteria: str = "Task?", *, actor=SYSTEM, **elements) -> str:
    """The id of a new Subscription."""
    document = subscription(url, criteria, **elements)
    return actions.create("Subscription", document, actor=actor).resource_id


def subscriber(resource_id: str) -> Subscriber:
    return Subscriber.objects.get(resource_id=resource_id)


def settle() -> int:
    """Wait until every version has its number, as another transaction may be under way; the last."""
    limit = time.monotonic() + 20
    while feed.latest() < ResourceVersion.objects.count():
        assert time.monotonic() < limit, "some versions get no number"
        if not feed.number_changes():
            time.sleep(0.01)
    return feed.latest()


def follow() -> None:
    """Let the feed come to its end."""
    settle()
    while feed.follow(FOLLOWER):
        pass


def deliver() -> None:
    """Send all that is due."""
    while delivering.step():
        pass


@pytest.fixture
def feed_from_here(db):
    """The feed's end is where Subscriptions begin."""
    follow()
