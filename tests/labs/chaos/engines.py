"""Whether the servers that run tell each other of entries in the way that was asked for."""

from compat.doctor import processes, views
from tests.support import CHECKOUT

LAYER, POSTGRESQL, NONE = WAYS = ["layer", "postgresql", "none"]
LISTENERS = "pg_stat_activity WHERE application_name = 'django_bridge.listen'"


def problems(faults, var, way):
    """
    What speaks against that way, as a list of lines. While each daphne has readers.

    What the processes were started with is not enough: a setting may be read by some, and
    followed by none. So Redis and PostgreSQL are asked, too, who listens to them.
    """
    running = [
        one for one in processes.of_site(CHECKOUT).found if one.environ.get("DEVOPS_VAR") == var
    ]
    daphnes = sum(one.kind == "daphne" for one in running)
    found = [
        "%s has %s" % (view.name, view.facts.get("notifications") or view.facts["errors"])
        for view in views.look(running)
        if view.facts.get("notifications") != way
    ]
    if not daphnes or len({one.kind for one in running}) < 2:
        found.append("only these were found: %s" % ", ".join(map(str, running)))
    channels = faults.redis("PUBSUB CHANNELS *:group:streams.*")
    if channels.startswith(b"*0") is (way == LAYER):
        found.append("Redis carries %r" % channels[:100])
    if faults.database is not None:
        listeners = faults.database.ask("SELECT pid FROM " + LISTENERS)
        if len(listeners) != (daphnes if way == POSTGRESQL else 0):
            found.append("%d of %d daphnes listen to PostgreSQL" % (len(listeners), daphnes))
    return found
