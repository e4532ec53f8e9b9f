"""
The advisories in the source of a newer Django that `compat.advisories.data` has no verdict for.

Its docs/releases/security.txt lists them all, but for those of its own release; the release notes
beside it have these.
"""

import os
import re
import tarfile

# Django 1.11.29 is of this day, and repairs all that was published until then.
SINCE = (2020, 3, 4)
LIST = "docs/releases/security.txt"
MONTHS = "january february march april may june july august september october november december"
DATE = r"(?P<month>[A-Z][a-z]+)\.? (?P<day>\d+), (?P<year>\d{4})"
ENTRY = re.compile(r"^(?:%s|\S.*?) - (?P<cves>.*:cve:`.*)$" % DATE, re.M)
IN_ENTRY = re.compile(r":cve:`(?:CVE-)?(\d{4}-\d{4,})`")
RELEASED = re.compile(r"^\*%s\*$" % DATE, re.M)
HEADING = re.compile(r"^CVE-(\d{4}-\d{4,})(?=:)", re.M)


class NoAdvisories(Exception):
    """No list of advisories at that path, or none in a known form."""


def unread(path):
    """
    The ids that have no verdict, in order.

    path: a source archive of Django, the folder that is in it, or its docs/releases/security.txt.
    """
    from .data import every, number_of

    found = set()
    for name, text in texts(path):
        found |= entries(text) if name == "security.txt" else headings(text)
    if not found:
        raise NoAdvisories("%s has no advisories newer than Django 1.11.29" % path)
    return sorted(found - {advisory.id for advisory in every()}, key=number_of)


def entries(text):
    """Ids in a security.txt that are newer than 1.11.29, or of a date that nobody can read."""
    return {
        "CVE-" + number
        for entry in ENTRY.finditer(text)
        if is_new(entry)
        for number in IN_ENTRY.findall(entry.group("cves"))
    }


def headings(text):
    """Ids that have a heading in the notes of a release newer than 1.11.29."""
    released = RELEASED.search(text)
    if released is not None and not is_new(released):
        return set()
    return {"CVE-" + number for number in HEADING.findall(text)}


def is_new(match):
    months = MONTHS.split()
    month = (match.group("month") or "").lower()
    if month not in months:
        return True
    day = int(match.group("year")), months.index(month) + 1, int(match.group("day"))
    return day > SINCE


def texts(path):
    """(name, text) of each file that may tell of advisories."""
    if os.path.isdir(path):
        path = os.path.join(path, *LIST.split("/"))
    try:
        if tarfile.is_tarfile(path):
            yield from archived(path)
            return
        folder = os.path.dirname(os.path.abspath(path))
        with open(path, encoding="utf-8") as file:
            yield "security.txt", file.read()
        if os.path.basename(path) != "security.txt":
            return
        for name in sorted(os.listdir(folder)):
            if name[0].isdigit() and name.endswith(".txt"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    yield name, file.read()
    except (OSError, UnicodeDecodeError, tarfile.TarError, EOFError) as error:
        raise NoAdvisories("%s: %s" % (path, getattr(error, "strerror", None) or error))


def archived(path):
    """The same of a source archive; nothing is unpacked."""
    listed = False
    with tarfile.open(path) as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            if member.isfile() and folder.endswith("/docs/releases") and name.endswith(".txt"):
                if name == "security.txt" or name[0].isdigit():
                    listed = listed or name == "security.txt"
                    yield name, archive.extractfile(member).read().decode("utf-8")
    if not listed:
        raise NoAdvisories("%s has no %s" % (path, LIST))
