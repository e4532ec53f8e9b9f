"""
What a site may set: one record a setting. It reads the value, checks it, and says what it is for.

A wrong value is an error of `manage.py check`, and one line in the log of each process, which then
goes on with the default; it never ends a request. docs/reference/settings.md is made from the
records. Imports next to nothing: the switches of patches are in every process that runs Django.
"""

import os

from . import _kinds

TYPE_CHECKING = False
if TYPE_CHECKING:  # every process of a site imports this, and typing is slow
    from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

BRIDGE = __name__.rpartition(".")[0]
CHECK = "compat.E001"  # the id of the system check for a wrong value
MISSING = object()
UNSEEN = object()
SCALARS = (bool, int, float, str, type(None))
SHOWN = 200  # characters of a wrong value

RECORDS: "Dict[Tuple[str, str], Any]" = {}  # (name, variable) → record


def register(record: "Any") -> "Any":
    """
    Have a record checked and documented with the others; returns it.

    It may be of another class, if it has name, takes, default, text, section, variable,
    in_settings, live, fatal, reopens, shown, check_id and problem() as Setting has them.
    """
    RECORDS[record.name, record.variable] = record
    return record


class Setting(object):
    """
    A setting of Django's settings. Call it for the value that holds now.

    kind: what it takes, a _kinds.Kind. default: None may always be said for a default of None.
    text: what it is for, a sentence or two. section: the heading it stands under.
    live: whether a change counts at once, or from the next start of a process on.
    try_out: a function of the value, for the system check only; raises what is wrong with it.
    secret: never show the value. shown: how documents write the default.
    fatal: a sentence for documents, where a wrong value ends something; whoever reads it does so.
    check_id: of the system check for a wrong value.
    reopens: ids of the advisories that reach the site again where the value is `at`.
    """

    variable = ""
    in_settings = True  # else in the environment alone

    def __init__(
        self,
        name: str,
        kind: _kinds.Kind,
        default: object,
        text: str,
        section: str,
        live: bool = True,
        try_out: "Optional[Callable[[Any], object]]" = None,
        secret: bool = False,
        fatal: str = "",
        shown: "Optional[str]" = None,
        check_id: str = CHECK,
        reopens: "Sequence[str]" = (),
        at: object = MISSING,
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.text = text
        self.section = section
        self.live = live
        self.try_out = try_out
        self.secret = secret
        self.fatal = fatal
        self.shown = shown
        self.check_id = check_id
        self.reopens = tuple(reopens)
        self.at = at
        self._seen: Tuple[object, Any] = (UNSEEN, None)
        self._told: Set[str] = set()
        register(self)

    @property
    def takes(self) -> str:
        return self.kind.takes

    def __call__(self) -> "Any":
        given = self._given()
        seen, value = self._seen
        if given is seen:
            return value
        try:
            value = self._accept(self.default if given is MISSING else given)
        except Exception as error:  # of a kind that did not think of this value, too
            self._tell(self.complaint(given, error))
            value = self._accept(self.default)
        if given is MISSING or isinstance(given, SCALARS):  # others may change within
            self._seen = given, value
        return value

    def problem(self) -> str:
        """What is wrong with the value that holds now, in one line; "" when nothing is."""
        given = self._given()
        if given is MISSING:
            return ""
        try:
            value = self._accept(given)
            if self.try_out is not None:
                self.try_out(value)
        except Exception as error:  # whatever trying it out raises
            return self.complaint(given, error)
        return ""

    def _given(self) -> "Any":
        """What the site says, or MISSING."""
        return from_django(self.name)

    def _accept(self, given: "Any") -> "Any":
        if given is None and self.default is None:
            return None
        return self.kind.accept(given)

    def complaint(self, given: object, error: object, name: str = "") -> str:
        """A line on a wrong value: which setting, the value, what is expected."""
        shown = "" if self.secret else "=" + _kinds.shortened(repr(given), SHOWN)
        line = "%s%s: expected %s" % (name or self.name, shown, self.takes)
        said = str(error)
        if not isinstance(error, ValueError):
            said = "" if self.secret else "%s: %s" % (type(error).__name__, said)
        # A line, whatever repr() and exceptions say.
        return " ".join((line + (" (%s)" % said if said else "")).split())

    def _tell(self, complaint: str) -> None:
        if complaint not in self._told:
            self._told.add(complaint)
            import logging  # only a process with something to say pays for it

            message = "%s; using the default, %r"
            logging.getLogger(BRIDGE).warning(message, complaint, self.default)


def reopened(cve: str) -> "List[str]":
    """Which settings make an advisory reach the site again: lines as "COMPAT_ONE is True"."""
    return [
        "%s is %r" % (record.name, record.at)
        for record in list(RECORDS.values())  # loading the settings may add some
        if cve in record.reopens and record() == record.at
    ]


class Variable(Setting):
    """A setting that only the environment has, as text; no text is none."""

    in_settings = False

    def __init__(
        self, name: str, kind: _kinds.Kind, default: object, text: str, section: str, **more: "Any"
    ) -> None:
        more.setdefault("live", False)
        self.variable = name
        super(Variable, self).__init__(name, kind, default, text, section, **more)

    @property
    def takes(self) -> str:
        return self.kind.as_text

    def _given(self) -> "Any":
        return os.environ.get(self.name, "").strip() or MISSING

    def _accept(self, given: "Any") -> "Any":
        return self.kind.read(given) if isinstance(given, str) else given


_django: "Any" = None


def from_django(name: str) -> "Any":
    """A setting of Django's, or MISSING; also where there are no settings."""
    global _django
    if _django is None:
        from django.conf import settings

        _django = settings
    try:
        return getattr(_django, name, MISSING)
    except Exception as error:
        if type(error).__name__ == "ImproperlyConfigured":  # used without settings
            return MISSING
        raise
