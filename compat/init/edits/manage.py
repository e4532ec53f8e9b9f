"""manage.py loads the bridge before Django."""

from ..errors import Unsafe
from ..site import Site
from . import _install

ORDER = 10


def look(site: Site) -> None:
    source = site.source("manage.py")
    if source.data is None:
        return
    try:
        _install.add(source, site.bridge)
    except Unsafe as error:
        why = "%s; before its first import of Django:" % error
        site.tell("manage.py", why, *_install.lines(site.bridge))
