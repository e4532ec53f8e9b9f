"""
What a site may choose of a patch: a setting of Django's, and an environment variable over it.

The setting may be changed at any time (`override_settings`); the environment is that of the start.
"""

import os

from .._kinds import Flag
from .._settings import MISSING, Setting, from_django

SECTION = "Repairs that a site can relax"


class Switch(Setting):
    """
    Call it for the value that holds now: a bool, or what `kind` makes of what the site says.

    name: of the setting; the variable is named alike, with COMPAT_ before what lacks it.
    default: what holds where there are no settings, or nothing in them or in the environment.
    reopens, at: as of every Setting.
    """

    def __init__(self, name, default=False, kind=None, text="", reopens=(), at=True):
        self.variable = name if name.startswith("COMPAT_") else "COMPAT_" + name
        super(Switch, self).__init__(
            name, kind or Flag(), default, text, SECTION, reopens=reopens, at=at
        )
        self._text = os.environ.get(self.variable, "").strip()
        self._forced, self._refused = MISSING, ""
        if self._text:
            try:
                self._forced = self.kind.read(self._text)
            except ValueError as error:
                self._refused = self.complaint(self._text, error, self.variable)
                self._tell(self._refused)

    def __call__(self):
        if self._forced is not MISSING:
            return self._forced
        return super(Switch, self).__call__()

    def problem(self):
        return self._refused or super(Switch, self).problem()

    def _given(self):
        return from_django(self.name)
