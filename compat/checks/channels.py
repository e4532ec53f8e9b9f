"""System checks: what keeps sockets from opening, or mute, though nothing is dangerous."""

import inspect
import os
from typing import Any, Dict, List, Set

from .. import _combinations
from .._check_ids import say
from ..channel_layer._settings import LAYER, NOTIFICATIONS
from ..patching import BRIDGE

IN_MEMORY = "channels.layers.InMemoryChannelLayer"
# What a socket needs of the database: its session, its user, its streams.
TABLES_OF = ("django.contrib.sessions", "django.contrib.auth", BRIDGE + ".streams")


def check_combinations(app_configs: Any, **kwargs: Any) -> List[Any]:
    """compat.W005 asgi-redis beside channels 2, W024 others that cannot work together."""
    found = []
    for one in _combinations.found():
        id = "compat.W005" if one.id == "asgi-redis" else "compat.W024"
        found.append(say(id, "%s: %s" % (one.what, one.why), do=one.do.rstrip(".")))
    return found


def check_application(app_configs: Any, **kwargs: Any) -> List[Any]:
    """compat.W021 no ASGI_APPLICATION, W022 one that is asgi.py's, and no routing."""
    from django.apps import apps
    from django.conf import settings

    if not apps.is_installed("channels"):
        return []
    name = getattr(settings, "ASGI_APPLICATION", None)
    if not name:
        message = "channels is in INSTALLED_APPS, and there is no ASGI_APPLICATION."
        return [say("compat.W021", message)]
    # Others are looked at by `check --deploy`: importing a routing may take long.
    if not str(name).rpartition(".")[0].endswith("asgi"):
        return []
    problem = problem_of_application()
    return [say("compat.W022", "ASGI_APPLICATION = %r: %s." % (name, problem))] if problem else []


def problem_of_application() -> str:
    """Why channels 2 cannot use what ASGI_APPLICATION names; "" when it can."""
    from channels.routing import get_default_application

    from ..sockets import interface

    try:
        application = get_default_application()
    except Exception as error:  # whatever somebody's module raises
        return "%s: %s" % (type(error).__name__, str(error).rstrip("."))
    if interface.SINGLE:
        return ""  # its ProtocolTypeRouter is in asgi.py
    try:
        inspect.signature(application).bind({})
    except (TypeError, ValueError):
        return "%r does not take a scope alone, as applications of channels 2 do" % (application,)
    return ""


def check_reach() -> List[Any]:
    """compat.W020 a channel layer that ends at this process, or none where one is needed."""
    from django.apps import apps
    from django.conf import settings
    from django.utils.module_loading import import_string

    if not apps.is_installed("channels"):
        return []
    layers = getattr(settings, "CHANNEL_LAYERS", None) or {}
    if "default" not in layers:
        if NOTIFICATIONS() != LAYER and not layers:
            return []  # streams and logouts need none, and the site says so
        return [say("compat.W020", 'CHANNEL_LAYERS has no "default".')]
    found = []
    for alias, layer in sorted(layers.items()):
        try:
            in_memory = issubclass(import_string(layer.get("BACKEND")), import_string(IN_MEMORY))
        except (AttributeError, ImportError, TypeError):
            continue  # channels says it itself, at the first use
        if in_memory:
            message = "CHANNEL_LAYERS[%r] is in the memory of each process." % alias
            found.append(say("compat.W020", message))
    return found


def is_missing_file(connection: Any) -> bool:
    """Whether it is SQLite's, in a file that asking for tables would make."""
    name = str(connection.settings_dict["NAME"])
    return (
        connection.vendor == "sqlite"
        and not (name == ":memory:" or name.startswith("file:"))
        and not os.path.exists(name)
    )


def check_migrations() -> List[Any]:
    """compat.W025 tables that sockets need are not there, or old."""
    from django.apps import apps
    from django.db import DatabaseError, connections, router
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.recorder import MigrationRecorder

    table = MigrationRecorder.Migration._meta.db_table
    labels: Dict[str, Set[str]] = {}  # alias of a database → what is kept there
    for config in apps.get_app_configs():
        for model in config.get_models() if config.name in TABLES_OF else ():
            labels.setdefault(router.db_for_write(model), set()).add(config.label)
    missing: List[str] = []
    for alias, kept in labels.items():
        if is_missing_file(connections[alias]):
            missing += sorted(kept)
            continue
        try:
            if table not in connections[alias].introspection.table_names():
                missing += sorted(kept)  # what is asked next would make it
                continue
            executor = MigrationExecutor(connections[alias])
        except DatabaseError:
            continue  # it is away, which every page tells
        leaves = [node for node in executor.loader.graph.leaf_nodes() if node[0] in kept]
        plan = executor.migration_plan(leaves)
        missing += sorted({one.app_label for one, _ in plan})
    if not missing:
        return []
    return [
        say("compat.W025", "Migrations of these apps were not applied: %s." % ", ".join(missing))
    ]
