"""
What the environment, or var/site.env, may say to the reference site.

Its settings are made of these. A wrong one ends a process at its start, in one line: a default
database, or default hosts, would be worse than none.
"""

import os
import re

import dj_database_url

from compat import layer_keys
from compat.settings import Flag, Kind, Text, Variable
from deploy_conf import redis_address

SECTION = "Environment of the reference site"
HOST = re.compile(r"(\*|\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])\Z", re.I)
SQLITE = "django.db.backends.sqlite3"


def words(text):
    """A list, split at commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def hosts(text):
    """A list of hosts as ALLOWED_HOSTS has them."""
    found = words(text)
    for word in found:
        if not HOST.match(word):
            raise ValueError("%r matches no host" % word)
    return found


def keys(text):
    """A list of keys for the channel layer."""
    try:
        return layer_keys.checked(words(text), "keys")
    except layer_keys.BadKeys:
        raise ValueError("one is too short")


def database(text):
    """A database's address as Django's settings for it."""
    try:
        found = dj_database_url.parse(text)
    except (KeyError, ValueError):
        raise ValueError()
    why_not = unusable_file(found["NAME"]) if found["ENGINE"] == SQLITE else ""
    if why_not:
        raise ValueError(why_not)
    return found


def unusable_file(path):
    """Why SQLite could not keep a site's database there, in a few words; "" when it could."""
    if not path or ":memory:" in path:
        return "a database in memory is another one for each process"
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        return "%s is a folder" % path
    if not os.path.isdir(folder):
        return "there is no folder %s" % folder
    if not os.access(folder, os.W_OK | os.X_OK):
        return "%s cannot be written to by this account" % folder
    return ""


def redis(text):
    """A Redis address as the channel layer takes it."""
    return redis_address.parse(text).for_channels()


def make(folder):
    """ValueError for a folder that is not there and cannot be made."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise ValueError(error.strerror)


def variable(name, kind, default, text, **more):
    return Variable(
        name,
        kind,
        default,
        text,
        SECTION,
        fatal="With a wrong one no process starts.",
        **more,
    )


VAR = variable(
    "DEVOPS_VAR",
    Text("a folder, which is made when it is missing", make),
    None,
    "The folder for everything that is written.",
    shown="var/",
)
SECRET_KEY = variable(
    "SECRET_KEY",
    Text("a long random text"),
    None,
    "Signs sessions and cookies. Machines that serve the same site need the same.",
    shown="one that is kept in DEVOPS_VAR",
    secret=True,
)
DEBUG = variable("DEBUG", Flag(), False, "1: Django's error pages. Never for strangers.")
ALLOWED_HOSTS = variable(
    "ALLOWED_HOSTS",
    Kind("hosts separated by commas, such as www.example.com,.example.org", hosts),
    None,
    "The names of the site; .example.org stands for all names below it as well.",
    shown="127.0.0.1,localhost,[::1]",
)
DATABASE_URL = variable(
    "DATABASE_URL",
    Kind("postgres://user:password@host:5432/name, mysql://… or sqlite:///path", database),
    None,
    "The database, and who logs in there.",
    shown="SQLite in DEVOPS_VAR",
    secret=True,
)
REDIS_URL = variable(
    "REDIS_URL",
    Kind(
        "redis://:password@host:6379/0, rediss://…, unix:///path?password=… or "
        "sentinel://:password@host:26379,host:26379/mymaster/0",
        redis,
    ),
    None,
    "A Redis of your own.",
    shown="one that `up` starts, with a generated password",
    secret=True,
)
LAYER_KEYS = variable(
    "LAYER_KEYS",
    Kind("keys of 32 characters or more, separated by commas", keys),
    None,
    "The keys of the channel layer; the first encrypts. Machines that serve the same site need the "
    "same.",
    shown="one that is kept in DEVOPS_VAR",
    secret=True,
)
DEPLOY_KEYS = variable(
    "DEPLOY_KEYS",
    Kind("keys of 32 characters or more, separated by commas", keys),
    None,
    "The keys that seal the secrets of services, as the setting of the same name.",
    shown="one that is kept in DEVOPS_VAR",
    secret=True,
)
BEHIND_TLS = variable(
    "BEHIND_TLS",
    Flag(),
    False,
    "1: the proxy in front speaks TLS: secure cookies, a redirect to https, and HSTS.",
)
