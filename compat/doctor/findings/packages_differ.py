"""Processes have different versions of the stack."""

from typing import Any, Dict, Iterator

from .. import examined

ORDER = 11
WHY = "What one of them stores or sends is not always what the other reads; only one was tested."
CHANGE = (
    "The same environment for all programs: [program:…] command in supervisor, virtualenv in "
    "uwsgi.ini; or pip install of one list of requirements into both."
)

STACK = (
    "django", "channels", "channels_redis", "asgiref", "daphne", "aioredis", "msgpack", "redis",
    "twisted", "autobahn", "django_devops_bridge",
)  # fmt: skip


def look(site: examined.Site) -> Iterator[Any]:
    for name in STACK:
        versions: Dict[str, str] = {}
        for view in site.views:
            if view.kind and view.facts.get("packages", {}).get(name):
                versions.setdefault(view.facts["packages"][name], view.name)
        if len(versions) > 1:
            rows = sorted((who, version) for version, who in versions.items())
            text = ", ".join("%s has %s" % row for row in rows)
            yield "%s: %s" % (name.replace("_", "-"), text)
