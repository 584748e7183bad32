from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Written while the server works: an index that is made in a transaction keeps writers waiting.
    atomic = False

    dependencies = [
        ("fhir", "0002_kept_answer"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="resourceversion",
            index=models.Index(
                fields=["resource_type", "-last_updated", "-id"], name="version_newest_of_type"
            ),
        ),
    ]
