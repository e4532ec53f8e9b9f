"""
What a site may choose of a patch: a setting of Django's, and an environment variable over it.

The setting may be changed at any time (`override_settings`); the environment is that of the start.
"""

import os

WORDS = {
    word: value
    for value, words in ((True, "1 true yes on"), (False, "0 false no off"))
    for word in words.split()
}


def yes_or_no(text):
    """A bool of one of WORDS; any other text is a ValueError."""
    try:
        return WORDS[text.lower()]
    except KeyError:
        raise ValueError("neither 1 nor 0")


def number_or_none(text):
    """A number from 0 as an int, or None of "none"; any other text is a ValueError."""
    if text.lower() == "none":
        return None
    if not text.isdecimal():
        raise ValueError("neither a number nor none")
    return int(text)


class Switch(object):
    """
    Call it for the value that holds now: a bool, or what `read` makes of a text.

    name: of the setting; the variable is named alike, with COMPAT_ before what lacks it.
    default: what holds where there are no settings, or nothing in them or in the environment.
    Text that `read` refuses is logged, once, and counts as nothing; so does an empty variable.
    reopens: ids of the advisories that reach the site again where the value is `at`.
    """

    def __init__(self, name, default=False, read=yes_or_no, reopens=(), at=True):
        self.name = name
        self.default = default
        self.reopens = tuple(reopens)
        self.at = at
        self._read = read
        self._complained = set()
        self.variable = name if name.startswith("COMPAT_") else "COMPAT_" + name
        text = os.environ.get(self.variable, "").strip()
        self._forced = self._value(text, self.variable) if text else NOTHING
        EVERY.append(self)

    def __call__(self):
        if self._forced is not NOTHING:
            return self._forced
        value = self._setting()
        if isinstance(value, str):
            value = self._value(value.strip(), "settings." + self.name)
        return self.default if value is NOTHING else value

    def _setting(self):
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured

        try:
            return getattr(settings, self.name, NOTHING)
        except ImproperlyConfigured:  # used without settings
            return NOTHING

    def _value(self, text, source):
        try:
            return self._read(text)
        except ValueError as error:
            if (source, text) not in self._complained:
                self._complained.add((source, text))
                from .patch import warn

                warn("%s=%r is %s; using %r", source, text, error, self.default)
            return NOTHING


def reopened(cve):
    """Which switches make an advisory reach the site again: lines as "COMPAT_ONE is True"."""
    return [
        "%s is %r" % (switch.name, switch.at)
        for switch in EVERY
        if cve in switch.reopens and switch() == switch.at
    ]


NOTHING = object()
EVERY = []
