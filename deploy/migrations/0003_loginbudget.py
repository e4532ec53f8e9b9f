"""Adds what attempts to log in are paid from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deploy", "0002_runnerbeat")]
    operations = [
        migrations.CreateModel(
            name="LoginBudget",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=60, unique=True)),
                (
                    "used_until",
                    models.FloatField(db_index=True, help_text="Seconds since 1970."),
                ),
            ],
        ),
    ]
