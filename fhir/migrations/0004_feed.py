import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("fhir", "0003_history_of_a_type"),
    ]

    operations = [
        migrations.CreateModel(
            name="FeedCursor",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Numbering",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField(db_default=0)),
                ("transaction", models.BigIntegerField(db_default=0)),
                ("version_id", models.BigIntegerField(db_default=0)),
                ("system_identifier", models.BigIntegerField(db_default=0)),
                ("after_version_id", models.BigIntegerField(db_default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "version",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="fhir.resourceversion",
                    ),
                ),
            ],
        ),
    ]
