"""Processes run with different settings modules."""

from typing import Any, Iterator

from .. import examined

ORDER = 50
WHY = "What one of them publishes, another looks for in another database or Redis."
CHANGE = (
    "DJANGO_SETTINGS_MODULE in supervisor's environment, the same for daphne and uWSGI; "
    "asgi.py and wsgi.py should name the same module."
)


def look(site: examined.Site) -> Iterator[Any]:
    named = {}
    for view in site.views:
        if view.kind and view.facts.get("settings"):
            named.setdefault(view.facts["settings"], view.name)
    if len(named) > 1:
        yield "; ".join("%s has %s" % (name, module) for module, name in sorted(named.items()))
