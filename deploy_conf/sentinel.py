"""A Redis behind Redis Sentinel in one line: sentinel://:password@host1:26379,host2/mymaster/0."""

import re
from urllib.parse import parse_qs, unquote

SCHEME = "sentinel://"
PORT = 26379
HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+))(?::(?P<port>\d+))?\Z")
MASTER = re.compile(r"/(?P<name>[A-Za-z0-9._-]+)(?:/(?P<db>\d{0,4}))?\Z")
EXPECTED = "expected sentinel://:password@host:26379,host:26379/mymaster/0"


def host(url):
    """
    The URL as channels_redis takes it in "hosts"; raises ValueError, without the password in it.

    `?sentinel_password=…` is for the sentinels themselves.
    """
    if not url.startswith(SCHEME):
        raise ValueError(EXPECTED)
    rest, _, query = url[len(SCHEME) :].partition("?")
    netloc, slash, path = rest.partition("/")
    login, _, addresses = netloc.rpartition("@")
    user, _, password = login.partition(":")
    master = MASTER.match(slash + path)
    if not master:
        raise ValueError("%s: the master's name is missing or wrong" % EXPECTED)
    if user:
        raise ValueError("%s: a user's name cannot be used" % EXPECTED)
    found = {"sentinels": [_address(word) for word in addresses.split(",")]}
    found["master_name"] = master.group("name")
    if password:
        found["password"] = unquote(password)
    if master.group("db"):
        found["db"] = int(master.group("db"))
    try:
        options = parse_qs(query, strict_parsing=True) if query else {}
        passwords = options.pop("sentinel_password", [])
    except ValueError:
        options = query
    if options or len(passwords) > 1:
        raise ValueError("%s: the only option is ?sentinel_password=…" % EXPECTED)
    if passwords:
        found["sentinel_kwargs"] = {"password": passwords[0]}
    return found


def _address(word):
    match = HOST.match(word)
    port = int(match.group("port") or PORT) if match else 0
    if not 0 < port < 65536:
        # A "@" or "/" in a password that is not written as %40 or %2F ends up here.
        raise ValueError("%s: the address of a sentinel is missing or wrong" % EXPECTED)
    return match.group("six") or match.group("host"), port
