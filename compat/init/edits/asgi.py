"""asgi.py, which daphne loads; a new one prepares what the site's wsgi.py prepares."""

from typing import Any, List

from .. import syntax
from ..errors import Unsafe
from ..site import Site
from ..source import Source
from . import _install

ORDER = 30
DOC = '"""What daphne serves: the WebSockets of the site."""'
DEFAULT = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "%s")'
END = """
import django

django.setup()

from channels.routing import get_default_application

application = get_default_application()
"""
OLD = {"os", "channels.asgi"}  # what an asgi.py of channels 1 imports


def look(site: Site) -> None:
    path = site.path(site.beside_wsgi("asgi"))
    source = site.source(path)
    if source.data is None:
        site.create(path, text(site))
        return
    if source.broken:
        site.tell(path, source.broken)
        return
    if any(one.module == "channels.asgi" for one in syntax.imports(source.tree)):
        if is_plain(source):
            site.create(path, text(site))
        else:
            why = "it is for channels 1, and does more; in its place:"
            site.tell(path, why, *text(site).split("\n"))
        return
    try:
        _install.add(source, site.bridge)
    except Unsafe as error:
        site.tell(
            path, "%s; before its first import of Django:" % error, *_install.lines(site.bridge)
        )
    set_up(site, source)


def set_up(site: Site, source: Source) -> None:
    """channels 2 needs Django to be set up before the routing is imported."""
    for node in source.tree.children:
        for one in syntax.walk(node):
            if one.type == "atom_expr" and syntax.code(one) == "get_default_application()":
                if "setup" in syntax.names(source.tree):
                    return
                place = source.before(node)
                above = [] if source.blank_before(place) else [""]
                source.insert_lines(place, above + ["import django", "", "django.setup()", ""])
                return


def is_plain(source: Source) -> bool:
    """Whether an asgi.py of channels 1 says nothing but what every one does."""
    for node in syntax.statements(source.tree):
        if node.type == "string":
            continue
        found = list(syntax.imports(node))
        if found and {one.module for one in found} <= OLD:
            continue
        if "setdefault" in syntax.names(node) or "get_channel_layer" in syntax.names(node):
            continue
        return False
    return True


def text(site: Site) -> str:
    """The whole file."""
    wsgi = site.find(site.wsgi)
    taken = [] if wsgi is None or wsgi.broken else prepared(site, wsgi)
    if not any("DJANGO_SETTINGS_MODULE" in line for line in taken):
        taken = [line for line in taken if line != "import os"]
        taken = ["import os", ""] + taken + [DEFAULT % site.module]
    draft = Source("asgi.py", ("\n".join([DOC, ""] + taken) + "\n" + END).encode("utf-8"))
    _install.add(draft, site.bridge)
    return (draft.result() or b"").decode("utf-8")


def prepared(site: Site, wsgi: Source) -> List[str]:
    """The lines of wsgi.py up to its application, without what is for WSGI."""
    found: List[str] = []
    dropped: List[Any] = []
    for node in wsgi.tree.children:
        if is_application(node):
            break
        if node.type in ("endmarker", "newline") or node.children[0].type == "string":
            continue
        code = node.get_code(include_prefix=False)
        if "wsgi" in code.lower():
            if "get_wsgi_application" not in code:
                dropped.append(node)
            continue
        if site.bridge in syntax.names(node):
            continue
        is_import = node.type == "simple_stmt" and node.children[0].type.startswith("import")
        if found and not is_import and found[-1].startswith(("import", "from")):
            found.append("")
        found += code.replace("\r\n", "\n").rstrip("\n").split("\n")
    for node in dropped:
        where = "%s:%d" % (wsgi.path, node.start_pos[0])
        site.tell(where, "the new asgi.py leaves out what speaks of WSGI; see if it is needed")
    return found


def is_application(node: Any) -> bool:
    if node.type != "simple_stmt":
        return False
    targets = syntax.assignment(node.children[0])[0]
    return any(one.type == "name" and one.value == "application" for one in targets)
