"""README.txt beside the rendered files: where each goes, in commands to copy."""

import shlex

from . import templating


def site(facts, place):
    """The notes for a whole site."""
    return templating.render("README-site.txt", _values(facts, place))


def websocket(facts, place):
    """The notes for the WebSocket pieces."""
    return templating.render("README-websocket.txt", _values(facts, place))


def front(facts, place):
    """The notes for the front of several nodes."""
    values = {
        "name": facts.name,
        "nodes_plain": "\n".join(place.nodes),
        "conf": shlex.quote(place.conf),
        "master": shlex.quote(place.master),
        "log": shlex.quote(place.log),
        "nginx": shlex.quote(place.nginx),
        "minfds": place.minfds,
    }
    return templating.render("README-front.txt", values)


def _values(facts, place):
    group = (place.nginx_user or "").split(" ")[-1]
    return {
        "name": facts.name,
        "id": facts.name.replace("-", "_"),
        "conf": shlex.quote(place.conf),
        "run": shlex.quote(place.run),
        "master": shlex.quote(place.master),
        "log": shlex.quote(place.log),
        "user": place.user,
        "nginx_group": group,
        "directory": facts.directory,
        "websocket_path": facts.websocket_path,
        "daphne_port": place.daphne_port,
        "nginx": shlex.quote(place.nginx),
        "redis": bool(place.redis_socket),
        "supervisor_socket": shlex.quote(place.supervisor_socket),
    }
