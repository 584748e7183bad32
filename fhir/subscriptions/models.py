"""What the server keeps of Subscriptions besides the documents: where they may send, what they have
to send, and how that went."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from fhir.models import FhirIdField


class Endpoint(models.Model):
    """Where an admin lets Subscriptions send to: one entry of the allow-list (security.md S6)."""

    scheme = models.CharField(
        max_length=5,
        choices=[("https", "https"), ("http", "http")],
        default="https",
        help_text="http sends everything in the clear: only inside a network that you trust.",
    )
    host = models.CharField(
        max_length=253,
        help_text="A host name in lower case, in its ASCII form, or an IP address. No wildcards.",
    )
    port = models.PositiveIntegerField(
        default=443, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    path_prefix = models.CharField(
        max_length=255, default="/", help_text="Paths that are this, or below it."
    )
    allows_private = models.BooleanField(
        "may be a private address",
        default=False,
        help_text="The host may have an address of this network or of this machine.",
    )
    note = models.CharField(max_length=255, blank=True, help_text="Whose it is, and what for.")

    class Meta:
        verbose_name = "endpoint of subscriptions"
        verbose_name_plural = "endpoints of subscriptions"
        ordering = ["host", "port", "path_prefix"]
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "host", "port", "path_prefix"], name="one_entry_per_endpoint"
            )
        ]

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path_prefix}"

    def clean(self):
        from fhir.subscriptions.endpoints import fault_of_host, fault_of_path

        found = {"host": fault_of_host(self.host), "path_prefix": fault_of_path(self.path_prefix)}
        if faults := {name: fault for name, fault in found.items() if fault}:
            raise ValidationError(faults)


class Subscriber(models.Model):
    """Beside the document of a Subscription: whose it is, its secrets, and how far it is told."""

    resource_id = FhirIdField(unique=True)
    user_id = models.BigIntegerField()
    """Who wrote its criteria and channel: what she may read, it tells."""
    grant = models.CharField(max_length=80, blank=True)
    """The client or the token that she wrote it with (fhir.actor.Actor.grant)."""
    scopes = ArrayField(models.TextField(), null=True)
    """Of that token; None when it had none."""
    headers = models.JSONField(default=dict)
    """Name → value of what is sent besides; the document has only the names."""
    secret = models.CharField(max_length=100, blank=True)
    """The key that notifications are signed with, as `whsec_` and base64."""

    starts_after = models.BigIntegerField(default=0)
    """The number of the last change that came before it."""
    last_number = models.BigIntegerField(default=0)
    """Of the last event that was given one."""
    is_greeted = models.BooleanField(default=False)
    """The endpoint has acknowledged the handshake."""
    next_attempt_at = models.DateTimeField(null=True)
    """When there is something to send; null while there is nothing."""
    failures = models.PositiveIntegerField(default=0)
    """Attempts in a row that failed."""
    failing_since = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    """Until then, who holds the lease sends; whoever comes later takes over."""
    lease = models.BigIntegerField(default=0)
    """The number of the lease: one that is not the last counts no more."""

    class Meta:
        verbose_name = "subscription"
        indexes = [
            # What is due, for each turn of the loop.
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
                name="subscriber_due",
            )
        ]

    def __str__(self) -> str:
        return f"Subscription/{self.resource_id}"


class Event(models.Model):
    """One change that a Subscription tells of, by the Subscription's own number for it."""

    class Outcome(models.TextChoices):
        WAITING = "", "waiting"
        DELIVERED = "delivered", "delivered"
        WITHHELD = "withheld", "told without what it is about"
        DEAD = "dead", "given up"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="events")
    number = models.BigIntegerField()
    change = models.BigIntegerField()
    """The number of the change in the feed."""
    resource_type = models.CharField(max_length=64, db_collation="C")
    resource_id = FhirIdField()
    version_id = models.PositiveIntegerField()
    happened_at = models.DateTimeField()
    outcome = models.CharField(
        max_length=9, choices=Outcome, default=Outcome.WAITING, blank=True, db_default=""
    )
    failing_since = models.DateTimeField(null=True)
    """Of the first of its attempts that failed."""

    class Meta:
        verbose_name = "event of a subscription"
        verbose_name_plural = "events of subscriptions"
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "number"], name="one_event_per_subscription_and_number"
            )
        ]
        indexes = [
            # The next to send.
            models.Index(
                fields=["subscriber", "number"], condition=Q(outcome=""), name="event_waiting"
            ),
            # What is old enough to be deleted.
            models.Index(fields=["happened_at"], name="event_happened"),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.number}"

    @property
    def reference(self) -> str:
        return f"{self.resource_type}/{self.resource_id}"


class Attempt(models.Model):
    """One attempt to tell a receiver: when, what came of it, and nothing of what was sent."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="attempts")
    first_number = models.BigIntegerField()
    """Of the events that were sent; 0 for a handshake."""
    last_number = models.BigIntegerField()
    started_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    """The HTTP status of the answer; null when there was none."""
    fault = models.CharField(max_length=100, blank=True)
    """Why it failed, in the server's own words."""

    class Meta:
        verbose_name = "attempt to deliver"
        verbose_name_plural = "attempts to deliver"
        indexes = [
            # The log of one Subscription, newest first.
            models.Index(fields=["subscriber", "-started_at"], name="attempt_newest"),
            # What is old enough to be deleted.
            models.Index(fields=["started_at"], name="attempt_started"),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.first_number} at {self.started_at:%F %T}"
