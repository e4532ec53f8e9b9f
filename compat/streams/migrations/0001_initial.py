"""Creates the streams and their entries."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def exact_names(apps, schema_editor):
    """MySQL compares text without regard to case by default: two streams would share a row."""
    if schema_editor.connection.vendor == "mysql":
        stream = apps.get_model("streams", "Stream")
        table = schema_editor.quote_name(stream._meta.db_table)
        schema_editor.execute(
            f"ALTER TABLE {table} MODIFY name varchar(190) "
            "CHARACTER SET ascii COLLATE ascii_bin NOT NULL"
        )


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=190, unique=True)),
                ("last_seq", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField()),
                ("body", models.TextField()),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "stream",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="streams.Stream",
                    ),
                ),
            ],
        ),
        migrations.AlterUniqueTogether(name="entry", unique_together={("stream", "seq")}),
        migrations.RunPython(exact_names, migrations.RunPython.noop, atomic=False),
    ]
