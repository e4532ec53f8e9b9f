"""
The address of a Redis in one line: read here for `up`, `render`, the probe and the settings.

    redis://user:password@host:6379/0
    rediss://…                          the same over TLS, with ?ssl_ca_certs=FILE&ssl_certfile=FILE
                                        &ssl_keyfile=FILE&ssl_cert_reqs=none&ssl_check_hostname=no
    unix:///path?password=…&db=0        also &username=…
    sentinel://:password@host1:26379,host2/mymaster/0?sentinel_password=…

User and password as in any URL: "%" is %25, "/" is %2F, "@" is %40, "?" is %3F, "#" is %23.
"""

import os
import re
import secrets
import ssl
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union
from urllib.parse import parse_qsl, quote, unquote, urlencode

SCHEMES = ("redis", "rediss", "unix", "sentinel")
PORTS = {"redis": 6379, "rediss": 6379, "sentinel": 26379}
EXPECTED = (
    "it should be redis://:password@host:6379/0, rediss://…, unix:///path?password=… or "
    "sentinel://:password@host:26379,host:26379/mymaster/0"
)
QUOTING = 'in a password write "%" as %25, "/" as %2F, "@" as %40, "?" as %3F and "#" as %23'
HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+))(?::(?P<port>\d+))?\Z")
MASTER = re.compile(r"/(?P<name>[A-Za-z0-9._-]+)(?:/(?P<db>\d{0,4}))?\Z")
DATABASE = re.compile(r"/?(?P<db>\d{0,4})\Z")
PASSWORD = re.compile(r'^requirepass "?([0-9a-f]{64})"?$', re.MULTILINE)
VERIFY = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
TLS = ("ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname")
YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
SENTINEL = ("sentinel_username", "sentinel_password")


class RedisAddress(NamedTuple):
    """What an address says; `parse` makes it."""

    scheme: str
    hosts: List[Tuple[str, int]]  # one, or of "sentinel" those of the sentinels; of "unix" none
    path: str = ""
    master: str = ""
    username: str = ""
    password: str = ""
    database: Optional[int] = None
    sentinel_username: str = ""
    sentinel_password: str = ""
    tls: Dict[str, str] = {}
    others: Dict[str, str] = {}  # options that only a client understands: timeout, encoding

    def __str__(self) -> str:
        """For people: without the password."""
        where = self.path or ",".join(_authority(*host) for host in self.hosts)
        name = "/" + self.master if self.master else ""
        number = "" if self.database is None else "/%d" % self.database
        if self.scheme == "unix":
            number = number and "?db=%s" % self.database
        return "%s://%s%s%s" % (self.scheme, where, name, number)

    def context(self) -> Optional[ssl.SSLContext]:
        """The TLS side of a connection; None without TLS. Raises ValueError for a bad option."""
        if self.scheme != "rediss":
            return None
        tls = self.tls
        check = YES_NO.get(tls.get("ssl_check_hostname", "yes").lower())
        verify = VERIFY.get(tls.get("ssl_cert_reqs", "required").lower())
        if check is None or verify is None:
            raise ValueError(
                "expected ?ssl_check_hostname=yes|no and ?ssl_cert_reqs=none|optional|required"
            )
        try:
            context = ssl.create_default_context(cafile=tls.get("ssl_ca_certs"))
            context.check_hostname = check and verify == ssl.CERT_REQUIRED
            context.verify_mode = verify
            if "ssl_certfile" in tls:
                # The empty password makes an encrypted key an error instead of a question.
                context.load_cert_chain(tls["ssl_certfile"], tls.get("ssl_keyfile"), password="")
        except (OSError, ValueError) as error:
            raise ValueError("the TLS files cannot be used: %s" % error)
        return context

    def for_channels(self) -> Union[str, Dict[str, Any]]:
        """One of the "hosts" of CHANNEL_LAYERS: channels_redis' RedisChannelLayer and compat's."""
        if self.scheme == "sentinel":
            found: Dict[str, Any] = {"sentinels": self.hosts, "master_name": self.master}
            words = {"username": self.username, "password": self.password, "db": self.database}
            found.update((k, v) for k, v in words.items() if v or v == 0)
            asking = {"username": self.sentinel_username, "password": self.sentinel_password}
            if self.sentinel_password:
                found["sentinel_kwargs"] = {k: v for k, v in asking.items() if v}
            return found
        if self.tls:
            return {"address": self.url(), "ssl": self.context()}
        return self.url()

    def url(self) -> str:
        """As aioredis and redis-py read it, TLS options left out."""
        words = list(self.others.items())
        if self.scheme == "unix":
            names = [("username", self.username), ("password", self.password)]
            words = [word for word in names if word[1]] + words
            if self.database is not None:
                words.append(("db", str(self.database)))
        query = "?" + urlencode(words) if words else ""
        if self.scheme == "unix":
            return "unix://%s%s" % (self.path, query)  # aioredis takes the path as it stands
        login = ""
        if self.username or self.password:
            login = "%s:%s@" % (quote(self.username, safe=""), quote(self.password, safe=""))
        number = "" if self.database is None else "/%d" % self.database
        return "%s://%s%s%s%s" % (self.scheme, login, _authority(*self.hosts[0]), number, query)


def parse(url: str) -> RedisAddress:
    """What the URL says; raises ValueError with one line that does not hold the password."""
    scheme, colon, rest = url.partition("://")
    if not colon or scheme not in SCHEMES or any(c.isspace() or not c.isprintable() for c in url):
        raise ValueError(EXPECTED)
    if "#" in rest:
        raise ValueError("%s: %s" % (EXPECTED, QUOTING))
    rest, _, query = rest.partition("?")
    netloc, slash, path = rest.partition("/")
    login, _, addresses = netloc.rpartition("@")
    user, _, password = login.partition(":")
    path = slash + path
    said = _query(scheme, query)
    values: Dict[str, Any] = {
        "username": _one("user name", unquote(user), said.pop("username", "")),
        "password": _one("password", unquote(password), said.pop("password", "")),
        "tls": {name: said.pop(name) for name in TLS if name in said},
    }
    if values["username"] and not values["password"]:
        raise ValueError("a user name needs a password: redis://user:password@host")
    number = said.pop("db", "")
    if scheme == "unix":
        hosts, values["path"] = [], unquote(path)
        if addresses or not path.strip("/") or re.search(r"[?#%]", values["path"]):
            raise ValueError("expected unix:///path/of/the/socket; %s" % QUOTING)
    else:
        match = (MASTER if scheme == "sentinel" else DATABASE).match(path)
        if not match and scheme == "sentinel":
            raise ValueError("%s: the master's name is missing or wrong" % EXPECTED)
        hosts = [_host(scheme, word) for word in addresses.split(",")]
        if not match or len(hosts) > 1 and scheme != "sentinel":
            raise ValueError("%s, with one host; %s" % (EXPECTED, QUOTING))
        if scheme == "sentinel":
            values.update(said, master=match.group("name"))
        number = _one("database", match.group("db") or "", number)
    if scheme != "sentinel":
        values["others"] = said
    if number:
        if not re.match(r"\d{1,4}\Z", number, re.ASCII):
            raise ValueError("the database is a number, as in redis://host:6379/0")
        values["database"] = int(number)
    return RedisAddress(scheme, hosts, **values)


def of_socket(path: str, password: str) -> str:
    """The address of a Redis on a Unix socket."""
    return RedisAddress("unix", [], path=path, password=password, database=0).url()


def kept_password(folder: str) -> str:
    """The password in an earlier redis.conf of this folder, else a new one (64 hex digits)."""
    try:
        with open(os.path.join(folder, "redis.conf"), encoding="utf-8") as earlier:
            match = PASSWORD.search(earlier.read())
    except (OSError, UnicodeDecodeError):
        match = None
    return match.group(1) if match else secrets.token_hex(32)


def _query(scheme: str, query: str) -> Dict[str, str]:
    found: Dict[str, str] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        pairs = [("", "")]
    for name, value in pairs:
        known = name in SENTINEL if scheme == "sentinel" else bool(name)
        if name.startswith("ssl"):
            known = name in TLS and scheme == "rediss"
        if not known or name in found or not value:
            options = {"sentinel": SENTINEL, "rediss": TLS}.get(scheme, ())
            raise ValueError(
                "%s:// does not take that: its only options of this kind are %s, each once"
                % (scheme, ", ".join("?%s=…" % option for option in options) or "?db=… and so on")
            )
        found[name] = value
    return found


def _one(what: str, first: str, second: str) -> str:
    if first and second and first != second:
        raise ValueError("the %s is given twice" % what)
    return first or second


def _host(scheme: str, word: str) -> Tuple[str, int]:
    match = HOST.match(word)
    port = int(match.group("port") or PORTS[scheme]) if match else 0
    if not match or not 0 < port < 65536:
        # A "@" or "/" in a password that is not written as %40 or %2F ends up here.
        what = "the address of a sentinel" if scheme == "sentinel" else "the host or its port"
        raise ValueError("%s: %s is missing or wrong; %s" % (EXPECTED, what, QUOTING))
    return match.group("six") or match.group("host"), port


def _authority(host: str, port: int) -> str:
    return "%s:%d" % ("[%s]" % host if ":" in host else host, port)
