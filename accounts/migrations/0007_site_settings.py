import django.contrib.postgres.fields
import django.core.validators
from django.db import migrations, models


def colours(help_text: str, name: str) -> django.contrib.postgres.fields.ArrayField:
    return django.contrib.postgres.fields.ArrayField(
        base_field=models.CharField(max_length=7),
        blank=True,
        default=list,
        help_text=help_text,
        size=2,
        verbose_name=name,
    )


def number(help_text: str, name: str, least: int, most: int) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(
        blank=True,
        help_text=help_text,
        null=True,
        validators=[
            django.core.validators.MinValueValidator(least),
            django.core.validators.MaxValueValidator(most),
        ],
        verbose_name=name,
    )


class Migration(migrations.Migration):
    """What admins may change while the server runs. Without its row, all is as the environment says."""

    dependencies = [("accounts", "0005_sessions")]

    operations = [
        migrations.CreateModel(
            name="SiteSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True,
                        help_text="Beside the mark.",
                        max_length=60,
                        verbose_name="name of the clinic",
                    ),
                ),
                ("brand", colours("Of buttons and links.", "accent")),
                ("on_brand", colours("Of the words on a button.", "text on the accent")),
                ("brand_tint", colours("Behind a row that is open.", "ground of what is chosen")),
                (
                    "idle_minutes",
                    number(
                        "After so many minutes in which nobody was there a page locks; 0 for no lock.",
                        *("minutes until the lock", 0, 30),
                    ),
                ),
                (
                    "undo_seconds",
                    number(
                        "For so long a page says what was done and offers to take it back.",
                        *("seconds to undo", 5, 120),
                    ),
                ),
                (
                    "stats_smallest",
                    number(
                        "Groups of fewer tasks than this are left out of statistics.",
                        *("smallest group", 1, 100),
                    ),
                ),
                (
                    "sla_goal",
                    number(
                        "Of a hundred tasks, how many should be claimed within the time that their"
                        " pool allows.",
                        *("goal in percent", 1, 100),
                    ),
                ),
            ],
            options={
                "verbose_name": "site settings",
                "verbose_name_plural": "site settings",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("pk", 1)), name="one_row_of_site_settings"
                    )
                ],
            },
        ),
    ]
