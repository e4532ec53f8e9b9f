"""The routes of WebSockets: a new module with one stream, unless the site has its own."""

import re
from typing import List

from .. import syntax
from ..errors import Unsafe
from ..site import Site, is_app
from ..source import Source

ORDER = 40
NAMES = ("routing", "websockets")  # the second where the first is something else

TEXT = '''"""Who is answered on a WebSocket, and with what."""

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf.urls import url

from %(bridge)s.sockets import guard
from %(bridge)s.streams.consumer import StreamConsumer


class News(StreamConsumer):
    """What publish("news", ...) appends, for whoever is logged in; see may_follow() for others."""

    stream = "news"


application = ProtocolTypeRouter({"websocket": guard(URLRouter([url(r"^ws/news/$", News)]))})
'''


def look(site: Site) -> None:
    said = [one for one in site.chain.about("ASGI_APPLICATION") if one.always]
    text = site.chain.literal("ASGI_APPLICATION")
    if said:
        named = site.find(text.rpartition(".")[0]) if isinstance(text, str) else None
        if named is not None and is_first(named):
            site.tell(str(said[-1]), "it names routes of channels 1: see docs/guide/migrate.md")
        elif named is not None:
            guarded(site, named)
        return
    for name in NAMES:
        dotted = site.beside_wsgi(name)
        source = site.source(site.path(dotted))
        if source.data is None:
            apps = site.chain.texts("INSTALLED_APPS")  # none where they are computed elsewhere
            if apps and not any(map(may_be_auth, apps)):
                why = (
                    "without django.contrib.auth in INSTALLED_APPS, guard() of %s.sockets needs "
                    "an `auth` of the site's; name what you make in the settings:" % site.bridge
                )
                site.tell(source.path, why, 'ASGI_APPLICATION = "%s.application"' % dotted)
                return
            site.create(source.path, TEXT % {"bridge": site.bridge})
        elif is_first(source):
            tell_routes(site, source)
            continue
        elif not is_second(source):
            continue
        else:
            guarded(site, source)
        site.application = dotted + ".application"
        return
    site.tell(
        site.path(site.beside_wsgi(NAMES[0])),
        "it is something else; the routes go into a module of their own, named in the settings:",
        'ASGI_APPLICATION = "...application"',
    )


def may_be_auth(text: str) -> bool:
    """Whether django.contrib.auth is said, or may be put together of pieces."""
    pieces = not re.match(r"\w+(\.\w+)*\Z", text)
    return is_app("django.contrib.auth", text) or text == "auth" or (pieces and "auth" in text)


def is_first(source: Source) -> bool:
    """Whether it is a routing.py of channels 1."""
    if source.broken:
        return False
    old = {"route", "route_class", "include"}
    for one in syntax.imports(source.tree):
        taken = {name for name, _ in one.names or []}
        if one.module in ("channels", "channels.routing") and taken & old:
            return True
    return "channel_routing" in syntax.names(source.tree)


def is_second(source: Source) -> bool:
    """Whether it has an `application` of channels 2."""
    if source.broken:
        return False
    names = set(syntax.names(source.tree))
    return "ProtocolTypeRouter" in names and "application" in names


def guarded(site: Site, source: Source) -> None:
    """What stands around the routes is the site's; it is only told what the bridge has."""
    if "guard" in syntax.names(source.tree):
        return
    site.tell(
        source.path,
        "guard() checks the Origin and closes the sockets of who logs out; in the place of "
        "AllowedHostsOriginValidator(AuthMiddlewareStack(...)):",
        "from %s.sockets import guard" % site.bridge,
        'application = ProtocolTypeRouter({"websocket": guard(URLRouter([...]))})',
    )


def tell_routes(site: Site, source: Source) -> None:
    """Channels 1's routes are not served any more; each needs a consumer of channels 2."""
    rows: List[str] = []
    try:
        for node in syntax.walk(source.tree):
            called = syntax.code(node.children[0]) if node.type == "atom_expr" else ""
            if called in ("route", "route_class", "include"):
                rows.append("%d: %s" % (node.start_pos[0], " ".join(syntax.code(node).split())))
    except Unsafe as error:
        rows = [str(error)]
    site.tell(
        source.path,
        "its routes are for channels 1 and are not served; each wants a consumer of channels 2 in "
        "%s (docs/guide/migrate.md):" % site.path(site.beside_wsgi(NAMES[1])),
        *rows,
    )
