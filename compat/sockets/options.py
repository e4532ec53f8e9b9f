"""The site's settings for its sockets, checked."""

import ipaddress

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEFAULTS = {
    "SOCKETS_PER_ADDRESS": 500,
    "SOCKETS_PER_USER": 100,
    "SOCKETS_MESSAGES_PER_SECOND": 50,
    "SOCKETS_MESSAGES_AT_ONCE": 500,
    "SOCKETS_RECHECK_SECONDS": 30,
}
# Behind a proxy, and without its headers, everybody would come from there.
UNCOUNTED = ("127.0.0.0/8", "::1")


def number(name):
    """A setting that is a number of at least 0, or None, which says 0; 0 is no limit."""
    value = getattr(settings, name, DEFAULTS[name])
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise ImproperlyConfigured(
            "%s=%r: expected a number, 0 for no limit (default %s)" % (name, value, DEFAULTS[name])
        )
    return value


def uncounted_networks():
    """SOCKETS_UNCOUNTED_ADDRESSES as a tuple of networks."""
    name = "SOCKETS_UNCOUNTED_ADDRESSES"
    try:
        return tuple(ipaddress.ip_network(text) for text in getattr(settings, name, UNCOUNTED))
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured("%s: expected addresses or networks: %s" % (name, error))


def origins():
    """SOCKETS_ORIGINS as a set of lower-case texts, or None when ALLOWED_HOSTS decides."""
    value = getattr(settings, "SOCKETS_ORIGINS", None)
    if value is None:
        return None
    if isinstance(value, str) or not all(isinstance(o, str) and "://" in o for o in value):
        raise ImproperlyConfigured(
            'SOCKETS_ORIGINS: expected a list such as ["https://www.example.com"]'
        )
    return {origin.lower().rstrip("/") for origin in value}
