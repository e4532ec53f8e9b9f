"""Adds the epoch of a stream; it gets one when it is appended to or followed the next time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("streams", "0003_names_in_any_script")]
    operations = [
        migrations.AddField("stream", "epoch", models.CharField(max_length=16, null=True))
    ]
