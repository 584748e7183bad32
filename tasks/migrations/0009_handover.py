import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import fhir.models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_pools_and_availability"),
        ("tasks", "0008_watching_presence"),
    ]

    operations = [
        migrations.CreateModel(
            name="HandOver",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "giver",
                    fhir.models.ReferenceField(
                        blank=True, db_collation="C", default="", max_length=255
                    ),
                ),
                (
                    "receiver",
                    fhir.models.ReferenceField(
                        blank=True, db_collation="C", default="", max_length=255
                    ),
                ),
                ("note", models.TextField(blank=True)),
                ("offered_at", models.DateTimeField()),
                ("is_open", models.BooleanField(default=True)),
                (
                    "pool",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="accounts.pool",
                    ),
                ),
            ],
            options={
                "verbose_name": "hand-over",
                "verbose_name_plural": "hand-overs",
                "indexes": [
                    models.Index(
                        condition=Q(("is_open", True)),
                        fields=["receiver"],
                        name="handover_open_receiver",
                    ),
                    models.Index(
                        condition=Q(("is_open", True)), fields=["pool"], name="handover_open_pool"
                    ),
                    models.Index(
                        condition=Q(("is_open", True)), fields=["giver"], name="handover_open_giver"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(
                            Q(("pool__isnull", False), ("receiver", "")),
                            Q(("pool__isnull", True), Q(("receiver", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="to_a_person_or_to_a_pool",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HandOverItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("task_id", fhir.models.FhirIdField(db_collation="C", max_length=64)),
                ("note", models.TextField(blank=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "To be answered"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                            ("withdrawn", "Taken back"),
                            ("gone", "No longer to be handed over"),
                        ],
                        default="open",
                        max_length=9,
                    ),
                ),
                (
                    "answered_by",
                    fhir.models.ReferenceField(
                        blank=True, db_collation="C", default="", max_length=255
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True)),
                (
                    "hand_over",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="tasks.handover",
                    ),
                ),
            ],
            options={
                "ordering": ["hand_over", "position"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(("state", "open")),
                        fields=("task_id",),
                        name="one_open_offer_per_task",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SheetOpening",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("opened_by", models.CharField(max_length=255)),
                ("opened_at", models.DateTimeField()),
                ("tasks", models.PositiveIntegerField()),
                (
                    "pool",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="accounts.pool",
                    ),
                ),
            ],
            options={
                "verbose_name": "opened hand-over sheet",
                "verbose_name_plural": "opened hand-over sheets",
                "indexes": [models.Index(fields=["-opened_at"], name="sheetopening_newest")],
            },
        ),
    ]
