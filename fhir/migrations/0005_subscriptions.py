import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import fhir.models


class Migration(migrations.Migration):
    dependencies = [
        ("fhir", "0004_feed"),
    ]

    operations = [
        migrations.CreateModel(
            name="Endpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "scheme",
                    models.CharField(
                        choices=[("https", "https"), ("http", "http")],
                        default="https",
                        help_text="http sends everything in the clear: only inside a network that you trust.",
                        max_length=5,
                    ),
                ),
                (
                    "host",
                    models.CharField(
                        help_text="A host name in lower case, in its ASCII form, or an IP address. No wildcards.",
                        max_length=253,
                    ),
                ),
                (
                    "port",
                    models.PositiveIntegerField(
                        default=443,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                    ),
                ),
                (
                    "path_prefix",
                    models.CharField(
                        default="/", help_text="Paths that are this, or below it.", max_length=255
                    ),
                ),
                (
                    "allows_private",
                    models.BooleanField(
                        default=False,
                        help_text="The host may have an address of this network or of this machine.",
                        verbose_name="may be a private address",
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="Whose it is, and what for.", max_length=255
                    ),
                ),
            ],
            options={
                "verbose_name": "endpoint of subscriptions",
                "verbose_name_plural": "endpoints of subscriptions",
                "ordering": ["host", "port", "path_prefix"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scheme", "host", "port", "path_prefix"),
                        name="one_entry_per_endpoint",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Subscriber",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "resource_id",
                    fhir.models.FhirIdField(db_collation="C", max_length=64, unique=True),
                ),
                ("user_id", models.BigIntegerField()),
                ("grant", models.CharField(blank=True, max_length=80)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(), null=True
                    ),
                ),
                ("headers", models.JSONField(default=dict)),
                ("secret", models.CharField(blank=True, max_length=100)),
                ("starts_after", models.BigIntegerField(default=0)),
                ("last_number", models.BigIntegerField(default=0)),
                ("is_greeted", models.BooleanField(default=False)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("failing_since", models.DateTimeField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("lease", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "subscription",
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_attempt_at__isnull", False)),
                        fields=["next_attempt_at"],
                        name="subscriber_due",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField()),
                ("change", models.BigIntegerField()),
                ("resource_type", models.CharField(db_collation="C", max_length=64)),
                ("resource_id", fhir.models.FhirIdField(db_collation="C", max_length=64)),
                ("version_id", models.PositiveIntegerField()),
                ("happened_at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "waiting"),
                            ("delivered", "delivered"),
                            ("withheld", "told without what it is about"),
                            ("dead", "given up"),
                        ],
                        db_default="",
                        default="",
                        max_length=9,
                    ),
                ),
                ("failing_since", models.DateTimeField(null=True)),
                (
                    "subscriber",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="fhir.subscriber",
                    ),
                ),
            ],
            options={
                "verbose_name": "event of a subscription",
                "verbose_name_plural": "events of subscriptions",
                "indexes": [
                    models.Index(
                        condition=models.Q(("outcome", "")),
                        fields=["subscriber", "number"],
                        name="event_waiting",
                    ),
                    models.Index(fields=["happened_at"], name="event_happened"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("subscriber", "number"),
                        name="one_event_per_subscription_and_number",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_number", models.BigIntegerField()),
                ("last_number", models.BigIntegerField()),
                ("started_at", models.DateTimeField()),
                ("milliseconds", models.PositiveIntegerField()),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("fault", models.CharField(blank=True, max_length=100)),
                (
                    "subscriber",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="fhir.subscriber",
                    ),
                ),
            ],
            options={
                "verbose_name": "attempt to deliver",
                "verbose_name_plural": "attempts to deliver",
                "indexes": [
                    models.Index(fields=["subscriber", "-started_at"], name="attempt_newest"),
                    models.Index(fields=["started_at"], name="attempt_started"),
                ],
            },
        ),
    ]
