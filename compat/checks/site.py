"""`manage.py check --deploy`: dangerous defaults of a site that pushes over WebSockets."""

from typing import Any, Iterable, List

from .._check_ids import say
from ..sockets.asgi_tree import paths
from .channels import check_migrations, check_reach

FEWEST_ITERATIONS = 600000
LAYERS = (
    "channels_redis.core.RedisChannelLayer",
    __name__.rpartition(".checks.")[0] + ".channel_layer.pubsub.RedisPubSubChannelLayer",
)


def check_site(app_configs: Any, **kwargs: Any) -> List[Any]:
    """compat.W010 to W019, W020, W023, W025; see each function."""
    found: List[Any] = []
    for check in CHECKS:
        found += check()
    return found


def check_sockets() -> List[Any]:
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
        return [say("compat.W014", message)]
    websocket = getattr(application, "application_mapping", {}).get("websocket")
    if websocket is None:
        return []
    from channels.security.websocket import OriginValidator, WebsocketDenier

    from ..sockets.limits import SocketLimit
    from ..sockets.origin import OriginRequired

    anybody: List[str] = []
    unguarded: List[str] = []
    any_origin = False
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
    if anybody:
        message = "Pages of any other site can open WebSockets with the cookies of a visitor: %s."
        found.append(say("compat.W010", message % names(anybody)))
    if any_origin:
        message = 'AllowedHostsOriginValidator lets any Origin pass, even none: "*" is allowed.'
        found.append(say("compat.W011", message))
    if unguarded:
        message = "Sockets have no limits, and nothing known closes them after a logout: %s."
        found.append(say("compat.W012", message % names(unguarded)))
    return found + check_limits()


def check_origins() -> List[Any]:
    """W023 pages that belong to no site pass."""
    from ..sockets._settings import NULL, ORIGINS

    if NULL not in (ORIGINS() or ()):
        return []
    message = 'SOCKETS_ORIGINS has "null": a sandboxed frame of any site passes for one of yours.'
    return [say("compat.W023", message)]


def check_limits() -> List[Any]:
    """W013 a limit that is off."""
    from ..patches.daphne.message_size import max_bytes
    from ..patches.daphne.unsent_bytes import max_unsent
    from ..sockets._settings import LIMITS

    found = []
    for limit in sorted(LIMITS, key=lambda record: record.name):
        if not limit():
            found.append(say("compat.W013", "%s is 0: no limit." % limit.name))
    for limit in (max_bytes, max_unsent):
        if limit() == 0:
            message = "%s is 0: one client can use up all of daphne's memory." % limit.name
            found.append(say("compat.W013", message))
    return found


def name_of(application: Any) -> str:
    return getattr(application, "__name__", None) or type(application).__name__


def names(found: Iterable[str]) -> str:
    """Up to five of a list, sorted, each once."""
    found = sorted(set(found))
    return ", ".join(found[:5]) + (" and %d more" % (len(found) - 5) if len(found) > 5 else "")


def check_layers() -> List[Any]:
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
                message = "CHANNEL_LAYERS[%r] connects to Redis without a password." % alias
                found.append(say("compat.W015", message))
                break
        if not config.get("symmetric_encryption_keys"):
            message = "Messages of CHANNEL_LAYERS[%r] are neither encrypted nor signed." % alias
            found.append(say("compat.W016", message))
    return found


def check_hashers() -> List[Any]:
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
    message = "New passwords are hashed with %s%s." % (hasher.algorithm, rounds)
    return [say("compat.W017", message)]


def check_same_site() -> List[Any]:
    """W018 cookies go along with requests that other sites cause."""
    from django.conf import settings

    from .. import same_site

    classes = set(getattr(settings, "MIDDLEWARE", None) or ())
    classes |= set(getattr(settings, "MIDDLEWARE_CLASSES", ()))
    if same_site.MIDDLEWARE not in classes:
        return [say("compat.W018", "Cookies have no SameSite attribute.")]
    return [
        say("compat.W018", "%s=%r: other sites can send the cookie along." % (name, value))
        for name, value in same_site.attributes().values()
        if value in (None, "None")
    ]


def check_pages() -> List[Any]:
    """W019 a page may run scripts from anywhere, and inline."""
    from django.conf import settings

    classes = list(getattr(settings, "MIDDLEWARE", None) or ())
    classes += list(getattr(settings, "MIDDLEWARE_CLASSES", ()))
    # A site may have a package of its own for it (django-csp), or nginx.
    if any("csp" in name.lower() or "contentsecurity" in name.lower() for name in classes):
        return []
    return [say("compat.W019", "No middleware sends a Content-Security-Policy.")]


CHECKS = (
    check_sockets,
    check_origins,
    check_layers,
    check_reach,
    check_hashers,
    check_same_site,
    check_pages,
    check_migrations,
)
