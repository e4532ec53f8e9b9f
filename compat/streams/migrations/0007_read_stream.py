"""Adds the permission to look at streams in the admin."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("streams", "0006_presence")]
    operations = [
        migrations.AlterModelOptions(
            name="stream",
            options={"permissions": [("read_stream", "Can read streams in the admin")]},
        ),
    ]
