"""What seen.py asks of the tables of a process' databases; nothing is made by asking."""

import os


def would_make(connection):
    """Whether connecting to it makes a file: SQLite's."""
    path = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or path == ":memory:" or path.startswith("file:"):
        return False
    return not os.path.exists(path) and os.path.isdir(os.path.dirname(os.path.abspath(path)))


def migrations(facts):
    """The apps, by database, whose migrations were not applied."""
    from django.apps import apps
    from django.db import connections, router
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder

    kept, found = {}, {}
    for model in apps.get_models():
        alias = router.db_for_write(model)
        if router.allow_migrate_model(alias, model):
            kept.setdefault(alias, set()).add(model._meta.app_label)
    table = MigrationRecorder.Migration._meta.db_table
    for alias, labels in sorted(kept.items()):
        one = connections[alias]
        if one.vendor == "unknown" or "database " + alias in facts["errors"]:
            continue
        begun = not would_make(one) and table in one.introspection.table_names()
        loader = MigrationLoader(one if begun else None)  # which would make that table
        applied = loader.applied_migrations if begun else ()
        missing = {node[0] for node in loader.graph.nodes if node not in applied}
        if missing & labels:
            found[alias] = sorted(missing & labels)
        one.close()
    facts["unmigrated"] = found
