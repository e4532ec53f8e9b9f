"""What became of the advisories, for people and as JSON."""

from .reviews import REVIEWS, by_package
from .verdicts import FIXED, NOT_AFFECTED, OPEN, version_of

ABSENT = "component_not_present"


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
    reviews = by_package()
    return [
        {
            "id": one.advisory.id,
            "component": one.advisory.component,
            "severity": one.advisory.severity,
            "about": one.advisory.text,
            "read": reviews[one.advisory.component].until,
            "affected": not one.advisory.justification,
            "status": one.status,
            "justification": one.justification,
            "patches": one.patches,
            "reason": one.reason,
        }
        for one in found
    ]


def lines(found):
    """Lines for `manage.py compat --cves`: of what is not installed, there are none."""
    found = [one for one in found if one.justification != ABSENT]
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
    yield from read()
    rest = [one for one in found if one.advisory.component != "django"]
    yield "Of %d advisories on the rest of what is installed %d are open." % (
        len(rest),
        sum(one.status == OPEN for one in rest),
    )
    yield counts(found)


def read():
    """Lines: up to when which of the installed packages was read; nothing later is known here."""
    for review in REVIEWS:
        installed = [name for name in review.packages.split() if version_of(name)]
        if installed:
            when = "Read up to %s" % review.until if review.until else "Not read"
            yield "%s (%s): %s." % (when, review.source, ", ".join(installed))


def state_of(one):
    """The last column."""
    if one.status == NOT_AFFECTED:
        return "%s: %s" % (one.justification, one.reason)
    if one.status == FIXED:
        return "fixed by %s" % one.reason
    about = [] if one.patches else [one.advisory.text]
    return "open: %s" % "; ".join(about + [one.reason])
