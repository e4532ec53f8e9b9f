"""Django's settings for targets that need no site, and modules as they are without patches."""

import importlib.util

import django
from django.conf import settings


def configure(**more):
    options = dict(SECRET_KEY="fuzz", ALLOWED_HOSTS=["*"], INSTALLED_APPS=["channels"])
    options.update(more)
    if not settings.configured:
        settings.configure(**options)
        django.setup()


def stock(name):
    """A second copy of a module, which no patch has seen."""
    spec = importlib.util.find_spec(name)
    copy = importlib.util.module_from_spec(
        importlib.util.spec_from_file_location("stock_" + name.replace(".", "_"), spec.origin)
    )
    copy.__spec__.loader.exec_module(copy)
    return copy


def outcome(function, *arguments):
    """What comes of a call, to be compared with another's."""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error).__name__, str(error)
