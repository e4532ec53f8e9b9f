"""
The options of the command line, and the checks that make them safe to write into a file.

Every value that reaches a template has passed one of the functions here, each of which
returns the clean value or raises BadValue with a message that names the option.
"""

import grp
import importlib.util
import ipaddress
import os
import pwd
import re
import ssl
from typing import Any, Iterable, List, Optional, Tuple

from . import escape, redis_address
from .errors import BadValue

NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}\Z")
HOST = re.compile(
    r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
)
MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z", re.ASCII)
OBJECT = re.compile(
    r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*(?:\.\w+)*)\Z", re.ASCII
)
URL_PATH = re.compile(r"/(?:[A-Za-z0-9_.~-]+/)*\Z")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
SIZE = re.compile(r"[1-9][0-9]{0,6}[kmg]\Z")
# An IPv6 address has brackets, unless it is alone.
NODE = re.compile(
    r"(\[[0-9A-Fa-f:.]+\]|[0-9.]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)(?::([0-9]+))?\Z"
)
SOCKET_FOLDER = re.compile(r"/[A-Za-z0-9/._+-]*\Z")
# What no configuration language here needs to be asked about: letters, digits and these.
PATH_PUNCTUATION = " /._-+,=~:%()&!^"


def path(option: str, value: str) -> str:
    """An absolute, normalised path whose characters every configuration file can carry."""
    if not os.path.isabs(value):
        raise BadValue("%s: %r is not an absolute path" % (option, value))
    for character in value:
        if not (character.isalnum() or character in PATH_PUNCTUATION):
            raise BadValue(
                "%s: %r has a character that cannot be used: %r" % (option, value, character)
            )
    if any(part != part.strip() for part in value.split("/")):
        raise BadValue("%s: %r has a folder that begins or ends with a space" % (option, value))
    return os.path.normpath(value)


def folder(option: str, value: str) -> str:
    """A path that is an existing folder."""
    value = path(option, value)
    if not os.path.isdir(value):
        raise BadValue("%s: %s is not a folder" % (option, value))
    return value


def executable(option: str, value: str) -> str:
    """A path to a program."""
    value = path(option, value)
    if not (os.path.isfile(value) and os.access(value, os.X_OK)):
        raise BadValue("%s: %s is not a program" % (option, value))
    return value


def socket_folder(option: str, value: str) -> str:
    """A path for Unix sockets: plain characters, and short (the kernel allows about 100)."""
    value = path(option, value)
    if not SOCKET_FOLDER.match(value):
        raise BadValue("%s: %r: sockets need a path of letters, digits and ._+-" % (option, value))
    if not short_enough(value):
        raise BadValue("%s: %s is too long for a Unix socket (80 characters)" % (option, value))
    return value


def short_enough(value: str) -> bool:
    """Whether sockets can live in this folder: 108 bytes less supervisor's longest name."""
    return len(os.fsencode(value)) <= 80 and bool(SOCKET_FOLDER.match(value))


def name(option: str, value: str) -> str:
    """The name of the site: part of file, variable and program names."""
    if not NAME.match(value):
        raise BadValue(
            "%s: %r: use a-z, 0-9, - and _, at most 31, a letter first" % (option, value)
        )
    return value


def host(option: str, value: str) -> str:
    """A host name (international ones become punycode), `*.example.org`, or an IP address."""
    try:
        return _bracketed(ipaddress.ip_address(without_zone(value)))
    except ValueError:
        pass
    text = value.lower()
    if any(ord(character) > 127 for character in text):
        try:
            text = text.encode("idna").decode("ascii")
        except UnicodeError:
            raise BadValue("%s: %r is not a host name" % (option, value))
    if len(text) > 253 or not HOST.match(text):
        raise BadValue("%s: %r is not a host name" % (option, value))
    return text


def address(option: str, value: str) -> str:
    """An IP address to listen on, as nginx writes it."""
    try:
        return _bracketed(ipaddress.ip_address(without_zone(value.strip("[]"))))
    except ValueError:
        raise BadValue("%s: %r is not an IP address" % (option, value))


def without_zone(value: str) -> str:
    """An address as it is; ValueError for one such as fe80::1%eth0."""
    # Python takes any text for the name of a zone, and nginx knows none in a configuration.
    if "%" in value:
        raise ValueError("a zone")
    return value


def _bracketed(ip: Any) -> str:
    return "[%s]" % ip if ip.version == 6 else str(ip)


def network(option: str, value: str) -> str:
    """An IP address or network, as 192.0.2.0/24."""
    try:
        return str(ipaddress.ip_network(without_zone(value)))
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(without_zone(value), strict=False)
    except ValueError:
        raise BadValue("%s: %r is not an IP address or network" % (option, value))
    raise BadValue(
        "%s: %s is neither one address (%s) nor a network (%s)"
        % (option, value, value.partition("/")[0], meant)
    )


def proxy(option: str, value: str) -> str:
    """The address or network of proxies that are believed."""
    result = network(option, value)
    if ipaddress.ip_network(result).prefixlen == 0:
        raise BadValue("%s: %s would believe everybody" % (option, value))
    return result


def node(option: str, value: str) -> str:
    """ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT of a node, as nginx writes it; port 80 if none."""
    match = NODE.match(value)
    if not match:
        raise BadValue("%s: %r: expected ADDRESS or ADDRESS:PORT" % (option, value))
    ip = address(option, match.group(1))
    if ipaddress.ip_address(ip.strip("[]")).is_unspecified:
        raise BadValue("%s: %s is no address of a node" % (option, value))
    return "%s:%d" % (ip, port(option, match.group(2) or 80))


def number(option: str, value: Any, low: int, high: int) -> int:
    """A whole number in [low, high]."""
    try:
        result = int(str(value), 10)
    except ValueError:
        raise BadValue("%s: %r is not a number" % (option, value))
    if not low <= result <= high:
        raise BadValue("%s: %s is not between %d and %d" % (option, value, low, high))
    return result


def port(option: str, value: Any) -> int:
    """A TCP port."""
    return number(option, value, 1, 65535)


def size(option: str, value: str) -> str:
    """A size as nginx writes it: 20m."""
    if not SIZE.match(value.lower()):
        raise BadValue("%s: %r is not a size such as 20m" % (option, value))
    return value.lower()


def url_path(option: str, value: str) -> str:
    """A URL prefix with a slash at both ends."""
    if not URL_PATH.match(value) or value == "/" or ".." in value.split("/"):
        raise BadValue("%s: %r: expected something like /static/" % (option, value))
    return value


def websocket_path(option: str, value: str) -> str:
    """A URL prefix; the slash at its end may be left out."""
    return url_path(option, value if value.endswith("/") else value + "/")


def is_path(value: Any) -> bool:
    """Whether it is a URL path, without query."""
    return bool(re.match(r"/[A-Za-z0-9_.~/-]*\Z", str(value)))


def probe_path(option: str, value: str) -> str:
    """A URL path, without query."""
    if not is_path(value):
        raise BadValue("%s: %r is not a URL path" % (option, value))
    return value


def module(option: str, value: str) -> str:
    """The dotted name of a Python module."""
    if not MODULE.match(value):
        raise BadValue("%s: %r is not the name of a module" % (option, value))
    return value


def application(option: str, value: str, directory: str) -> str:
    """`package.module:object`; the module must exist in the site or be importable here."""
    match = OBJECT.match(value)
    if not match:
        raise BadValue("%s: %r: expected package.module:object" % (option, value))
    if not has_module(directory, match.group("module")):
        raise BadValue(
            "%s: there is no module %s in %s" % (option, match.group("module"), directory)
        )
    return value


def has_module(directory: str, dotted: str) -> bool:
    """Whether the site's folder, or this environment, has the module; imports nothing."""
    if _file_of(directory, dotted):
        return True
    try:
        spec = importlib.util.find_spec(dotted.split(".")[0])
    except (ImportError, ValueError):
        return False
    places = spec.submodule_search_locations if spec else None
    return any(_file_of(os.path.dirname(place), dotted) for place in places or [])


def _file_of(directory: str, dotted: str) -> bool:
    base = os.path.join(directory, *dotted.split("."))
    return os.path.isfile(base + ".py") or os.path.isfile(os.path.join(base, "__init__.py"))


def user(option: str, value: str) -> str:
    """The name of an account on this machine."""
    try:
        return pwd.getpwnam(value).pw_name
    except (KeyError, ValueError):
        raise BadValue("%s: there is no user %r on this machine" % (option, value))


def primary_group(account: str) -> str:
    """The name of an account's own group."""
    return grp.getgrgid(pwd.getpwnam(account).pw_gid).gr_name


def certificate(cert: Optional[str], key: Optional[str]) -> Tuple[Optional[str], Optional[str]]:
    """The paths of a certificate and its key, which must belong together; (None, None) for none."""
    if not cert and not key:
        return None, None
    if not key:
        raise BadValue("--tls-cert needs --tls-key")
    if not cert:
        raise BadValue("--tls-key needs --tls-cert")
    cert, key = path("--tls-cert", cert), path("--tls-key", key)
    for option, file in (("--tls-cert", cert), ("--tls-key", key)):
        try:
            open(file, "rb").close()
        except OSError as error:
            raise BadValue("%s: %s: %s" % (option, file, error.strerror))
    try:
        # The empty password makes an encrypted key an error instead of a question.
        ssl.SSLContext(
            ssl.PROTOCOL_TLS_SERVER if hasattr(ssl, "PROTOCOL_TLS_SERVER") else ssl.PROTOCOL_TLS
        ).load_cert_chain(cert, key, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise BadValue(
            "--tls-cert, --tls-key: %s and %s do not work together: %s" % (cert, key, reason)
        )
    return cert, key


def variable(option: str, value: str, manager: str = "supervisor") -> Tuple[str, str]:
    """KEY=VALUE for the environment of the site's processes, as a pair."""
    key, equals, text = value.partition("=")
    if not equals or not VARIABLE.match(key):
        raise BadValue("%s: %r: expected NAME=value" % (option, value))
    if manager == "supervisor":
        return key, environment_value(option, text)
    if not text.isprintable():
        raise BadValue("%s: %s has a character that cannot be carried" % (option, key))
    return key, text


def environment_value(option: str, text: str) -> str:
    """Text that supervisor's `environment=` can carry: see escape.supervisor_environment."""
    reason = escape.not_in_environment(text)
    if reason:
        raise BadValue("%s: supervisor cannot carry the value: %s" % (option, reason))
    return text


def arguments(option: str, words: Any) -> List[str]:
    """A command as a list of words that supervisor's `command=` can carry."""
    if not isinstance(words, (list, tuple)) or not words:
        raise BadValue("%s: expected a list of words" % option)
    for word in words:
        if not isinstance(word, str) or not word.isprintable():
            raise BadValue("%s: %r cannot be written as a supervisor command" % (option, word))
    return list(words)


def daphne_arg(option: str, word: str) -> str:
    """One word for daphne's command line: --name or --name=value, but not where it listens."""
    match = re.match(r"--([a-z][a-z_-]*)(=.+)?\Z", word)
    if not match or not word.isprintable():
        raise BadValue("%s: %r: expected --name or --name=value" % (option, word))
    # argparse takes the beginning of a name for the name.
    for name in ("fd", "port", "bind", "unix-socket", "endpoint", "help"):
        if name.startswith(match.group(1)):
            raise BadValue("%s: %s: where daphne listens is rendered" % (option, word))
    return word


def redis_url(option: str, value: str) -> str:
    """The URL of a Redis that is already there, as it was given."""
    try:
        redis_address.parse(value).context()
    except ValueError as error:
        raise BadValue("%s: %s" % (option, error))
    return environment_value(option, value)


def distinct(values: Iterable[str]) -> List[str]:
    """Each once, in their order."""
    return list(dict.fromkeys(values))
