import datetime

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

import fhir.models

SNIPPETS = {
    "Ask for a reading": "Thank you for telling us. Please send us [reading] before [time].",
    "Book a visit": "We would like to see you. Please come on [day] at [time].",
    "Dose": "Please take [dose] of [medicine], [how often]. Call us if anything feels wrong.",
    "Result": "Your [test] result is [result]. [what it means]",
}


def ship_snippets(apps, schema_editor):
    Snippet = apps.get_model("communications", "Snippet")
    Snippet.objects.bulk_create(Snippet(name=name, text=text) for name, text in SNIPPETS.items())


class Migration(migrations.Migration):
    """Whose turn it is in a thread, drafts, and texts that replies begin with.

    The columns have defaults, so that adding them rewrites no row, and the indexes are made beside
    the work that goes on. `manage.py reindex` fills the columns of what was stored before.
    """

    atomic = False

    dependencies = [
        ("communications", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Snippet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "text",
                    models.TextField(
                        help_text="What stands in square brackets, for example [dose], must be filled in by whoever sends the reply."
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.RunPython(ship_snippets, migrations.RunPython.noop),
        migrations.AddField(
            model_name="communication",
            name="draft",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="communication",
            name="finished",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="communication",
            name="internal",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="communication",
            name="newest",
            field=fhir.models.FhirIdField(db_collation="C", db_default="", max_length=64),
        ),
        migrations.AddField(
            model_name="communication",
            name="newest_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="communication",
            name="newest_voice",
            field=models.CharField(db_collation="C", db_default="", max_length=8),
        ),
        migrations.AddField(
            model_name="communication",
            name="said_at",
            field=models.DateTimeField(
                db_default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.UTC)
            ),
        ),
        migrations.AddField(
            model_name="communication",
            name="voice",
            field=models.CharField(db_collation="C", db_default="", max_length=8),
        ),
        AddIndexConcurrently(
            model_name="communication",
            index=models.Index(
                condition=models.Q(("deleted", False), ("newest_voice", "patient")),
                fields=["newest_at", "resource_id"],
                name="communication_our_turn",
            ),
        ),
        AddIndexConcurrently(
            model_name="communication",
            index=models.Index(
                condition=models.Q(
                    ("deleted", False), ("finished", False), ("newest_voice", "staff")
                ),
                fields=["newest_at", "resource_id"],
                name="communication_their_turn",
            ),
        ),
        AddIndexConcurrently(
            model_name="communication",
            index=models.Index(
                condition=models.Q(("deleted", False), models.Q(("newest", ""), _negated=True)),
                fields=["-newest_at", "-resource_id"],
                name="communication_last_said",
            ),
        ),
        AddIndexConcurrently(
            model_name="communication",
            index=models.Index(
                condition=models.Q(("deleted", False), ("draft", True)),
                fields=["thread", "sender"],
                name="communication_draft",
            ),
        ),
    ]
