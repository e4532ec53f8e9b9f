"""A static file is not served."""

from typing import Any, Iterator

from django.apps import apps
from django.conf import settings

from .. import examined
from ..wire import get

ORDER = 130
WHY = "Without streams.js pages do not follow; without its jQuery the admin is half dead."
CHANGE = "python manage.py collectstatic; nginx: location /static/ { alias /the/STATIC_ROOT/; }"

FILES = (
    ("streams", "streams/streams.js"),
    ("admin", "admin/js/vendor/jquery/jquery.js"),
)


def look(site: examined.Site) -> Iterator[Any]:
    base = settings.STATIC_URL or ""
    if not site.reached or not base.startswith("/"):
        return
    for label, name in FILES:
        if any(config.label == label for config in apps.get_app_configs()):
            answer = get(site.public, base + name)
            if answer.status not in (200, 304):
                yield "%s%s%s gets %s" % (site.origin, base, name, answer)
