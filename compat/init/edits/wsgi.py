"""wsgi.py loads the bridge before Django."""

from ..errors import Unsafe
from ..site import Site
from . import _install

ORDER = 20


def look(site: Site) -> None:
    source = site.find(site.wsgi)
    lines = _install.lines(site.bridge)
    if source is None:
        where = site.path(site.wsgi)
        site.tell(where, "there is none; what uWSGI loads has to begin with:", *lines)
        return
    try:
        _install.add(source, site.bridge)
    except Unsafe as error:
        site.tell(source.path, "%s; before its first import of Django:" % error, *lines)
