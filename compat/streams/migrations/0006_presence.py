"""Adds who follows streams: a row for each process and stream, and a lease for each process."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("streams", "0005_key")]
    operations = [
        migrations.CreateModel(
            name="Server",
            fields=[
                ("id", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("machine", models.CharField(max_length=16)),
                ("pid", models.IntegerField()),
                ("life", models.CharField(max_length=16)),
                ("beat", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Attendance",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("stream_digest", models.CharField(max_length=40)),
                ("server_id", models.CharField(db_index=True, max_length=16)),
                ("people", models.IntegerField()),
                ("guests", models.IntegerField()),
                ("body", models.TextField()),
                ("version", models.IntegerField()),
            ],
        ),
        migrations.AlterUniqueTogether(
            name="attendance", unique_together={("stream_digest", "server_id")}
        ),
    ]
