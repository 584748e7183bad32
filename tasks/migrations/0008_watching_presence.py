import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import fhir.models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0007_saved_views"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TaskWatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seen", models.PositiveIntegerField()),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="watches",
                        to="tasks.task",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="watches",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "task"), name="one_row_per_watcher_and_task"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Viewer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("opened", fhir.models.FhirIdField(db_collation="C", max_length=64)),
                ("at", models.DateTimeField()),
                ("writing_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["user", "at"], name="viewer_left")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("opened", "user"), name="one_row_per_page_and_viewer"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "alter table tasks_viewer set unlogged", "alter table tasks_viewer set logged"
        ),
    ]
