"""
The ids of all system checks of the bridge, each with its meaning and hint; given out only here.

An id is never given another meaning: sites silence them (SILENCED_SYSTEM_CHECKS). A new one takes
the next free number of its letter. docs/reference/checks.md is made from this table.
"""

import collections
from typing import Any

BRIDGE = __name__.rpartition(".")[0]

# meaning: one line, in general; hint: may hold %(names)s, which say() fills in.
# deploy: only `manage.py check --deploy` asks for it.
Known = collections.namedtuple("Known", "id meaning hint deploy")

GUARD = 'Wrap the application under "websocket" in guard() from %(bridge)s.sockets.'

TABLE = (
    Known(
        "compat.I001",
        "A repair is disabled by COMPAT_DISABLE.",
        "Symptom: %(symptom)s.",
        False,
    ),
    Known(
        "compat.W001",
        "The bridge was activated after Django had been imported, which is too late for some "
        "repairs.",
        "Call compat.install() before the first Django import in manage.py, wsgi.py and asgi.py, "
        "or run `python -m %(bridge)s activate` once.",
        False,
    ),
    Known(
        "compat.W002",
        "A repair was refused: its target does not look as expected.",
        "Symptom: %(symptom)s. Install the pinned %(package)s, or set COMPAT_DISABLE=%(patch)s "
        "once you have dealt with it.",
        False,
    ),
    Known(
        "compat.W003",
        "COMPAT_DISABLE names a patch that does not exist.",
        "`manage.py compat` lists the names.",
        False,
    ),
    Known(
        "compat.W004",
        "This Python is newer than any that the bridge is tested with.",
        "Use CPython 3.6 to 3.13, or look for errors at every step.",
        False,
    ),
    Known(
        "compat.W005",
        "asgi-redis, which only channels 1 can use, is installed beside channels 2.",
        "%(do)s.",
        False,
    ),
    Known(
        "compat.W006",
        "A repair is applied but has no effect yet.",
        "Run `manage.py collectstatic`, or see docs/guide/security.md.",
        False,
    ),
    Known(
        "compat.W010",
        "A WebSocket has no Origin validator: pages of any other site open it with the cookies of "
        "a visitor.",
        GUARD,
        True,
    ),
    Known(
        "compat.W011",
        'An Origin validator lets every Origin pass, because "*" is allowed.',
        "Name the hosts in ALLOWED_HOSTS. " + GUARD,
        True,
    ),
    Known(
        "compat.W012",
        "A WebSocket has no limits, and stays open after a logout.",
        GUARD,
        True,
    ),
    Known("compat.W013", "A limit is off: it is 0.", "Remove the setting for the default.", True),
    Known(
        "compat.W014",
        "ASGI_APPLICATION cannot be imported.",
        "daphne would not start either.",
        True,
    ),
    Known(
        "compat.W015",
        "The channel layer connects to Redis without a password.",
        "Whoever reaches it can read all messages and call any handler of a consumer. Set "
        "requirepass in Redis, and a host such as redis://:password@127.0.0.1:6379/0; with "
        '"sentinels", add "password" beside them.',
        True,
    ),
    Known(
        "compat.W016",
        "Messages of the channel layer are neither encrypted nor signed.",
        'Add "symmetric_encryption_keys": [key] to its CONFIG; %(bridge)s.layer_keys.read(path) '
        "keeps one in a file.",
        True,
    ),
    Known(
        "compat.W017",
        "New passwords get weak hashes.",
        'Put "%(bridge)s.hashers.PBKDF2PasswordHasher" first in PASSWORD_HASHERS; old hashes are '
        "renewed when their owners log in.",
        True,
    ),
    Known(
        "compat.W018",
        "A cookie is sent along with requests that other sites cause.",
        'Put "%(bridge)s.same_site.SameSiteMiddleware" first in MIDDLEWARE, and set the setting '
        'of the cookie to "Lax".',
        True,
    ),
    Known(
        "compat.W019",
        "No middleware sends a Content-Security-Policy: pages run scripts from anywhere.",
        'Add "%(bridge)s.csp.ContentSecurityPolicyMiddleware" to MIDDLEWARE, or silence this if '
        "nginx sends the header.",
        True,
    ),
    Known(
        "compat.W020",
        "The channel layer does not reach other processes: it is in memory, or there is none.",
        "uWSGI and daphne are several processes: what one sends with group_send() is lost for the "
        "others, and entries of streams come two seconds late. Let CHANNEL_LAYERS name "
        "channels_redis.core.RedisChannelLayer; without Redis, have no CHANNEL_LAYERS and set "
        'STREAMS_NOTIFICATIONS to "postgresql" or "none".',
        True,
    ),
    Known(
        "compat.W021",
        "channels is installed, and ASGI_APPLICATION is missing: daphne cannot start.",
        'ASGI_APPLICATION = "mysite.routing.application", a ProtocolTypeRouter.',
        False,
    ),
    Known(
        "compat.W022",
        "ASGI_APPLICATION names asgi.py, as since Django 3, and what is found there is no routing.",
        "Let it name the ProtocolTypeRouter, such as mysite.routing.application. asgi.py asks for "
        "that with get_default_application(), and only daphne is told of asgi.py.",
        False,
    ),
    Known(
        "compat.W023",
        'SOCKETS_ORIGINS has "null", which browsers send for pages without an origin of their own: '
        "any site can make one, a sandboxed frame.",
        "Remove it, unless all sockets ask for a token that is no cookie; for clients without a "
        'browser there is "none".',
        True,
    ),
    Known(
        "compat.W024",
        "Packages are installed that cannot work together.",
        "%(do)s.",
        False,
    ),
    Known(
        "compat.W025",
        "Tables that sockets need are missing or old: they open and stay mute, or fail.",
        "Run `manage.py migrate`.",
        True,
    ),
    Known(
        "compat.W026",
        "The site has a module of the bridge's name, which cannot be imported.",
        "Rename the bridge's folder (its imports are relative) and run `python -m NEWNAME "
        "activate`, or install the wheel, whose name is django_bridge.",
        False,
    ),
    Known(
        "compat.E001",
        "A setting has a value that cannot be used; processes go on with the default.",
        "%(text)s docs/reference/settings.md lists all settings.",
        False,
    ),
    Known(
        "streams.E001",
        "STREAMS_KEEP cannot be understood; nothing is removed from any stream.",
        'Such as {"deploy:*": {"max_age": timedelta(days=90), "max_bytes": 2 ** 28}}.',
        False,
    ),
)
KNOWN = {known.id: known for known in TABLE}


def say(id: str, message: str, **names: object) -> Any:
    """The message of a check for Django; `names` fill its hint. KeyError for an unlisted id."""
    from django.core import checks

    known = KNOWN[id]
    kind = {"I": checks.Info, "W": checks.Warning, "E": checks.Error}[letter(id)]
    return kind(message, hint=known.hint % dict(names, bridge=BRIDGE), id=id)


def letter(id: str) -> str:
    """I, W or E, which is the level."""
    return id.rpartition(".")[2][0]


def general_hint(known: Known) -> str:
    """The hint as documents have it, with words in the place of what only a site knows."""
    return known.hint % {
        "bridge": "compat",
        "do": "Change what the message names",
        "package": "version",
        "patch": "its name",
        "symptom": "what `manage.py compat` says",
        "text": "What the setting is for.",
    }
