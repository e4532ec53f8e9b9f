"""Adds when each runner was last heard of, also one that has nothing to do."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deploy", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="RunnerBeat",
            fields=[
                (
                    "id",
                    models.AutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("runner", models.CharField(max_length=200, unique=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
    ]
