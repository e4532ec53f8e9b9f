"""README.txt beside the rendered files: where each goes, in commands to copy."""

import os
import shlex
from typing import Any, Dict

from . import escape, probe, systemd, templating
from .layout import Layout
from .site import Site


def site(site: Site, layout: Layout) -> str:
    """The notes for a whole site."""
    return templating.render("README-site.txt", _values(site, layout))


def websocket(site: Site, layout: Layout) -> str:
    """The notes for the WebSocket pieces."""
    return templating.render("README-websocket.txt", _values(site, layout))


def front(site: Site, layout: Layout) -> str:
    """The notes for the front of several nodes."""
    return templating.render("README-front.txt", _values(site, layout))


def _values(site: Site, layout: Layout) -> Dict[str, Any]:
    origin = _origin(layout)
    probed = site.websocket_probe or site.websocket_paths[0]
    return {
        "name": site.name,
        "settings": site.settings.module or "",
        "settings_source": site.settings.source,
        "nodes": "\n".join(layout.nodes),
        "systemd": layout.manager == "systemd",
        "one_of": "" if layout.manager == "systemd" else ", one of",
        "units": " ".join(
            shlex.quote(os.path.join(layout.conf, one)) for one in systemd.names(site, layout)
        ),
        "conf": shlex.quote(layout.conf),
        # nginx, unlike a shell, lets nothing follow a quoted piece of a word.
        "location": escape.nginx(os.path.join(layout.conf, "nginx-websocket-location.conf")),
        "run": shlex.quote(layout.run),
        "master": shlex.quote(layout.master),
        "log": shlex.quote(layout.log),
        "user": layout.user,
        "nginx_group": (layout.nginx_user or "").split(" ")[-1],
        "websocket_paths": " ".join(site.websocket_paths),
        "nginx": shlex.quote(layout.nginx),
        "supervisor_socket": shlex.quote(layout.supervisor_socket),
        "minfds": layout.minfds,
        "origin": origin,
        "check_url": origin + probed,
        "probe": site.websocket_probe,
        "named": bool(layout.domains),
    }


def _origin(layout: Layout) -> str:
    """The public address, without a slash at its end."""
    scheme, usual = ("https", 443) if layout.tls_cert else ("http", 80)
    name = layout.domains[0] if layout.domains else "www.example.org"
    if name.startswith("*."):
        name = "www" + name[1:]
    if layout.port == usual:
        return "%s://%s" % (scheme, name)
    return "%s://%s" % (scheme, probe.authority(name.strip("[]"), layout.port))
