"""Lets streams have names in any script; only MySQL was told to keep no more than ASCII."""

from django.db import migrations


def any_script(apps, schema_editor):
    """Still compared byte by byte: 190 characters of up to 4 bytes fit MySQL's smallest index."""
    if schema_editor.connection.vendor == "mysql":
        stream = apps.get_model("streams", "Stream")
        table = schema_editor.quote_name(stream._meta.db_table)
        schema_editor.execute(
            f"ALTER TABLE {table} MODIFY name varchar(190) "
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
        )


class Migration(migrations.Migration):
    dependencies = [("streams", "0002_stream_size")]
    operations = [migrations.RunPython(any_script, migrations.RunPython.noop, atomic=False)]
