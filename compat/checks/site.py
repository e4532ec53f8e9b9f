"""`manage.py check --deploy`: dangerous defaults of a site that pushes over WebSockets."""

import os

from django.core.checks import Warning

from ..patching import BRIDGE
from ..sockets.asgi_tree import paths

FEWEST_ITERATIONS = 600000
LAYERS = ("channels_redis.core.RedisChannelLayer",)


def check_site(app_configs, **kwargs):
    """compat.W010 to W019; see each function."""
    found = []
    for check in (check_sockets, check_layers, check_hashers, check_same_site, check_pages):
        found += check()
    return found


def warning(number, message, hint):
    return Warning(message, hint=hint, id="compat.W%03d" % number)


def check_sockets():
    """
    W010 no Origin validator, W011 any Origin, W012 no limits and no second look, W013 limits that
    are off, W014 an application that cannot be looked at.
    """
    from django.conf import settings

    if not getattr(settings, "ASGI_APPLICATION", None):
        return []
    try:
        from channels.routing import get_default_application

        application = get_default_application()
    except Exception as error:  # whatever somebody's routing raises
        message = "ASGI_APPLICATION cannot be imported: %s: %s" % (type(error).__name__, error)
        return [warning(14, message, "daphne would not start either.")]
    websocket = getattr(application, "application_mapping", {}).get("websocket")
    if websocket is None:
        return []
    from channels.security.websocket import OriginValidator, WebsocketDenier

    from ..sockets.limits import SocketLimit
    from ..sockets.origin import OriginRequired

    anybody, any_origin, unguarded = [], False, []
    for path in paths(websocket):
        if path[-1] is WebsocketDenier:
            continue
        if not any(isinstance(one, OriginRequired) for one in path):
            validators = [one for one in path if isinstance(one, OriginValidator)]
            if not validators:
                anybody.append(name_of(path[-1]))
            any_origin = any_origin or any("*" in one.allowed_origins for one in validators)
        if not any(isinstance(one, SocketLimit) for one in path):
            unguarded.append(name_of(path[-1]))
    found = []
    wrap = 'Wrap what is under "websocket" in guard() of %s.sockets.' % BRIDGE
    if anybody:
        message = "Pages of any other site can open WebSockets with the cookies of a visitor: %s."
        found.append(warning(10, message % names(anybody), wrap))
    if any_origin:
        message = 'AllowedHostsOriginValidator lets every Origin pass, and none: "*" is allowed.'
        found.append(warning(11, message, "Name the hosts in ALLOWED_HOSTS. " + wrap))
    if unguarded:
        message = "Sockets have no limits, and stay open after a logout, for all that is known: %s."
        found.append(warning(12, message % names(unguarded), wrap))
    return found + check_limits()


def check_limits():
    from ..sockets import options

    hint = "Leave it out for the default."
    found = []
    for name in sorted(options.DEFAULTS):
        if not options.number(name):
            found.append(warning(13, "%s is 0: no limit." % name, hint))
    for name in ("COMPAT_WEBSOCKET_MAX_BYTES", "COMPAT_WEBSOCKET_MAX_UNSENT"):
        if os.environ.get(name, "").strip() == "0":
            message = "%s is 0: one client can take all memory of daphne." % name
            found.append(warning(13, message, hint))
    return found


def name_of(application):
    return getattr(application, "__name__", None) or type(application).__name__


def names(found):
    """Up to five of a list, sorted, each once."""
    found = sorted(set(found))
    return ", ".join(found[:5]) + (" and %d more" % (len(found) - 5) if len(found) > 5 else "")


def check_layers():
    """W015 Redis without a password, W016 messages in clear."""
    from urllib.parse import parse_qs, urlsplit

    from django.conf import settings

    found = []
    for alias, layer in sorted(getattr(settings, "CHANNEL_LAYERS", {}).items()):
        if layer.get("BACKEND") not in LAYERS:
            continue
        config = layer.get("CONFIG", {})
        for host in config.get("hosts") or [("localhost", 6379)]:
            password = host.get("password") if isinstance(host, dict) else None
            address = host.get("address") if isinstance(host, dict) else host
            if isinstance(address, str):
                parts = urlsplit(address)
                password = password or parts.password or parse_qs(parts.query).get("password")
            if not password:
                message = "Redis of CHANNEL_LAYERS[%r] is asked without a password." % alias
                hint = (
                    "Whoever reaches it can read all messages and call any handler of a consumer. "
                    "Set requirepass, and a host such as redis://:password@127.0.0.1:6379/0; "
                    'where "sentinels" are asked for it, "password" beside them.'
                )
                found.append(warning(15, message, hint))
                break
        if not config.get("symmetric_encryption_keys"):
            message = "Messages of CHANNEL_LAYERS[%r] are neither encrypted nor signed." % alias
            hint = (
                'Add "symmetric_encryption_keys": [key] to its CONFIG; '
                "%s.layer_keys.read(path) keeps one in a file." % BRIDGE
            )
            found.append(warning(16, message, hint))
    return found


def check_hashers():
    """W017 passwords are hashed in too few rounds."""
    from django.conf import settings

    if "django.contrib.auth" not in settings.INSTALLED_APPS:
        return []
    from django.contrib.auth.hashers import get_hasher

    hasher = get_hasher("default")
    few = hasher.algorithm == "pbkdf2_sha256" and hasher.iterations < FEWEST_ITERATIONS
    weak = hasher.algorithm in ("md5", "sha1", "unsalted_md5", "unsalted_sha1", "crypt")
    if hasher.algorithm == "pbkdf2_sha1":
        few = hasher.iterations < 2 * FEWEST_ITERATIONS
    if not few and not weak:
        return []
    rounds = " in %d iterations" % hasher.iterations if few else ""
    return [
        warning(
            17,
            "New passwords are hashed with %s%s." % (hasher.algorithm, rounds),
            'Let PASSWORD_HASHERS begin with "%s.hashers.PBKDF2PasswordHasher"; passwords are '
            "hashed anew when their owners log in." % BRIDGE,
        )
    ]


def check_same_site():
    """W018 cookies go along with requests that other sites cause."""
    from django.conf import settings

    from .. import same_site

    classes = set(getattr(settings, "MIDDLEWARE", None) or ())
    classes |= set(getattr(settings, "MIDDLEWARE_CLASSES", ()))
    hint = 'Let MIDDLEWARE begin with "%s".' % same_site.MIDDLEWARE
    if same_site.MIDDLEWARE not in classes:
        return [warning(18, "Cookies have no SameSite attribute.", hint)]
    return [
        warning(18, "%s=%r: other sites can send the cookie along." % (name, value), "Use Lax.")
        for name, value in same_site.attributes().values()
        if value in (None, "None")
    ]


def check_pages():
    """W019 a page may run scripts from anywhere, and inline."""
    from django.conf import settings

    from .. import csp

    classes = list(getattr(settings, "MIDDLEWARE", None) or ())
    classes += list(getattr(settings, "MIDDLEWARE_CLASSES", ()))
    # A site may have a package of its own for it (django-csp), or nginx.
    if any("csp" in name.lower() or "contentsecurity" in name.lower() for name in classes):
        return []
    return [
        warning(
            19,
            "No middleware sends a Content-Security-Policy.",
            'Add "%s" to MIDDLEWARE, or silence this where nginx sends the header.'
            % csp.MIDDLEWARE,
        )
    ]
