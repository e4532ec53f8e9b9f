"""What is known of one site, checked and complete; all files are rendered from it."""

import argparse
import os
import re
import sys
import sysconfig
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import options, project, settings_module
from .errors import BadValue
from .settings import PROBE, PROGRAMS

# Django's own; a path that a site has not is never asked for.
LOGIN_PATHS = ("/accounts/login/", "/admin/login/")


class Site(NamedTuple):
    """A site, from the command line and its settings; never changed."""

    name: str
    # What nginx lets through, and whom it believes
    websocket_paths: List[str]  # each with a slash at both ends
    harakiri: int
    max_body: str
    request_rate: int
    request_burst: int
    login_rate: int
    login_paths: List[str]
    http_connections: int
    websocket_connections: int
    unlimited: List[str]
    behind: List[str]
    health_from: List[str]
    health_paths: List[str]
    frame_options: Optional[str]
    # A front has none of these.
    directory: str = ""
    python: str = ""
    daphne: str = ""
    settings: settings_module.Chosen = settings_module.Chosen(None, "")
    wsgi: str = ""
    asgi: str = ""
    static_url: Optional[str] = None  # None when nginx serves none
    static_root: Optional[str] = None
    static_remark: str = ""  # what is missing that pages ask for
    media_url: Optional[str] = None
    media_root: Optional[str] = None
    websocket_probe: Optional[str] = None
    programs: Dict[str, List[str]] = {}
    environment: Dict[str, str] = {}
    allowed_hosts: List[str] = []
    uwsgi_processes: int = 1
    daphne_processes: int = 1
    daphne_args: List[str] = []  # more words of its command line

    @property
    def id(self) -> str:
        """The name as part of variables and of programs' names."""
        return identifier(self.name)


def identifier(name: str) -> str:
    """A site's name where "-" cannot be written."""
    return name.replace("-", "_")


def from_arguments(args: argparse.Namespace) -> Site:
    """A Site from options, completed from the site's settings; raises BadValue."""
    directory = options.folder("--directory", os.path.abspath(args.directory or os.getcwd()))
    python = options.executable("--python", args.python or sys.executable)
    explicit = args.wsgi and args.asgi and args.static_url and args.static_root
    settings = settings_module.choose(args.settings, directory, args.wsgi, args.asgi)
    websocket_only = getattr(args, "only", None) == "websocket"
    found: Dict[str, Any] = {}
    if settings.module and not explicit and not (websocket_only and args.asgi):
        found = project.read_settings(settings.module, directory)
    elif not settings.module and not (args.asgi and (args.wsgi or websocket_only)):
        raise BadValue(
            "no settings module: run this where manage.py is, or give --settings (or "
            "--wsgi and --asgi)"
        )

    asgi = args.asgi or _default_asgi(settings.module, directory)
    wsgi = args.wsgi or _default_wsgi(settings.module, found, directory)
    if not websocket_only:
        options.application("--wsgi", wsgi, directory)
    static_url, static_root = _served("static", args, found, directory)
    media_url, media_root = _served("media", args, found, directory)

    environment = {settings_module.VARIABLE: settings.module} if settings.module else {}
    environment.update(_environment(args.env, getattr(args, "manager", "supervisor")))
    nginx = limits(args, found.get("login_url"))
    if not websocket_only:  # else the site's own nginx serves its files
        _distinct(
            *[("--websocket-path", path) for path in nginx["websocket_paths"]],
            ("--static-url" if args.static_url else "STATIC_URL", static_url),
            ("--media-url" if args.media_url else "MEDIA_URL", media_url),
        )
    probe = PROBE.check(found.get("websocket_probe"))
    if args.websocket_probe:
        probe = options.probe_path("--websocket-probe", args.websocket_probe)
    return Site(
        directory=directory,
        python=python,
        daphne=_script(python, "daphne"),
        settings=settings,
        name=options.name("--name", args.name or default_name(settings.module, asgi)),
        wsgi=wsgi,
        asgi=options.application("--asgi", asgi, directory),
        static_url=static_url,
        static_root=static_root,
        static_remark=project.static_remark(found, static_url, static_root),
        media_url=media_url,
        media_root=media_root,
        websocket_probe=probe,
        programs=_programs(found.get("programs"), python),
        environment=environment,
        allowed_hosts=[str(name) for name in found.get("allowed_hosts") or []],
        uwsgi_processes=options.number("--uwsgi-processes", args.uwsgi_processes, 1, 256),
        daphne_processes=options.number("--daphne-processes", args.daphne_processes, 1, 64),
        daphne_args=[options.daphne_arg("--daphne-arg", word) for word in args.daphne_arg],
        **nginx,
    )


def of_front(args: argparse.Namespace) -> Site:
    """What a front needs to know: it has no code of the site, and serves no file itself."""
    name = args.name
    if not name:
        directory = options.folder("--directory", os.path.abspath(args.directory or os.getcwd()))
        module = settings_module.choose(args.settings, directory).module
        # Another name than that of a node on the same machine, whose nginx may be the same.
        name = default_name(module, "site")[:25] + "-front"
    return Site(name=options.name("--name", name), **limits(args))


def limits(args: argparse.Namespace, login_url: Any = None) -> Dict[str, Any]:
    """What nginx lets through, and whom it believes, as a dict."""
    paths = args.websocket_path or ["/ws/"]
    logins = list(LOGIN_PATHS)
    # It may be the name of a route, or an address elsewhere.
    if options.is_path(login_url) and login_url not in logins:
        logins.append(str(login_url))
    return dict(
        websocket_paths=options.distinct(
            options.websocket_path("--websocket-path", path) for path in paths
        ),
        harakiri=options.number("--harakiri", args.harakiri, 1, 86400),
        max_body=options.size("--max-body", args.max_body),
        request_rate=options.number("--request-rate", args.request_rate, 0, 1000000),
        request_burst=options.number("--request-burst", args.request_burst, 0, 1000000),
        login_rate=options.number("--login-rate", args.login_rate, 0, 1000000),
        login_paths=options.distinct(
            options.probe_path("--login-path", path) for path in args.login_path or logins
        ),
        http_connections=options.number("--http-connections", args.http_connections, 0, 1000000),
        websocket_connections=options.number(
            "--websocket-connections", args.websocket_connections, 0, 1000000
        ),
        unlimited=_unlimited(args.unlimited),
        behind=options.distinct(options.proxy("--behind", network) for network in args.behind),
        health_from=options.distinct(
            options.proxy("--health-from", network) for network in args.health_from
        ),
        health_paths=options.distinct(
            options.probe_path("--health-path", path)
            for path in args.health_path or ["/healthz", "/metrics"]
        ),
        frame_options=None if args.frame_options == "none" else args.frame_options,
    )


def _environment(pairs: List[str], manager: str) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for pair in pairs:
        name, value = options.variable("--env", pair, manager)
        if name in found:
            raise BadValue("--env: %s is given twice" % name)
        found[name] = value
    return found


def _script(python: str, name: str) -> str:
    """A command that pip installed into the interpreter's environment."""
    folders = [os.path.dirname(python)]
    if python == sys.executable:
        folders.append(sysconfig.get_path("scripts"))
    for folder in folders:
        found = os.path.join(folder, name)
        if os.path.isfile(found):
            return options.path("--python", found)
    raise BadValue("--python: %s is not installed in the environment of %s" % (name, python))


def default_name(settings: Optional[str], asgi: str) -> str:
    """The first package of the settings (or ASGI) module, as a name."""
    text = (settings or asgi).split(".")[0].split(":")[0].lower()
    return re.sub(r"[^a-z0-9_-]", "", text).lstrip("0123456789_-")[:31] or "site"


def _default_asgi(settings: Optional[str], directory: str) -> str:
    module = settings and project.find_module(settings, "asgi", directory)
    if not module:
        raise BadValue(
            "--asgi: there is no asgi.py next to %s; write one, or give package.module:object"
            % settings
        )
    return module + ":application"


def _default_wsgi(settings: Optional[str], found: Dict[str, Any], directory: str) -> str:
    if found.get("wsgi_application"):
        return project.object_path(found["wsgi_application"])
    module = settings and project.find_module(settings, "wsgi", directory)
    return module + ":application" if module else "wsgi:application"


def _served(
    kind: str, args: argparse.Namespace, found: Dict[str, Any], directory: str
) -> Tuple[Optional[str], Optional[str]]:
    """(URL prefix, folder) for files that nginx serves itself, (None, None) when it does not."""
    url, root = getattr(args, kind + "_url"), getattr(args, kind + "_root")
    url = url and options.url_path("--%s-url" % kind, url)
    root = root and options.path("--%s-root" % kind, root)
    if not url:
        # In the settings it may also be empty, or the address of another server.
        url = found.get(kind + "_url") or ""
        local = url.startswith("/") and not url.startswith("//")
        if url == "/" and not found.get(kind + "_root"):
            local = False  # what Django 3.1 and later make of an empty one
        url = options.url_path(kind.upper() + "_URL", url) if local else None
    if not root and found.get(kind + "_root"):
        root = os.path.join(directory, str(found[kind + "_root"]))
        root = options.path(kind.upper() + "_ROOT", root)
    return (url, root) if url and root else (None, None)


def _distinct(*served: Tuple[str, Optional[str]]) -> None:
    """One of (option, URL prefix) may lie below another, but nginx takes no prefix twice."""
    options_of: Dict[str, str] = {}
    for option, url in served:
        if url and options_of.setdefault(url, option) != option:
            raise BadValue("%s, %s: both are %s" % (options_of[url], option, url))


def _programs(wanted: Any, python: str) -> Dict[str, List[str]]:
    return {
        name: [word.replace("{python}", python) for word in words]
        for name, words in sorted(PROGRAMS.check(wanted).items())
    }


def _unlimited(text: str) -> List[str]:
    if text == "none":
        return []
    return options.distinct(
        options.network("--unlimited", part.strip()) for part in text.split(",")
    )
