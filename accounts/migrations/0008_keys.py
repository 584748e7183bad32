from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_site_settings")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="keys",
            field=models.JSONField(blank=True, default=dict, verbose_name="keys of their own"),
        ),
    ]
