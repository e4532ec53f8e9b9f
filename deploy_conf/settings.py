"""
What a site may set for this program, in its Django settings or in the environment.

The records have the shape of the bridge's and import nothing of it: a site need not have the
bridge, or has it under another name. A wrong value is a BadValue: a layout without the site's own
programs would be worse than none.
"""

import os
import re
import shutil

from . import options
from .errors import BadValue, ConfError

SECTION = "Configuration as a program"
# What a program may be told by to renew itself.
SIGNAL_NAMES = ("HUP", "TERM", "USR1", "USR2")
# Programs and log files of our own.
TAKEN = re.compile(r"(nginx|nginx-access|nginx-error|uwsgi|daphne(_[0-9]+)?|redis|supervisord)\Z")


class Setting(object):
    """
    A setting of Django's settings.

    takes: the expected form. check(value): the value as it is used; raises BadValue. text: what it
    is for.
    """

    section = SECTION
    variable = ""
    in_settings = True
    live = False
    secret = False
    fatal = "`render`, `up` and `reload` refuse a wrong one."
    shown = None
    reopens = ()
    check_id = "compat.E001"

    def __init__(self, name, takes, default, check, text):
        self.name = name
        self.takes = takes
        self.default = default
        self._check = check
        self.text = text

    def given(self, settings):
        """What the settings say, unchecked; None for nothing."""
        return getattr(settings, self.name, None)

    def check(self, value):
        """The value as it is used; raises BadValue."""
        if value is None:
            return self.default
        try:
            return self._check(value)
        except ConfError as error:
            text = " ".join(("%s=%r: expected %s" % (self.name, value, self.takes)).split())
            raise BadValue("%s (%s)" % (text, error) if str(error) else text)

    def problem(self):
        """What is wrong with the value in Django's settings, in one line; "" when nothing is."""
        from django.conf import settings

        return self._problem(self.given(settings))

    def _problem(self, value):
        try:
            self.check(value)
        except BadValue as error:
            return str(error)
        return ""


class Variable(Setting):
    """A setting that only the environment has."""

    in_settings = False

    def __init__(self, name, takes, check, text):
        super().__init__(name, takes, None, check, text)
        self.variable = name

    def __call__(self):
        """The value that holds now; raises BadValue."""
        return self.check(os.environ.get(self.name) or None)

    def problem(self):
        return self._problem(os.environ.get(self.name) or None)


def programs(value):
    """{name: words}."""
    if not isinstance(value, dict):
        raise BadValue("%s is no dict" % type(value).__name__)
    found = {}
    for name, words in value.items():
        if not isinstance(name, str):
            raise BadValue("%r is no text" % (name,))
        if TAKEN.match(options.name("the name of a program", name)):
            raise BadValue("%r: the name is taken" % name)
        found[name] = options.arguments("%r" % name, words)
    return found


def signals(value):
    """{program: name of a signal}."""
    if not isinstance(value, dict):
        raise BadValue("%s is no dict" % type(value).__name__)
    for program, name in value.items():
        if name not in SIGNAL_NAMES:
            raise BadValue("%r: %r is not one of %s" % (program, name, " ".join(SIGNAL_NAMES)))
    return dict(value)


def probe(value):
    """A URL path."""
    if not isinstance(value, str):
        raise BadValue("%s is no text" % type(value).__name__)
    return options.probe_path("a probe", value)


def program(value):
    """The path of an executable."""
    found = shutil.which(value)
    if not found:
        raise BadValue("")
    return os.path.abspath(found)


def one(value):
    """True."""
    if value != "1":
        raise BadValue("")
    return True


PROGRAMS = Setting(
    "DEPLOY_CONF_PROGRAMS",
    'a dict of names and lists of words, such as {"runner": ["{python}", "manage.py", "runner"]}',
    {},
    programs,
    "Programs of the site that supervisor keeps alive beside uWSGI, daphne, nginx and Redis; "
    "{python} becomes the site's interpreter.",
)
SIGNALS = Setting(
    "DEPLOY_CONF_RELOAD_SIGNALS",
    'a dict of programs and signals, such as {"runner": "USR1"}',
    {},
    signals,
    "The signal by which `reload` tells a program to exit, or to renew itself, when it can; "
    "programs without one are restarted.",
)
PROBE = Setting(
    "DEPLOY_CONF_WEBSOCKET_PROBE",
    "a URL path such as /ws/news/",
    None,
    probe,
    "A WebSocket that always answers, by which `up`, `status` and `reload` see that daphne is "
    "reached. Without it any HTTP answer from daphne will do.",
)
NGINX_BIN, REDIS_SERVER_BIN, UWSGI_BIN = [
    Variable(
        name,
        "the path of a program",
        program,
        "The %s to use, instead of the system's or a wheel's." % server,
    )
    for name, server in (
        ("NGINX_BIN", "nginx"),
        ("REDIS_SERVER_BIN", "redis-server, or valkey-server,"),
        ("UWSGI_BIN", "uWSGI"),
    )
]
NO_SYSTEM = Variable(
    "DEPLOY_CONF_NO_SYSTEM",
    "1",
    one,
    "1: look for servers on PATH and in wheels only, not in the system's folders.",
)
RECORDS = (PROGRAMS, SIGNALS, PROBE, NGINX_BIN, REDIS_SERVER_BIN, UWSGI_BIN, NO_SYSTEM)
