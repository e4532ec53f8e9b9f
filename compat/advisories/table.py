"""What became of the advisories, for people and as JSON."""

from .data import READ_UNTIL
from .verdicts import FIXED, NOT_AFFECTED, OPEN


def counts(found):
    """One line for outcomes: "94 Django CVEs: N answered, M not affected, K open"."""
    django = [one.status for one in found if one.advisory.component == "django"]
    return "%d Django CVEs: %d answered, %d not affected, %d open" % (
        len(django),
        django.count(FIXED),
        django.count(NOT_AFFECTED),
        django.count(OPEN),
    )


def as_dicts(found):
    """The outcomes for JSON."""
    return [
        {
            "id": one.advisory.id,
            "component": one.advisory.component,
            "severity": one.advisory.severity,
            "about": one.advisory.text,
            "affected": not one.advisory.justification,
            "status": one.status,
            "justification": one.justification,
            "patches": one.patches,
            "reason": one.reason,
        }
        for one in found
    ]


def lines(found):
    """Lines for `manage.py compat --cves`."""
    rows = [
        (
            one.advisory.id,
            one.advisory.component,
            one.advisory.severity,
            "not affected" if one.status == NOT_AFFECTED else "affected",
            state_of(one),
        )
        for one in found
    ]
    widths = [max(len(row[n]) for row in rows) for n in range(4)]
    for row in rows:
        yield "  ".join([text.ljust(width) for text, width in zip(row, widths)] + [row[4]])
    rest = [one for one in found if one.advisory.component != "django"]
    yield "Advisories were read up to %s. Of %d on the rest of the stack %d are open." % (
        READ_UNTIL,
        len(rest),
        sum(one.status == OPEN for one in rest),
    )
    yield counts(found)


def state_of(one):
    """The last column."""
    if one.status == NOT_AFFECTED:
        return "%s: %s" % (one.justification, one.reason)
    return ("fixed by %s" if one.status == FIXED else "open: %s") % one.reason
