"""The facts about one site that all files are rendered from, checked and complete."""

import os
import re
import sys
import sysconfig

from . import options, project
from .errors import BadValue
from .settings import PROBE, PROGRAMS

# daphne's own defaults, written out because nginx's timeouts must be longer than both together.
PING_INTERVAL = 20
PING_TIMEOUT = 30


class Facts(object):
    """
    A plain record; `from_arguments` fills it from the parsed command line.

    directory, python, settings, name, wsgi, asgi, static_url/root, media_url/root (None when
    nginx serves none), websocket_path, websocket_probe, programs {name: words}, environment,
    behind (networks of proxies that are believed), and the numbers that the options of the same
    names give.
    """

    def __init__(self, **values):
        self.__dict__.update(values)


def from_arguments(args):
    """Facts from options, completed from the site's settings; raises BadValue."""
    directory = options.folder("--directory", os.path.abspath(args.directory or os.getcwd()))
    python = options.executable("--python", args.python or sys.executable)
    explicit = args.wsgi and args.asgi and args.static_url and args.static_root
    settings = project.settings_module(args.settings, directory)
    websocket_only = getattr(args, "only", None) == "websocket"
    found = {}
    if settings and not explicit and not (websocket_only and args.asgi):
        found = project.read_settings(settings, directory)
    elif not settings and not (args.asgi and (args.wsgi or websocket_only)):
        raise BadValue(
            "no settings module: run this where manage.py is, or give --settings (or "
            "--wsgi and --asgi)"
        )

    asgi = args.asgi or _default_asgi(settings, directory)
    wsgi = args.wsgi or _default_wsgi(settings, found, directory)
    if not websocket_only:
        options.application("--wsgi", wsgi, directory)
    static_url, static_root = _served("static", args, found, directory)
    media_url, media_root = _served("media", args, found, directory)

    environment = {"DJANGO_SETTINGS_MODULE": settings} if settings else {}
    environment.update(options.variable("--env", pair) for pair in args.env)
    websocket_path = options.url_path("--websocket-path", args.websocket_path)
    if not websocket_only:  # else the site's own nginx serves its files
        _distinct(
            ("--websocket-path", websocket_path),
            ("--static-url" if args.static_url else "STATIC_URL", static_url),
            ("--media-url" if args.media_url else "MEDIA_URL", media_url),
        )
    probe = PROBE.check(found.get("websocket_probe"))
    if args.websocket_probe:
        probe = options.probe_path("--websocket-probe", args.websocket_probe)
    return Facts(
        directory=directory,
        python=python,
        daphne=_script(python, "daphne"),
        settings=settings,
        name=options.name("--name", args.name or default_name(settings, asgi)),
        wsgi=wsgi,
        asgi=options.application("--asgi", asgi, directory),
        static_url=static_url,
        static_root=static_root,
        media_url=media_url,
        media_root=media_root,
        websocket_path=websocket_path,
        websocket_probe=probe,
        programs=_programs(found.get("programs"), python),
        environment=environment,
        uwsgi_processes=options.number("--uwsgi-processes", args.uwsgi_processes, 1, 256),
        daphne_processes=options.number("--daphne-processes", args.daphne_processes, 1, 64),
        **limits(args),
    )


def of_front(args):
    """The facts that a front needs: it has no code of the site, and serves no file itself."""
    directory = options.folder("--directory", os.path.abspath(args.directory or os.getcwd()))
    module = project.settings_module(args.settings, directory)
    # Another name than that of a node on the same machine, whose nginx may be the same.
    name = args.name or default_name(module, "site")[:25] + "-front"
    return Facts(
        name=options.name("--name", name),
        websocket_path=options.url_path("--websocket-path", args.websocket_path),
        static_url=None,
        static_root=None,
        media_url=None,
        media_root=None,
        **limits(args),
    )


def limits(args):
    """What nginx lets through, and whom it believes, as a dict."""
    return dict(
        harakiri=options.number("--harakiri", args.harakiri, 1, 86400),
        max_body=options.size("--max-body", args.max_body),
        request_rate=options.number("--request-rate", args.request_rate, 0, 1000000),
        request_burst=options.number("--request-burst", args.request_burst, 0, 1000000),
        http_connections=options.number("--http-connections", args.http_connections, 0, 1000000),
        websocket_connections=options.number(
            "--websocket-connections", args.websocket_connections, 0, 1000000
        ),
        unlimited=_unlimited(args.unlimited),
        behind=[options.proxy("--behind", network) for network in args.behind],
        frame_options=None if args.frame_options == "none" else args.frame_options,
    )


def _script(python, name):
    """A command that pip installed into the interpreter's environment."""
    folders = [os.path.dirname(python)]
    if python == sys.executable:
        folders.append(sysconfig.get_path("scripts"))
    for folder in folders:
        found = os.path.join(folder, name)
        if os.path.isfile(found):
            return options.path("--python", found)
    raise BadValue("--python: %s is not installed in the environment of %s" % (name, python))


def default_name(settings, asgi):
    """The first package of the settings (or ASGI) module, as a name."""
    text = (settings or asgi).split(".")[0].split(":")[0].lower()
    return re.sub(r"[^a-z0-9_-]", "", text).lstrip("0123456789_-")[:31] or "site"


def _default_asgi(settings, directory):
    module = project.find_module(settings, "asgi", directory)
    if not module:
        raise BadValue(
            "--asgi: there is no asgi.py next to %s; write one, or give package.module:object"
            % settings
        )
    return module + ":application"


def _default_wsgi(settings, found, directory):
    if found.get("wsgi_application"):
        return project.object_path(found["wsgi_application"])
    module = settings and project.find_module(settings, "wsgi", directory)
    return module + ":application" if module else "wsgi:application"


def _served(kind, args, found, directory):
    """(URL prefix, folder) for files that nginx serves itself, (None, None) when it does not."""
    url, root = getattr(args, kind + "_url"), getattr(args, kind + "_root")
    url = url and options.url_path("--%s-url" % kind, url)
    root = root and options.path("--%s-root" % kind, root)
    if not url:
        # In the settings it may also be empty, or the address of another server.
        url = found.get(kind + "_url") or ""
        local = url.startswith("/") and not url.startswith("//")
        url = options.url_path(kind.upper() + "_URL", url) if local else None
    if not root and found.get(kind + "_root"):
        root = os.path.join(directory, str(found[kind + "_root"]))
        root = options.path(kind.upper() + "_ROOT", root)
    return (url, root) if url and root else (None, None)


def _distinct(*served):
    """One of (option, URL prefix) may lie below another, but nginx takes no prefix twice."""
    options_of = {}
    for option, url in served:
        if url and options_of.setdefault(url, option) != option:
            raise BadValue("%s, %s: both are %s" % (options_of[url], option, url))


def _programs(wanted, python):
    return {
        name: [word.replace("{python}", python) for word in words]
        for name, words in sorted(PROGRAMS.check(wanted).items())
    }


def _unlimited(text):
    if text == "none":
        return []
    return [options.network("--unlimited", part.strip()) for part in text.split(",")]
