import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    """Sort links into their index as they are written.

    What a Task reveals is looked up for each resource that is read; with a list of entries that
    wait to be sorted in, each of these looks read all of it: 70 ms for a page of 50 messages
    instead of 6. Only the setting changes, under a lock that lets reads and writes go on.
    """

    dependencies = [("tasks", "0002_due_date_index")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "alter index task_links set (fastupdate = off)",
                    "alter index task_links reset (fastupdate)",
                ),
                migrations.RunSQL(
                    "select gin_clean_pending_list('task_links')", migrations.RunSQL.noop
                ),
            ],
            state_operations=[
                migrations.RemoveIndex(model_name="task", name="task_links"),
                migrations.AddIndex(
                    model_name="task",
                    index=django.contrib.postgres.indexes.GinIndex(
                        fields=["links"], name="task_links", fastupdate=False
                    ),
                ),
            ],
        )
    ]
