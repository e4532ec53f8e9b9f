"""
What the servers themselves say of the rendered files: `render --check`.

The files are rendered once more, for a folder that goes away again, so that nothing of the machine
is opened or bound; what is asked is the server that will read them.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Callable, Dict, List, NamedTuple, Optional

from . import binaries, render
from .layout import Layout
from .site import Site

SECONDS = 30
TELLING = ("[emerg]", ">>>", "unknown", "Error")
STAMP = re.compile(r"^[0-9/]+ [0-9:]+ (\[emerg\]) \S+ ")  # of nginx
# What supervisord does with its file, without becoming one.
SUPERVISOR = (
    "import sys; from supervisor.options import ServerOptions; "
    "ServerOptions().realize(['-n', '-c', sys.argv[1]], doc='')"
)


class Verdict(NamedTuple):
    """accepted is None where nobody could be asked; said has the reason then, or the refusal."""

    file: str
    accepted: Optional[bool]
    said: str = ""


def site(site: Site, layout: Layout) -> List[Verdict]:
    """The verdicts on a whole site's files."""
    return _within(layout, lambda here: _site(site, layout, here))


def front(site: Site, layout: Layout) -> List[Verdict]:
    """The verdict on the files of a front."""
    return _within(layout, lambda here: [_nginx(here, render.front_files(site, here))])


def websocket(site: Site, layout: Layout) -> List[Verdict]:
    """The verdicts on the WebSocket pieces, in a server { } that has nothing else."""

    def look(here: Layout) -> List[Verdict]:
        files = render.websocket_files(site, here)
        files["nginx.conf"] = (
            'pid "%s/nginx.pid";\nevents { }\nhttp {\n  access_log off;\n'
            '  include "%s/nginx-websocket-http.conf";\n  server {\n    listen 127.0.0.1:%d;\n'
            '    include "%s/nginx-websocket-location.conf";\n  }\n}\n'
            % (here.conf, here.conf, layout.daphne_port, here.conf)
        )
        return [_nginx(here, files)] + _manager(here, files)

    return _within(layout, look)


def _within(layout: Layout, look: Callable[[Layout], List[Verdict]]) -> List[Verdict]:
    folder = tempfile.mkdtemp(prefix="deploy_conf-", dir=_short())
    try:
        here = layout._replace(conf=folder, log=folder, master=folder, tmp=folder, run=folder)
        if layout.redis_socket:
            here = here._replace(redis_socket=os.path.join(folder, "redis.sock"))
        if os.geteuid() == 0 and layout.user:
            os.chown(folder, pwd.getpwnam(layout.user).pw_uid, -1)
        own = os.path.join(layout.conf, "nginx-own")
        if os.path.isdir(own):  # the administrator's locations are read with the rest
            shutil.copytree(own, os.path.join(folder, "nginx-own"))
        return look(here)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _site(site: Site, layout: Layout, here: Layout) -> List[Verdict]:
    # nginx.conf includes nginx-site.conf; systemd has no use for it, and the check has.
    files = dict(render.site_files(site, here._replace(manager="supervisor")))
    files.update(render.site_files(site, here))
    found = [_nginx(here, files), _uwsgi(here, files)]
    found += [_redis(here)] if layout.redis_socket else []
    return found + _manager(here, files)


def _nginx(here: Layout, files: Dict[str, str]) -> Verdict:
    render.write(here.conf, files)
    program = here.nginx
    words = [program, "-t", "-q", "-p", here.conf, "-c", os.path.join(here.conf, "nginx.conf")]
    if here.nginx_version >= binaries.NGINX_SINCE["takes_e"]:
        words += ["-e", "stderr"]
    return _asked(here, "nginx", program, words)


def _uwsgi(here: Layout, files: Dict[str, str]) -> Verdict:
    # It has read its file, strictly, before it prints the version.
    words = here.uwsgi.command + ["--ini", os.path.join(here.conf, "uwsgi.ini"), "--version"]
    return _asked(here, "uwsgi.ini", here.uwsgi.command[0], words)


def _redis(here: Layout) -> Verdict:
    """Redis has no dry run: it is started, on a socket of the check's own."""
    if not os.path.isfile(here.redis_server):
        return Verdict("redis.conf", None, "%s is not on this machine" % here.redis_server)
    words = [here.redis_server, os.path.join(here.conf, "redis.conf")]
    process = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        deadline = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if os.path.exists(here.redis_socket or ""):
                return Verdict("redis.conf", True)
            time.sleep(0.02)
    finally:
        process.kill()
        output = process.communicate()[0]
    return Verdict("redis.conf", False, _last(output, here))


def _manager(here: Layout, files: Dict[str, str]) -> List[Verdict]:
    if here.manager == "systemd":
        program = shutil.which("systemd-analyze") or "systemd-analyze"
        ends = (".service", ".socket", ".target")
        units = [os.path.join(here.conf, name) for name in sorted(files) if name.endswith(ends)]
        words = [program, "verify", "--man=no"] + units
        # It speaks of all units of the machine, and its exit status, too.
        return [_asked(here, "systemd's units", program, words, only=here.conf)]
    name = next(one for one in ("supervisord.conf", "supervisor-daphne.conf") if one in files)
    if importlib.util.find_spec("supervisor") is None:  # the system's may well be another Python's
        return [Verdict(name, None, "supervisor is not in the environment of %s" % sys.executable)]
    path = os.path.join(here.conf, name)
    if name != "supervisord.conf":
        path = os.path.join(here.conf, "check-supervisord.conf")
        with open(path, "w") as file:
            file.write("[supervisord]\n[include]\nfiles = %s\n" % name)
    return [_asked(here, name, sys.executable, [sys.executable, "-c", SUPERVISOR, path])]


def _asked(here: Layout, name: str, program: str, words: List[str], only: str = "") -> Verdict:
    if not os.path.isfile(program):
        return Verdict(name, None, "%s is not on this machine" % program)
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            cwd=here.conf,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Verdict(name, False, "%s: %s" % (program, error))
    if only:
        lines = [line for line in done.stdout.splitlines() if os.fsencode(only) in line]
        return Verdict(name, not lines, _last(b"\n".join(lines[:1]), here))
    return Verdict(name, not done.returncode, _last(done.stdout, here))


def _last(output: bytes, here: Layout) -> str:
    """The line that tells most, with the names of the files alone."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines()]
    lines = [STAMP.sub(r"\1 ", line.replace(here.conf + "/", "")) for line in lines if line]
    telling = [line for line in lines if any(word in line for word in TELLING)]
    return "".join(filter(str.isprintable, (telling or lines or [""])[-1]))


def _short() -> Optional[str]:
    """A folder in which a socket's path is short enough."""
    return None if len(tempfile.gettempdir()) < 60 else "/tmp"  # noqa: S108 (mkdtemp's is private)
