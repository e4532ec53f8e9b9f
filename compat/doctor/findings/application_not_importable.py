"""An application cannot be imported."""

from typing import Any, Iterator

from .. import examined

ORDER = 40
WHY = "The process ends at its next start, or answers every request with an error."
CHANGE = (
    'Mend what the message says; python -c "import mysite.asgi" in the site\'s folder shows where.'
)

LOADED = "asgi.py: call django.setup() before anything imports the routing or a model."

URLS = 'Mend what the message says; ROOT_URLCONF leads there: python -c "import mysite.urls".'


def look(site: examined.Site) -> Iterator[Any]:
    for view in site.views:
        error = view.error("application") or view.error("settings")
        if error.startswith("AppRegistryNotReady"):
            yield "%s: %s" % (view.name, error), LOADED
        elif error:
            yield "%s: %s" % (view.name, error)
        elif view.error("urls"):
            yield "%s: %s" % (view.name, view.error("urls")), URLS
