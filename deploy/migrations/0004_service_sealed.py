"""Adds the secret part of a service's environment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deploy", "0003_loginbudget")]
    operations = [
        migrations.AddField(
            model_name="service",
            name="sealed",
            field=models.TextField(blank=True, editable=False, null=True),
        ),
    ]
