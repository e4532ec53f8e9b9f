"""
The pages of docs/reference that are made from records; nothing in them depends on this process.

A page is a function here, and a word after `manage.py compat --markdown`; `make docs` writes all.
"""

import itertools
from collections import OrderedDict

from .. import _check_ids, close_codes
from ..checks import settings as records
from ..patches import every as every_patch

LEVELS = {"I": "information", "W": "warning", "E": "error"}


def patches():
    """The page on patches: a table for each library."""
    every = every_patch()
    lines = [
        "# What the bridge repairs",
        "",
        "The patches' own records, grouped by library, as "
        "`python manage.py compat --markdown patches > docs/reference/patches.md` writes them.",
    ]
    for library in sorted({patch.package for patch in every}):
        rows = [patch_row(patch) for patch in every if patch.package == library]
        lines += ["", "## " + library, "", cells(rows[0]), cells(["---"] * len(rows[0]))]
        lines += [cells(found.values()) for found in rows]
    return "\n".join(lines)


def patch_row(patch):
    """What the page says about a patch: column → Markdown."""
    versions = [code(patch.versions)]
    versions += ["%s %s" % (name, code(which)) for name, which in sorted(patch.requires.items())]
    columns = OrderedDict([("patch", code(patch.name))])
    if patch.package == "python":
        columns["Python"] = code(patch.versions)
    else:
        columns["versions"] = "; ".join(versions)
        columns["Python"] = code(patch.python)
    columns["symptom"] = escape(patch.symptom)
    columns["source"] = "[link](%s)" % patch.record()["link"]
    return columns


def settings():
    """The page on settings, as Markdown."""
    lines = [
        "# Settings",
        "",
        "Every setting and every variable of the environment, from its own record, as "
        "`python manage.py compat --markdown settings > docs/reference/settings.md` writes them.",
        "",
        "A wrong value is an error of `manage.py check` (`compat.E001`) and one line in the log; "
        "the process goes on with the default, unless the text says otherwise. *at once*: a change "
        "counts without a restart (`override_settings` in tests). Variables of the environment say "
        "so; all else is for `settings.py`.",
    ]
    by_section = itertools.groupby(records.every(), key=lambda record: record.section)
    for section, found in by_section:
        lines += ["", "## " + section, ""]
        lines.append(cells(["setting", "takes", "default", "a change counts", "what it is for"]))
        lines.append(cells(["---"] * 5))
        lines += [cells(setting_row(record)) for record in found]
    return "\n".join(lines)


def setting_row(record):
    """The cells of a setting."""
    name, text = code(record.name), escape(record.text)
    if record.reopens:
        text += " %s reopens %s." % (code(repr(record.at)), ", ".join(record.reopens))
    if not record.in_settings:
        name += " (environment)"
    elif record.variable:
        other = record.variable if record.variable != record.name else ""
        name += " (also in the environment%s)" % (other and ", as " + code(other))
    if record.fatal:
        text += " " + escape(record.fatal)
    return [
        name,
        escape(record.takes),
        escape(record.shown) if record.shown else default(record.default),
        "at once" if record.live else "at the next start",
        text,
    ]


def default(value):
    """A default as one would write it."""
    if value is None:
        return "none"
    if isinstance(value, int) and value >= 1024 and value % 1024 == 0:
        size = next(n for n in (1024**3, 1024**2, 1024) if value % n == 0)
        unit = {1024: "KiB", 1024**2: "MiB", 1024**3: "GiB"}[size]
        return "%s (%d %s)" % (code(repr(value)), value // size, unit)
    return code(repr(value))


def checks():
    """The page on system checks, as Markdown."""
    lines = [
        "# System checks",
        "",
        "The ids of what `manage.py check` says about the bridge, as "
        "`python manage.py compat --markdown checks > docs/reference/checks.md` writes them. An id "
        "keeps its meaning for ever; `SILENCED_SYSTEM_CHECKS` silences one.",
        "",
        cells(["id", "level", "asked for", "what it says", "what to do"]),
        cells(["---"] * 5),
    ]
    for known in sorted(_check_ids.TABLE, key=lambda known: known.id):
        asked = "`check --deploy`" if known.deploy else "always"
        hint = _check_ids.general_hint(known)
        level = LEVELS[_check_ids.letter(known.id)]
        lines.append(cells([code(known.id), level, asked, escape(known.meaning), escape(hint)]))
    return "\n".join(lines)


def cells(texts):
    return "| %s |" % " | ".join(texts)


def code(text):
    return "`%s`" % text if text else "any"


def escape(text):
    """Text that Markdown shows as it is, in a cell of a table; words in backticks are code."""
    parts = text.split("`")
    for place, part in enumerate(parts):
        for sign in ("|",) if place % 2 else ("\\", "|", "*", "<", "__"):
            part = part.replace(sign, "\\" + sign)
        parts[place] = part
    return "`".join(parts)


# Word of the command line → function.
PAGES = OrderedDict(
    [
        ("patches", patches),
        ("settings", settings),
        ("checks", checks),
        ("close-codes", close_codes.markdown),
    ]
)
