"""How often a password may be guessed: by address and by name, before it costs a hash.

LoginLimit stands first in AUTHENTICATION_BACKENDS and LoginLimitMiddleware answers who is over
the limit with 429: so it counts for every form that logs in, the admin's too. Each guess is paid
for from two budgets, in the database that all processes share, and a correct one is paid back.
A browser that has logged in before with that name has a budget of its own (a signed cookie), so
that strangers who guess at a name do not lock its owner out.
"""

import hashlib
import logging
import math
import secrets
import time
import unicodedata

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import F, FloatField, Value
from django.db.models.functions import Greatest
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from compat import same_site  # teaches older Pythons the cookie's attribute
from compat.sockets.limits import address_key
from deploy.models import LoginBudget
from deploy.settings import LOGIN_ATTEMPTS, LOGIN_SECONDS

logger = logging.getLogger(__name__)

COOKIE = "known-browser"
COOKIE_SECONDS = 365 * 24 * 3600
SALT = "deploy.logins"


def attempts():
    """Wrong passwords in a row that are looked at; 0: no limit."""
    return LOGIN_ATTEMPTS()


def seconds_each():
    """Seconds after which one more attempt is looked at."""
    return LOGIN_SECONDS()


class TooManyLogins(PermissionDenied):
    """The limit was reached; `wait`: seconds until the next attempt is looked at."""

    def __init__(self, wait):
        super().__init__("too many attempts to log in")
        self.wait = wait


class LoginLimit(object):
    """An authentication backend that knows nobody, and stops who guesses too often."""

    def authenticate(self, request, username=None, password=None):
        """Pay for an attempt; TooManyLogins ends the whole login, before a password is hashed."""
        if request is None or username is None or not attempts():
            return None
        paid = []
        request.login_attempt = paid
        for key in keys_of(request, username):
            wait = pay(key)
            if wait:
                refund(paid)
                request.login_attempt = []
                request.login_wait = wait
                raise TooManyLogins(wait)
            paid.append(key)
        return None


def keys_of(request, username):
    """Return the budgets that an attempt is paid from."""
    name = named(username)
    nonce = known_browser(request, name)
    if nonce is not None:
        return ["browser:" + digest(nonce)]
    address = address_key(request.META.get("REMOTE_ADDR"), ())
    keys = ["name:" + name]
    # First the address: who is over it already cannot use up a name's budget, nor fill the table.
    return keys if address is None else ["address:" + digest(address)] + keys


def named(username):
    """Return what stands for a name: people type passwords there, so none is kept as it is."""
    return digest(unicodedata.normalize("NFKC", str(username)).strip().casefold())


def digest(text):
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def pay(key):
    """Take one attempt from a budget; return the seconds to wait when there is none, else 0.

    One statement: of two processes that ask at the same time both are counted.
    """
    each, now = float(seconds_each()), time.time()
    latest = now + each * (attempts() - 1)
    free = LoginBudget.objects.filter(key=key, used_until__lte=latest)
    later = Greatest(F("used_until"), Value(now, output_field=FloatField())) + each
    if free.update(used_until=later):
        return 0
    LoginBudget.objects.filter(used_until__lt=now).delete()  # as good as new
    try:
        with transaction.atomic():
            LoginBudget.objects.create(key=key, used_until=now + each)
        return 0
    except IntegrityError:
        pass
    if free.update(used_until=later):
        return 0
    row = LoginBudget.objects.filter(key=key).first()
    return max(1, math.ceil(row.used_until - latest)) if row is not None else 1


def refund(keys):
    """Undo pay() for each of the keys."""
    LoginBudget.objects.filter(key__in=keys).update(used_until=F("used_until") - seconds_each())


def known_browser(request, name):
    """Return what tells a browser that has logged in with that name before; None for others."""
    try:
        kept, nonce = signing.loads(request.COOKIES[COOKIE], salt=SALT, max_age=COOKIE_SECONDS)
    except (KeyError, signing.BadSignature):
        return None
    return nonce if kept == name else None


class LoginLimitMiddleware(object):
    """Answers 429 to who has guessed too often, and remembers browsers that have logged in."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        wait = getattr(request, "login_wait", None)
        if wait is not None:
            response = render(request, "deploy/too_many_logins.html", {"wait": wait}, status=429)
            response["Retry-After"] = str(wait)
            add_never_cache_headers(response)
        name = getattr(request, "login_succeeded", None)
        if name is not None:
            response.set_cookie(
                COOKIE,
                signing.dumps([named(name), secrets.token_hex(16)], salt=SALT),
                max_age=COOKIE_SECONDS,
                path=settings.SESSION_COOKIE_PATH,
                secure=bool(settings.SESSION_COOKIE_SECURE),
                httponly=True,
            )
            response.cookies[COOKIE]["samesite"] = same_site.SESSION() or ""
        return response


def on_login_failed(sender, credentials=None, request=None, **kwargs):
    """Log who failed, from where, and never the password."""
    if request is None:
        return
    wait = getattr(request, "login_wait", None)
    logger.warning(
        "login failed: name %a, address %s%s",
        str((credentials or {}).get("username", ""))[:150],
        request.META.get("REMOTE_ADDR") or "-",
        "" if wait is None else "; not looked at, too many attempts",
    )


def on_logged_in(sender, request=None, user=None, **kwargs):
    """A correct password costs nothing, and its browser is known from now on."""
    paid = getattr(request, "login_attempt", None)
    if paid is not None:
        refund(paid)
        request.login_attempt = []
        request.login_succeeded = user.get_username()


def connect():
    user_login_failed.connect(on_login_failed, dispatch_uid="deploy.logins")
    user_logged_in.connect(on_logged_in, dispatch_uid="deploy.logins")
